// Package frame is what stands around an artefact on every page: which draft and
// revision it is, what its contract says, what a person said of it and what it
// waits for.
//
// It decides how the outcome of a contract reads in one sentence. It never runs
// a contract and knows nothing of what an artefact says.
package frame
