// Package stat holds the few statistical tests that drafts lean on.
//
// It decides how surprising a table of counts is. It never sees records or
// texts, and it keeps no state: every function is a pure function of counts.
package stat
