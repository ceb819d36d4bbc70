// Package problemframer frames a problem for the architect: it turns a feedback
// synthesis, a stakeholder landscape, a market brief and context documents into
// a problem brief.
//
// It decides which lines of the context become rationale, criteria, constraints
// and dependencies, and hands the upstream artefacts' quotes on as they are. It
// never writes anything, never calls a model and never states what no record says.
package problemframer
