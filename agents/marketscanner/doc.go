// Package marketscanner is the Market Scanner: it drafts a MarketBrief from feeds.
//
// It decides which items repeat one another, which belong to one development and
// which touch a product of the workspace, by stated rules and by the words that
// stand beside the product in the workspace's other records. It never fetches
// anything, never writes anything and never guesses a date.
package marketscanner
