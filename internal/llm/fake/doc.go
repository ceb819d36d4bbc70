// Package fake holds two models that answer in this process, without a key and
// without a network: one that helps and one that does all it can to get
// something invented, or somebody's instruction, into a draft.
//
// It decides what is tried against the checks, so that anybody can watch them
// work. It never reaches a provider and never passes for one: what it words is
// marked as a fake's.
package fake
