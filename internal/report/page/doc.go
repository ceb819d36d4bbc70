// Package page is the shape in which every artefact but the synthesis is shown,
// and the four ways of showing it: terminal, Markdown, HTML and plain text.
//
// It decides how a heading, a table, a quote, a matrix and a gap look. It never
// decides what an artefact says, never shortens a text without saying so, and
// never lets text from a record become markup, a terminal command or a link.
package page
