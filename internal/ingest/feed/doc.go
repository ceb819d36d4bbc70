// Package feed reads RSS, Atom and JSON feeds.
//
// It decides what of an item is read as its text (the title and, below it, the
// longer of description and content, without markup), who wrote it and when it
// was published. It never follows a link: fetching is another package's.
package feed
