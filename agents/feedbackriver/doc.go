// Package feedbackriver drafts a feedback synthesis from a batch of feedback.
//
// It decides which records form a theme, what the theme is called and which
// words speak for it. It never counts: every number is computed from the
// records by package artefact. It reads records and returns a draft; it cannot
// write anything.
package feedbackriver
