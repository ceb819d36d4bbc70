package uploads

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"roleos/internal/fault"
)

// Life is how long an upload may take; what is not whole by then is forgotten.
const Life = 24 * time.Hour

// MostOpen is how many unfinished uploads a person may have.
const MostOpen = 20

// Database runs statements with ? placeholders, in the transaction of ctx when
// there is one.
type Database interface {
	InTx(ctx context.Context, f func(ctx context.Context) error) error
	Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Upload is a file that comes in parts.
type Upload struct {
	ID        string
	Name      string
	Owner     string
	Size      int64 // what it will have when it is whole
	Got       int64 // what it has
	Digest    string
	CreatedAt time.Time
}

// Table keeps uploads. It is safe for concurrent use.
type Table struct{ db Database }

// New returns the tables of the database, whose schema has them.
func New(db Database) *Table { return &Table{db} }

func failed(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(err, fault.Internal, "store.uploads", "the store failed")
}

// Open keeps a new upload and forgets those older than Life. It fails with
// fault.Exhausted when its owner has MostOpen unfinished ones.
func (t *Table) Open(ctx context.Context, u Upload) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		if err := t.ForgetOld(ctx, u.CreatedAt); err != nil {
			return err
		}
		n, err := t.count(ctx, u.Owner)
		if err != nil {
			return err
		}
		if n >= MostOpen {
			return fault.New(fault.Exhausted, "store.uploads", "%s has %d unfinished uploads already", u.Owner, n).WithMend("Finish or delete one; after a day they are forgotten.")
		}
		_, err = t.db.Exec(ctx, `INSERT INTO uploads_open (id, name, owner, size, got, digest, created_at) VALUES (?, ?, ?, ?, 0, '', ?)`,
			u.ID, u.Name, u.Owner, u.Size, u.CreatedAt.UnixNano())
		return failed(err)
	})
}

// ForgetOld forgets the uploads older than Life, with their parts.
func (t *Table) ForgetOld(ctx context.Context, now time.Time) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		for _, query := range []string{
			`DELETE FROM upload_parts WHERE upload IN (SELECT id FROM uploads_open WHERE created_at <= ?)`,
			`DELETE FROM uploads_open WHERE created_at <= ?`,
		} {
			if _, err := t.db.Exec(ctx, query, now.Add(-Life).UnixNano()); err != nil {
				return failed(err)
			}
		}
		return nil
	})
}

func (t *Table) count(ctx context.Context, owner string) (n int, err error) {
	rows, err := t.db.Query(ctx, `SELECT count(*) FROM uploads_open WHERE owner = ? AND digest = ''`, owner)
	if err != nil {
		return 0, failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		err = rows.Scan(&n)
	}
	return n, failed(err)
}

// Upload returns an upload as it stands; fault.NotFound.
func (t *Table) Upload(ctx context.Context, id string) (Upload, error) {
	u := Upload{ID: id}
	rows, err := t.db.Query(ctx, `SELECT name, owner, size, got, digest, created_at FROM uploads_open WHERE id = ?`, id)
	if err != nil {
		return u, failed(err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return u, failed(err)
		}
		return u, fault.New(fault.NotFound, "store.uploads", "there is no such upload, or it is older than a day").WithMend("Begin anew.")
	}
	var at int64
	err = rows.Scan(&u.Name, &u.Owner, &u.Size, &u.Got, &u.Digest, &at)
	u.CreatedAt = time.Unix(0, at).UTC()
	return u, failed(err)
}

// Add keeps the bytes that begin at offset. It fails with fault.Conflict when
// that is not where the upload ends now.
func (t *Table) Add(ctx context.Context, id string, offset int64, part []byte) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		res, err := t.db.Exec(ctx, `UPDATE uploads_open SET got = got + ? WHERE id = ? AND got = ? AND got + ? <= size AND digest = ''`,
			len(part), id, offset, len(part))
		if err != nil {
			return failed(err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return failed(err)
			}
			return fault.New(fault.Conflict, "store.uploads", "the upload does not go on at %s", strconv.FormatInt(offset, 10)).
				WithMend("Ask for its state, and go on at its offset.")
		}
		_, err = t.db.Exec(ctx, `INSERT INTO upload_parts (upload, at, body) VALUES (?, ?, ?)`, id, offset, part)
		return failed(err)
	})
}

// Bytes returns what an upload has, in order.
func (t *Table) Bytes(ctx context.Context, u Upload) ([]byte, error) {
	rows, err := t.db.Query(ctx, `SELECT body FROM upload_parts WHERE upload = ? ORDER BY at`, u.ID)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	out := make([]byte, 0, u.Got)
	for rows.Next() {
		var part []byte
		if err := rows.Scan(&part); err != nil {
			return nil, failed(err)
		}
		out = append(out, part...)
	}
	return out, failed(rows.Err())
}

// Done notes the blob that a whole upload became and forgets its parts.
func (t *Table) Done(ctx context.Context, id, digest string) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := t.db.Exec(ctx, `UPDATE uploads_open SET digest = ? WHERE id = ?`, digest, id); err != nil {
			return failed(err)
		}
		_, err := t.db.Exec(ctx, `DELETE FROM upload_parts WHERE upload = ?`, id)
		return failed(err)
	})
}

// Forget drops an upload and its parts; one that is not there is nothing. The blob
// of a whole one stays.
func (t *Table) Forget(ctx context.Context, id string) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := t.db.Exec(ctx, `DELETE FROM upload_parts WHERE upload = ?`, id); err != nil {
			return failed(err)
		}
		_, err := t.db.Exec(ctx, `DELETE FROM uploads_open WHERE id = ?`, id)
		return failed(err)
	})
}
