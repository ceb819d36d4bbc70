// Package notify tells endpoints outside what happened: the audit log is read on
// from where an endpoint was left, and what is an event becomes a delivery that is
// tried until the endpoint took it or the schedule has run out.
//
// It decides which record of the log is an event, what is said of it, and when it
// is tried again. It never says more than ids, kinds and states (a title only where
// the settings ask for it), never loses an event that the log holds, and never
// reaches the network itself. An event may arrive twice, under one id; the receiver
// drops the second.
package notify
