// Package stakeholdersynthesizer is the agent that turns what people said into a
// StakeholderLandscape: who wants what, who disagrees, what was decided, who does it.
//
// It decides which passages speak, whose they are and which stand against each
// other. It never settles a conflict, never speaks for somebody who was not heard,
// and writes nothing.
package stakeholdersynthesizer
