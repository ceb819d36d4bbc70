// Package columns decides what the columns of an export mean.
//
// It decides by name and by content which column holds the text, the record's
// id, its time, score, channel, account and segments, and says for each why. A
// mapping that a person gave or saved goes before both. It never changes a
// cell and never asks the network: the same rows give the same answer.
package columns
