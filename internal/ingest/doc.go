// Package ingest turns an export into records with their origin.
//
// It decides which files are tables, what their columns mean, which rows are
// set aside and what a reader must know about the data. It never drops a row
// in silence, never cuts what exceeds a limit, never changes a text other than
// by masking personal data in place, and never reaches for the network.
//
//	bytes -> decode (encoding) -> tabular (rows) -> columns (meaning) -> records -> redact (masks)
package ingest
