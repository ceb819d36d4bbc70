// Package openai asks models that speak OpenAI's chat protocol: OpenAI, Azure,
// and the many servers that copy it.
//
// It decides how a request is said in that protocol and what counts as its end.
// It never holds a key, never tries again and never believes that a server kept
// to a schema.
package openai
