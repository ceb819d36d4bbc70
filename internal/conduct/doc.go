// Package conduct leads a run of a workflow from its state in the store: it
// begins what is ready, looks where drafts stand, and stops where people act.
//
// It decides when an agent's step is begun and under which id, so that killed
// anywhere and led again, nothing is begun twice. It never decides what comes
// next (package workflow does), never approves, publishes or acknowledges
// anything, and never waits for a person: a wait is a state in the store.
package conduct
