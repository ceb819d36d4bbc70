// Package workflow holds what a workflow is: its steps, what each waits for, and
// how one event moves a run of it.
//
// It decides, purely, which step is next, which inputs a step joins and when a
// run is over. It never runs an agent, never asks a person, never tells the time
// and never keeps a state: it is given one and returns the next. Inputs are
// joined by what they are, not by the order in which they came.
package workflow
