// Package webhooktest is an endpoint on this machine that receives messages, for
// tests: it verifies their signatures as Standard Webhooks say, with code of its own.
//
// It never runs outside tests, and takes no message whose signature is wrong.
package webhooktest
