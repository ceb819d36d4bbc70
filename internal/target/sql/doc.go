// Package sql is the target "rows of a database": it inserts, updates and
// deletes rows of declared tables in SQLite or PostgreSQL, and takes that back.
//
// An object is a selection of rows, "<table>/<conditions>", for example
// "tickets/id=42" or "customers/region=eu&state=closed". A change is one of three
// forms, built here from a small JSON body and always with parameters; no text
// of a proposer ever becomes SQL. So there is no way to write down DDL, TRUNCATE,
// ATTACH, PRAGMA, a second statement, or a write without a condition. Tables
// without a primary key, views, virtual tables and generated columns are refused.
//
// What a change does is measured, not computed from its text: it is run in a
// transaction that is rolled back, and every row it touched is counted, those of
// cascades and triggers included. SQLite tells each row through its pre-update
// hook, which is what its session extension is built on; the driver exposes the
// hook and not the sessions. PostgreSQL counts rows per table in
// pg_stat_xact_user_tables, and the rows themselves are found by xmin and xmax: the
// new ones by the transaction, the old ones by a second connection that does not
// see it yet. A row outside the declared tables refuses the change.
//
// The rows before and after are the change's effect; its digest is kept in the
// table roleos_effects, in the transaction that does the change, and is part of
// the object's digest. So an apply whose effect is not the planned one, by one
// cascaded row, is rolled back, a killed process leaves the effect and its record
// or neither, and an undo is good for exactly the effect it names. Undoing writes
// row by row, each only when it is as the effect left it, without triggers and
// foreign keys; afterwards the foreign keys must hold.
//
// A value that differs each time makes a change impossible to confirm: a trigger
// that puts a clock into the changed row itself is drift at every apply. Only in
// rows that a trigger inserts elsewhere are columns with such a default (a
// counter, a clock) not compared, and then the change has no inverse.
//
// It never writes what it could not measure, never lets a credential into an
// error or a log, and does not see what happens outside the rows: sequences and
// AUTOINCREMENT counters stay advanced, and triggers that reach out of the
// database (dblink, NOTIFY, files) are beyond it, already in a dry run.
package sql
