// Package declared reads the targets that a team declares in targets/*.yaml and
// opens them: files, a git branch, SQLite, PostgreSQL, a webhook.
//
// It decides whether a declaration can be meant, which limits it sets for
// everybody, and what a written proposal asks for. A declaration names places
// and limits; addresses with credentials and secrets come from a file that its
// owner alone can read, or from the environment. It never writes to a target by
// itself, never opens one before it is used, and never shows an address.
package declared
