// Package uploads keeps files that come in parts until they are whole.
//
// It decides where the next part begins, and which of two that begin at the same
// place is taken. It never decides who may send one, and never looks into it.
package uploads
