// Package erase finds what says again what a record said, and puts a notice in its
// place.
//
// It decides whose records are picked, and which words of a text are theirs. It
// never decides who may erase, keeps nothing, and never looks for meaning: words
// that say the same in other words are not found.
package erase
