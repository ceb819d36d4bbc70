// Package chat reads a Slack export: users, channels and one file a day and channel.
//
// It decides which messages people wrote (joins, leaves, topics, bots and the
// service's own notices are left out and counted), who wrote them, which thread
// they belong to, and how marks such as <@U123> read. The text of a record is
// what a reader saw in the channel, so quotes are verbatim against that. It
// never opens a file itself: what it needs is handed to it.
//
// The format: https://slack.com/help/articles/220556107
package chat
