// Package evidence holds what a draft may lean on: sources, records, quotes and figures.
//
// It decides whether a quote stands word for word in its record and whether a
// figure still comes out of the records. It never reads files, never guesses:
// a quote that is not found and a number that does not recompute are refused,
// however close they are.
package evidence
