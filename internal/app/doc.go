// Package app wires everything.
//
// It decides which adapter stands behind which port, and in which order a
// record travels: ingest, agent, contract, review, change set, grant, effect.
// It never decides what a contract or a guardrail says, and nothing but the
// command line and the service imports it.
package app
