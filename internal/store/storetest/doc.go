// Package storetest opens stores for tests, on every database there is.
//
// It decides which databases a test runs on. It never skips in silence.
package storetest
