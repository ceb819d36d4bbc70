// Package llm holds the one port through which roleos asks a language model:
// what a request and an answer are, what an answer cost, and how asking fails.
//
// It decides how untrusted text is marked inside a request and which failures
// are worth another try. It never talks to a provider, never holds a key and
// never believes an answer: adapters do the first, package guard the second,
// package pipeline and the agents check the third.
package llm
