// Package keyfile keeps the key that signs grants in a file of its own.
//
// It makes the key on first use, readable by its owner alone, and refuses one
// that others could have read. It never hands the secret half to a caller.
package keyfile
