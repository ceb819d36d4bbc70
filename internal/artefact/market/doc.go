// Package market is the MarketBrief: what happened in the market, how old it is,
// which of the workspace's products it touches and how many sources say so.
//
// It decides how items become new, recent, stale or undated, how important a
// development is by stated rules, and what a reviewer may change. It never takes a
// copy for a second source, never hides that there is none, and never keeps a
// quote that does not stand in its record word for word.
package market
