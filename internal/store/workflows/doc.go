// Package workflows keeps the runs of workflows, and who answers for agents and
// workflows, in the store's database.
//
// It decides which of two writers of one run loses. It never decides what a run
// does next, nor whether an attestation still holds.
package workflows
