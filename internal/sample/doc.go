// Package sample carries the feedback export that --sample reads.
//
// It decides nothing. The export is a SAMPLE, written by hand for this project:
// Harbour is a product that does not exist, its customers are invented, and
// every address and number in it is reserved for examples. It never stands in
// for anybody's own data; whoever shows it says that it is a sample.
package sample
