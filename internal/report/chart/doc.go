// Package chart turns numbers into the coordinates of small charts.
//
// It decides scales and places. It never writes markup: the page's template
// draws the shapes, so that every text in them is escaped like any other.
// Numbers that are no numbers count as nought; nothing leaves the drawing.
package chart
