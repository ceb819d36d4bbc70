// Package scaffold reads what other roles wrote down for a brief or a pitch:
// strategy, constraints, baselines, dependencies, ethics, appetite, options.
//
// It decides which records belong to such a document, what each line of it
// speaks of, and what number, unit and date a stated measure holds. It never
// adds what a line does not say, never drops a line of a document it has
// recognised, and reads nothing but the records it is given. The format is
// described in internal/docs/context-files.md.
package scaffold
