// Package markdown writes GitHub-flavoured Markdown in which foreign text stays text.
//
// It decides which characters are escaped and how a heading, a table and a list
// are written. It never decides what a document says.
package markdown
