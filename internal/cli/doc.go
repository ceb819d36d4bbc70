// Package cli is the command line.
//
// It decides how a command reads, what is asked of a person, and how results
// and errors look on a terminal and as JSON. It never decides anything about a
// draft or a change: every command is one call into package app.
package cli
