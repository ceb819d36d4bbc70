// Package wording lets a language model name what statistics found, and keeps
// of its answer only what the records bear out.
//
// It decides what of an answer is grounded: every id is one that was given,
// every quote stands word for word in its record, every other word is a plain
// one or one of the records' own, and no number, amount or address gets in by
// any way. What is not grounded is dropped, counted and named. It never changes
// which records belong together, never counts, and gives a model no tools.
package wording
