// Package market builds the page of a MarketBrief.
//
// It decides what a reader of the weekly brief sees first and which words an age,
// an importance and a missing source get. It never decides what the brief says
// and draws nothing.
package market
