// Package store keeps what roleos knows: sources, records, drafts, revisions,
// reviews, runs and the audit log, in SQLite or in PostgreSQL.
//
// It decides how bytes are kept and which of two writers wins. It never decides
// what a state may become, never talks to anything but its database, and never
// changes a revision, a blob or an audit leaf once it is written.
//
// # Transactions
//
// A transaction travels in the context. [DB.InTx] begins one and hands f a
// context that carries it; a call of InTx inside f joins it; every method of
// this package joins the one in its context. So two adapters that know nothing
// of each other commit together:
//
//	err := db.InTx(ctx, func(ctx context.Context) error {
//		if err := db.SaveDraft(ctx, d, &was); err != nil {
//			return err
//		}
//		return log.Append(ctx, "draft.approved", by, d.ID, nil)
//	})
//
// On PostgreSQL a transaction is serializable and f runs again after a
// serialization failure, so f must do nothing but database work.
//
// # Adding a table
//
// A file of this package reaches the database through two helpers:
//
//   - db.q(ctx) reads and writes: the transaction in ctx, or the writer.
//   - db.r(ctx) only reads: the transaction in ctx, or a reader that never
//     waits for a writer.
//
// Both have ExecContext, QueryContext and QueryRowContext. Placeholders are
// written ? and rebound for PostgreSQL, so a statement must not hold a literal
// question mark. A table comes with one migration per database, under the same
// number: migrations/sqlite/000N_name.sql and migrations/postgres/000N_name.sql.
// It only adds, so that replicas of the version before work on while they are
// replaced; one that takes something away is numbered from the next thousand on,
// and an older roleos refuses its store.
// Times are kept as Unix nanoseconds in a BIGINT, zero for the zero time: see
// nanos and fromNanos. Text that may come from outside goes through clean, since
// PostgreSQL takes neither NUL nor broken UTF-8.
package store
