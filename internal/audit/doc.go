// Package audit keeps a tamper-evident log of what people and agents did.
//
// Every record is a leaf of a Merkle tree (RFC 6962, as golang.org/x/mod/sumdb/tlog
// builds it). A checkpoint is the tree's size and root, signed. Who keeps a
// checkpoint elsewhere can later tell whether a record was edited, dropped,
// moved or cut off, and which one.
//
// It decides what a record's bytes are and whether a log is still the one a
// checkpoint signed. It never changes or deletes a record, never decides what
// deserves one, and never stores a key: keys come from the caller.
package audit
