// Package landscape builds the page of a StakeholderLandscape.
//
// It decides what a reader sees first and which words a stance, a level and a
// conflict get. It never decides what the landscape says and draws nothing.
package landscape
