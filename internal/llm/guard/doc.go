// Package guard is the one transport between a model adapter and its provider.
//
// It decides which host a key goes to, in which header, what counts as a failed
// answer, and how many bytes of an answer are read. It never puts a key into an
// address, an error or a log, never follows a redirect, never tries again, and
// never reads what an answer says.
package guard
