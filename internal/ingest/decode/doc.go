// Package decode turns the bytes of an export into UTF-8 text.
//
// It decides which encoding the bytes are in: UTF-8, UTF-16 in either order, or
// Windows-1252 with its subset ISO 8859-1. It never guesses a multi-byte legacy
// encoding, never repairs text, and counts every character it had to replace.
package decode
