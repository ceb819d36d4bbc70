// Package landscape is the StakeholderLandscape: who wants what, who stands
// against whom, what was decided, who does what, and what is still open.
//
// It decides how an outline of statements becomes counts, factors, a matrix and a
// status for each, and what a reviewer may change. It never averages a conflict
// away, never drops a stakeholder that was heard, and never keeps a statement that
// does not stand in its record word for word.
package landscape
