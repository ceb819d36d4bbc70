// Package fault gives every error that reaches a person one shape and one meaning.
//
// It decides how a kind of failure maps to an exit code and to an HTTP status.
// It never decides what a caller may do next, and it never carries a denial: a
// denial is a Decision with reasons, made by guardrails.
package fault
