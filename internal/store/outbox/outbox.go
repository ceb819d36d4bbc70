package outbox

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"roleos/internal/fault"
	"roleos/internal/notify"
	"roleos/internal/store"
)

// Store keeps an outbox in a store's database.
type Store struct{ db *store.DB }

// New returns the outbox of db.
func New(db *store.DB) *Store { return &Store{db} }

// Cursor returns up to which record of the audit log the endpoint was told; one
// that is new begins at start.
func (s *Store) Cursor(ctx context.Context, endpoint string, start int64) (int64, error) {
	at, ok, err := s.cursor(ctx, endpoint)
	if err != nil || ok {
		return at, err
	}
	if _, err := s.db.Exec(ctx, `INSERT INTO webhook_cursors (endpoint, seq) VALUES (?, ?) ON CONFLICT (endpoint) DO NOTHING`, endpoint, start); err != nil {
		return 0, failed(err)
	}
	at, _, err = s.cursor(ctx, endpoint)
	return at, err
}

func (s *Store) cursor(ctx context.Context, endpoint string) (at int64, ok bool, err error) {
	err = s.each(ctx, `SELECT seq FROM webhook_cursors WHERE endpoint = ?`, []any{endpoint}, func(r *sql.Rows) error {
		ok = true
		return r.Scan(&at)
	})
	return at, ok, err
}

// Fan keeps the deliveries and moves the cursor; fault.Conflict when it is no
// longer at from.
func (s *Store) Fan(ctx context.Context, endpoint string, from, to int64, all []notify.Delivery) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		res, err := s.db.Exec(ctx, `UPDATE webhook_cursors SET seq = ? WHERE endpoint = ? AND seq = ?`, to, endpoint, from)
		if err != nil {
			return failed(err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(failed(err), fault.New(fault.Conflict, "store.outbox", "another process has told %s of the log", endpoint))
		}
		return s.Add(ctx, all)
	})
}

// Add keeps deliveries; those that are there already stay as they are.
func (s *Store) Add(ctx context.Context, all []notify.Delivery) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		for _, d := range all {
			_, err := s.db.Exec(ctx, `INSERT INTO webhook_deliveries (event, endpoint, type, subject, body, at, tries, next_at, leased_until, sent_at, dead_at, failed)
				VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, '') ON CONFLICT (event, endpoint) DO NOTHING`,
				d.Event, d.Endpoint, string(d.Type), d.Subject, string(d.Body), nanos(d.At), nanos(d.Next))
			if err != nil {
				return failed(err)
			}
		}
		return nil
	})
}

const columns = `event, endpoint, type, subject, body, at, tries, next_at, leased_until, sent_at, dead_at, failed`

func scan(r *sql.Rows) (d notify.Delivery, err error) {
	var body string
	var at, next, leased, sent, dead int64
	err = r.Scan(&d.Event, &d.Endpoint, &d.Type, &d.Subject, &body, &at, &d.Tries, &next, &leased, &sent, &dead, &d.Failed)
	d.Body, d.At, d.Next, d.Leased, d.Sent, d.Dead = []byte(body), moment(at), moment(next), moment(leased), moment(sent), moment(dead)
	return d, err
}

// Claim gives the caller alone what is due for the endpoint, oldest first, and
// counts the try: what kills a process is not tried for ever.
func (s *Store) Claim(ctx context.Context, endpoint string, now, until time.Time, limit int) ([]notify.Delivery, error) {
	const due = `endpoint = ? AND sent_at = 0 AND dead_at = 0 AND next_at <= ? AND leased_until <= ?`
	found := false
	args := []any{endpoint, nanos(now), nanos(now)}
	// Most looks find nothing, and need no transaction for it.
	if err := s.each(ctx, `SELECT event FROM webhook_deliveries WHERE `+due+` LIMIT 1`, args, func(r *sql.Rows) error { found = true; return nil }); err != nil || !found {
		return nil, err
	}
	var out []notify.Delivery
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		out = nil
		err := s.each(ctx, `SELECT `+columns+` FROM webhook_deliveries WHERE `+due+` ORDER BY at, event LIMIT ?`, append(args, limit), func(r *sql.Rows) error {
			d, err := scan(r)
			d.Tries, d.Leased = d.Tries+1, until
			out = append(out, d)
			return err
		})
		if err != nil {
			return err
		}
		for _, d := range out {
			if _, err := s.db.Exec(ctx, `UPDATE webhook_deliveries SET tries = ?, leased_until = ? WHERE event = ? AND endpoint = ?`, d.Tries, nanos(until), d.Event, d.Endpoint); err != nil {
				return failed(err)
			}
		}
		return nil
	})
	return out, err
}

