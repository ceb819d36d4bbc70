// Package webhook is the target "a message to an endpoint that was named
// beforehand". Sending cannot be staged, read back or undone, so every message
// is irreversible and is confirmed with the target's name.
//
// It decides where a message may go and signs it as Standard Webhooks says
// (https://www.standardwebhooks.com). It never takes an address from a change,
// never follows a redirect, and never reaches into a private network unless the
// endpoint says so. What became of a message whose answer is missing is unknown.
package webhook
