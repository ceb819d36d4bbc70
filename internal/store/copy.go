package store

import (
	"context"

	"roleos/internal/fault"
)

// Copy writes a SQLite store as it is at one moment to a new file, while others
// read and write on. PostgreSQL has its own tools: fault.Invalid.
func (db *DB) Copy(ctx context.Context, file string) error {
	if db.dialect != SQLite {
		return fault.New(fault.Invalid, "store.copy", "only a SQLite store is copied to a file")
	}
	_, err := db.write.ExecContext(ctx, `VACUUM INTO ?`, file)
	return db.failed("copy", err)
}
