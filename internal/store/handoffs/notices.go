package handoffs

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"roleos/internal/handoff"
)

// AddNotice stores n for the channels; a notice of that clock and key that is
// there already stays as it is.
func (s *Store) AddNotice(ctx context.Context, n handoff.Notice, channels []string) error {
	body, err := json.Marshal(n)
	if err != nil {
		return failed("notice", err)
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		res, err := s.db.Exec(ctx, `INSERT INTO clock_notices (clock, key, draft, noted, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (clock, key) DO NOTHING`,
			n.Clock, n.Key, n.Draft, nanos(n.Noted), string(body))
		if err != nil {
			return failed("notice", err)
		}
		if fresh, err := res.RowsAffected(); err != nil || fresh == 0 {
			return failed("notice", err)
		}
		for _, ch := range channels {
			_, err := s.db.Exec(ctx, `INSERT INTO clock_sends (clock, key, channel, sent_at, claimed_until, failed) VALUES (?, ?, ?, 0, 0, '') ON CONFLICT (clock, key, channel) DO NOTHING`, n.Clock, n.Key, ch)
			if err != nil {
				return failed("notice", err)
			}
		}
		return nil
	})
}

// waiting bounds how many notices one sweep sends through one channel.
const waiting = 100

// ClaimNotices gives the caller the notices that wait for the channel, oldest
// first, until the time: no other process gets them meanwhile.
func (s *Store) ClaimNotices(ctx context.Context, channel string, now, until time.Time) ([]handoff.Notice, error) {
	var out []handoff.Notice
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		var err error
		out, err = s.notices(ctx, `SELECT n.body FROM clock_sends s JOIN clock_notices n ON n.clock = s.clock AND n.key = s.key
			WHERE s.channel = ? AND s.sent_at = 0 AND s.claimed_until <= ? ORDER BY n.noted, n.clock, n.key LIMIT ?`, channel, nanos(now), waiting)
		if err != nil {
			return err
		}
		for _, n := range out {
			if _, err := s.db.Exec(ctx, `UPDATE clock_sends SET claimed_until = ? WHERE clock = ? AND key = ? AND channel = ?`, nanos(until), n.Clock, n.Key, channel); err != nil {
				return failed("claim", err)
			}
		}
		return nil
	})
	return out, err
}

// NoticeSent notes that the channel took n, or why it did not: then it waits
// until its claim ends.
func (s *Store) NoticeSent(ctx context.Context, n handoff.Notice, channel string, at time.Time, why string) error {
	sent := nanos(at)
	if why != "" {
		sent = 0
	}
	_, err := s.db.Exec(ctx, `UPDATE clock_sends SET sent_at = ?, failed = ? WHERE clock = ? AND key = ? AND channel = ?`, sent, clean(why), n.Clock, n.Key, channel)
	return failed("sent", err)
}

// Notices returns a draft's notices, oldest first; those of all drafts for "".
func (s *Store) Notices(ctx context.Context, draft string) ([]handoff.Notice, error) {
	return s.notices(ctx, `SELECT body FROM clock_notices WHERE draft = ? OR ? = '' ORDER BY noted, clock, key`, draft, draft)
}

func (s *Store) notices(ctx context.Context, query string, args ...any) ([]handoff.Notice, error) {
	var out []handoff.Notice
	err := s.each(ctx, "notices", query, args, func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var n handoff.Notice
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			return err
		}
		out = append(out, n)
		return nil
	})
	return out, err
}
