// Package term writes lines for a terminal: wrapped, cut and padded to its
// width, coloured where it may be, in ASCII where it must be.
//
// It decides what fits a line. Nothing that a record holds can move the cursor
// or change a colour. It never asks the terminal anything: Options say it all.
package term