// Tried keeps what became of a delivery, unless another process has it by now.
func (s *Store) Tried(ctx context.Context, d notify.Delivery) error {
	_, err := s.db.Exec(ctx, `UPDATE webhook_deliveries SET next_at = ?, leased_until = 0, sent_at = ?, dead_at = ?, failed = ? WHERE event = ? AND endpoint = ? AND leased_until = ?`,
		nanos(d.Next), nanos(d.Sent), nanos(d.Dead), clean(d.Failed), d.Event, d.Endpoint, nanos(d.Leased))
	return failed(err)
}

// Forget drops what arrived before the time.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	_, err := s.db.Exec(ctx, `DELETE FROM webhook_deliveries WHERE sent_at > 0 AND sent_at < ?`, nanos(before))
	return failed(err)
}

// most bounds a list of deliveries.
const most = 200

// List returns deliveries, the newest first: those of one endpoint, of one state
// (waiting, sent, dead), or with "" of all; at most 200.
func (s *Store) List(ctx context.Context, endpoint, state string) ([]notify.Delivery, error) {
	out := []notify.Delivery{}
	err := s.each(ctx, `SELECT `+columns+` FROM webhook_deliveries WHERE (endpoint = ? OR ? = '') AND (? = '' OR ? = CASE WHEN sent_at > 0 THEN 'sent' WHEN dead_at > 0 THEN 'dead' ELSE 'waiting' END)
		ORDER BY at DESC, event, endpoint LIMIT ?`, []any{endpoint, endpoint, state, state, most}, func(r *sql.Rows) error {
		d, err := scan(r)
		out = append(out, d)
		return err
	})
	return out, err
}

// Counts returns how many deliveries each endpoint has in each state.
func (s *Store) Counts(ctx context.Context) (map[string]map[string]int, error) {
	out := map[string]map[string]int{}
	err := s.each(ctx, `SELECT endpoint, CASE WHEN sent_at > 0 THEN 'sent' WHEN dead_at > 0 THEN 'dead' ELSE 'waiting' END AS state, count(*) FROM webhook_deliveries GROUP BY endpoint, state`,
		nil, func(r *sql.Rows) error {
			var endpoint, state string
			var n int
			err := r.Scan(&endpoint, &state, &n)
			if out[endpoint] == nil {
				out[endpoint] = map[string]int{}
			}
			out[endpoint][state] = n
			return err
		})
	return out, err
}

// Again has deliveries tried anew from now on: the one of the event to the
// endpoint, or with event "" every one that was given up. It returns how many.
func (s *Store) Again(ctx context.Context, event, endpoint string, now time.Time) (int, error) {
	res, err := s.db.Exec(ctx, `UPDATE webhook_deliveries SET tries = 0, next_at = ?, leased_until = 0, sent_at = 0, dead_at = 0, failed = ''
		WHERE (event = ? OR ? = '' AND dead_at > 0) AND (endpoint = ? OR ? = '')`, nanos(now), event, event, endpoint, endpoint)
	if err != nil {
		return 0, failed(err)
	}
	n, err := res.RowsAffected()
	return int(n), failed(err)
}

func (s *Store) each(ctx context.Context, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return failed(err)
		}
	}
	return failed(errors.Join(rows.Err(), rows.Close()))
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// clean replaces what a text column cannot hold, and cuts what nobody reads.
func clean(s string) string {
	if len(s) > 500 {
		s = s[:500]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func failed(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(err, fault.Internal, "store.outbox", "the store failed")
}
