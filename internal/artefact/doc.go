// Package artefact holds the typed documents that cross a handoff.
//
// It decides what a document says once its groups are known: every count,
// share, test and rank follows from the records by a pure function, so that a
// reviewer's edit and an agent's draft are computed the same way. It never
// groups records, never words a claim without a quote, and reads no files.
package artefact
