// Package report shows a feedback synthesis to people: on a terminal, as
// Markdown, as one HTML file, as CSV and as JSON.
//
// It decides what is shown first, what is folded away and how a number reads.
// It never computes a count, a share or a test, never drops a figure without
// saying how many are left out, and never lets text from a record become
// markup, a terminal command, a link or a spreadsheet formula. It reads no
// files and no clock: everything comes in a View.
package report
