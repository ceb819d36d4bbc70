// Package clock decides when a promise about time is due, and what follows.
//
// It counts working time in a business calendar with its own time zone, leaves
// out pauses, and says which reminders, breaches and escalations have fallen due.
// It reads no clock of its own, sends nothing, and no decision of it approves
// anything: silence is late, never a yes.
package clock
