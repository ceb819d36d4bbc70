// Package engine executes runs durably: a run that began is finished, by another
// process if it has to be, and what it did once is not done again.
//
// It decides which process executes a run and which steps of it are done. It
// never decides what a run does, what a person is asked, or what a state means.
// It is the only package that knows DBOS Transact, which keeps the journal.
//
// # What a caller may rely on
//
//   - [Step] runs its function until one try has been journalled. A process that
//     dies between the two runs it again: its effect must bear that.
//   - [Tx] runs its function in a transaction of the store and journals the
//     result in the same one: its writes happen exactly once.
//   - [Map] is Step over many items, a bounded number at a time.
//   - Start with the same id twice is once. A run is found by its id for ever.
//
// The function of a workflow is executed again from its beginning after a crash,
// with journalled results in place of the steps that are done. So it must take
// the same way again: no clock, no chance, no I/O outside a step. A step's place
// in the order is its name in the journal; a release that changes the order
// breaks runs in flight, and they fail saying so. Therefore no workflow waits for
// a person: a wait is state in the store, and what ends it starts a new workflow.
//
// # Who executes
//
// A SQLite store belongs to one process, so every unfinished run of another
// process is one to resume. On PostgreSQL processes show each other that they
// live; when one is silent for a lease, another claims its runs. A process that
// was frozen and comes back finds its own sign of life late and must stop before
// it does harm: it executes no further step, journals nothing, and is told so
// through Options.Fenced.
package engine
