package store

import (
	"context"
	"time"
)

// Tally is how much of everything there is, for who watches the service.
type Tally struct {
	Runs    map[string]int64 // by kind and status: "draft running"
	Drafts  map[string]int64 // by kind and state
	Reviews map[string]int64 // by verdict
	Sets    map[string]int64 // by target and state
	Effects map[string]int64 // by state
	Notices map[string]int64 // of clocks, by what they tell: reminder, breach, ...
	Told    map[string]int64 // deliveries to endpoints outside, by endpoint and state: waiting, sent, dead
	Audit   int64
	// Running and Waiting are when the oldest unfinished run began and when the
	// oldest draft that waits for a person last moved; zero for none.
	Running, Waiting time.Time
}

// Tally counts everything. It reads whole tables' indexes, so it is for a scrape
// every few seconds, not for a page.
func (db *DB) Tally(ctx context.Context) (Tally, error) {
	t := Tally{Runs: map[string]int64{}, Drafts: map[string]int64{}, Reviews: map[string]int64{}, Sets: map[string]int64{}, Effects: map[string]int64{}, Notices: map[string]int64{}, Told: map[string]int64{}}
	for _, q := range []struct {
		into  map[string]int64
		query string
	}{
		{t.Runs, `SELECT kind || ' ' || status, count(*) FROM runs GROUP BY kind, status`},
		{t.Drafts, `SELECT kind || ' ' || state, count(*) FROM drafts GROUP BY kind, state`},
		{t.Reviews, `SELECT verdict, count(*) FROM reviews GROUP BY verdict`},
		{t.Sets, `SELECT target || ' ' || state, count(*) FROM change_sets GROUP BY target, state`},
		{t.Effects, `SELECT state, count(*) FROM effects GROUP BY state`},
		{t.Notices, `SELECT CASE WHEN key LIKE 'breach%' THEN 'breach' WHEN key LIKE 'escalation%' THEN 'escalation' ELSE 'reminder' END AS what, count(*) FROM clock_notices GROUP BY what`},
		{t.Told, `SELECT endpoint || ' ' || CASE WHEN sent_at > 0 THEN 'sent' WHEN dead_at > 0 THEN 'dead' ELSE 'waiting' END AS what, count(*) FROM webhook_deliveries GROUP BY what`},
	} {
		if err := db.counts(ctx, q.into, q.query); err != nil {
			return t, err
		}
	}
	var running, waiting int64
	err := db.r(ctx).QueryRowContext(ctx, `SELECT
		(SELECT size FROM audit_size WHERE one = 1),
		coalesce((SELECT min(created_at) FROM runs WHERE status = 'running'), ?),
		coalesce((SELECT min(updated_at) FROM drafts WHERE state IN ('validated', 'in_review', 'approved')), ?)`,
		nanos(time.Time{}), nanos(time.Time{})).Scan(&t.Audit, &running, &waiting)
	t.Running, t.Waiting = fromNanos(running), fromNanos(waiting)
	return t, db.failed("tally", err)
}

func (db *DB) counts(ctx context.Context, into map[string]int64, query string) error {
	rows, err := db.r(ctx).QueryContext(ctx, query)
	if err != nil {
		return db.failed("tally", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return db.failed("tally", err)
		}
		into[name] = n
	}
	return db.failed("tally", rows.Err())
}
