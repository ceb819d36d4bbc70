package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"roleos/internal/fault"
	"roleos/internal/handoff"
)

const draftColumns = `id, kind, title, agent, run, records, contract, state, revision, change_set, created_at, updated_at`

// SaveDraft writes d; a new one when was is nil. It fails with fault.Conflict
// when the stored draft's state or revision is not that of was.
func (db *DB) SaveDraft(ctx context.Context, d handoff.Draft, was *handoff.Draft) error {
	if was == nil {
		_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO drafts (`+draftColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			d.ID, d.Kind, clean(d.Title), d.Agent, d.Run, d.Records, d.Contract, string(d.State), d.Revision, d.ChangeSet, nanos(d.CreatedAt), nanos(d.UpdatedAt))
		if duplicate(err) {
			return fault.New(fault.Conflict, "store.draft", "there is a draft %s already", d.ID)
		}
		return db.failed("draft", err)
	}
	res, err := db.q(ctx).ExecContext(ctx,
		`UPDATE drafts SET kind = ?, title = ?, agent = ?, run = ?, records = ?, contract = ?, state = ?, revision = ?, change_set = ?, updated_at = ?
		 WHERE id = ? AND state = ? AND revision = ? AND change_set = ?`,
		d.Kind, clean(d.Title), d.Agent, d.Run, d.Records, d.Contract, string(d.State), d.Revision, d.ChangeSet, nanos(d.UpdatedAt),
		d.ID, string(was.State), was.Revision, was.ChangeSet)
	if err != nil {
		return db.failed("draft", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return db.failed("draft", err)
	}
	now, err := db.Draft(ctx, d.ID)
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "store.draft", "draft %s has changed meanwhile: it is %s at revision %d", d.ID, now.State, now.Revision).
		WithMend("look at it again and decide anew")
}

// Draft returns the draft; fault.NotFound.
func (db *DB) Draft(ctx context.Context, id string) (handoff.Draft, error) {
	d, err := scanDraft(db.r(ctx).QueryRowContext(ctx, `SELECT `+draftColumns+` FROM drafts WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return d, fault.New(fault.NotFound, "store.draft", "there is no draft %q", id).WithMend("`roleos drafts list` shows what there is")
	}
	return d, db.failed("draft", err)
}

func scanDraft(row interface{ Scan(...any) error }) (handoff.Draft, error) {
	var d handoff.Draft
	var created, updated int64
	err := row.Scan(&d.ID, &d.Kind, &d.Title, &d.Agent, &d.Run, &d.Records, &d.Contract, &d.State, &d.Revision, &d.ChangeSet, &created, &updated)
	d.CreatedAt, d.UpdatedAt = fromNanos(created), fromNanos(updated)
	return d, err
}

// DraftFilter chooses drafts. Empty fields choose all.
type DraftFilter struct {
	State  handoff.State
	Kind   string
	Oldest bool // the oldest first
}

// ListDrafts returns the newest drafts first unless asked otherwise, at most limit (1 to 1000; 0 means
// 50), beginning behind cursor, and the cursor of the next page, "" at the end.
// It fails with fault.Invalid for a cursor that it did not give out.
func (db *DB) ListDrafts(ctx context.Context, f DraftFilter, cursor string, limit int) (drafts []handoff.Draft, next string, err error) {
	p, err := newPage(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	p.equal("state", string(f.State))
	p.equal("kind", f.Kind)
	p.oldest = f.Oldest
	query, args := p.query(`SELECT ` + draftColumns + ` FROM drafts`)
	rows, err := db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", db.failed("drafts", err)
	}
	defer rows.Close()
	for rows.Next() {
		d, err := scanDraft(rows)
		if err != nil {
			return nil, "", db.failed("drafts", err)
		}
		drafts = append(drafts, d)
	}
	if len(drafts) > p.limit {
		drafts = drafts[:p.limit]
		last := drafts[p.limit-1]
		next = pageAfter(last.CreatedAt, last.ID)
	}
	return drafts, next, db.failed("drafts", rows.Err())
}

// AddRevision appends r; the same revision again changes nothing. It fails with
// fault.Conflict when number r.N exists with other bytes, and with
// fault.Invalid when r.Digest is not the digest of r.Body.
func (db *DB) AddRevision(ctx context.Context, r handoff.Revision) error {
	if got := digestOf(r.Body); got != r.Digest {
		return fault.New(fault.Invalid, "store.revision", "revision %d of %s is named %s and its bytes are %s", r.N, r.Draft, r.Digest, got)
	}
	return db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.PutBlob(ctx, r.Body); err != nil {
			return err
		}
		check, err := db.PutBlob(ctx, r.Check)
		if err != nil {
			return err
		}
		res, err := db.q(ctx).ExecContext(ctx,
			`INSERT INTO revisions (draft, n, digest, contract, passed, written_by, note, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (draft, n) DO NOTHING`,
			r.Draft, r.N, r.Digest, check, bit(r.Passed), r.By, clean(r.Note), nanos(r.At))
		if err != nil {
			return db.failed("revision", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return db.failed("revision", err)
		}
		var there string
		if err := db.q(ctx).QueryRowContext(ctx, `SELECT digest FROM revisions WHERE draft = ? AND n = ?`, r.Draft, r.N).Scan(&there); err != nil {
			return db.failed("revision", err)
		}
		if there != r.Digest {
			return fault.New(fault.Conflict, "store.revision", "draft %s has another revision %d already", r.Draft, r.N).
				WithMend("look at it again and decide anew")
		}
		return nil
	})
}

const revisionColumns = `draft, n, digest, contract, passed, written_by, note, at`

// scanRevision reads revisionColumns: a revision without its bytes, and the name
// of its check.
func scanRevision(row interface{ Scan(...any) error }) (r handoff.Revision, check string, err error) {
	var passed int
	var at int64
	err = row.Scan(&r.Draft, &r.N, &r.Digest, &check, &passed, &r.By, &r.Note, &at)
	r.Passed, r.At = passed != 0, fromNanos(at)
	return r, check, err
}

// Revision returns revision n with its bytes, the newest for n == 0; fault.NotFound.
func (db *DB) Revision(ctx context.Context, draft string, n int) (handoff.Revision, error) {
	r, check, err := scanRevision(db.r(ctx).QueryRowContext(ctx,
		`SELECT `+revisionColumns+` FROM revisions WHERE draft = ? AND (n = ? OR ? = 0) ORDER BY n DESC LIMIT 1`, draft, n, n))
	if errors.Is(err, sql.ErrNoRows) {
		if n == 0 {
			return r, fault.New(fault.NotFound, "store.revision", "draft %q has no revision", draft)
		}
		return r, fault.New(fault.NotFound, "store.revision", "draft %q has no revision %d", draft, n)
	}
	if err != nil {
		return r, db.failed("revision", err)
	}
	if r.Body, err = db.Blob(ctx, r.Digest); err != nil {
		return r, err
	}
	r.Check, err = db.Blob(ctx, check)
	return r, err
}

// Revisions returns at most limit revisions numbered below before, all of them for
// 0, the newest first and without their bytes; none for an unknown draft.
func (db *DB) Revisions(ctx context.Context, draft string, before, limit int) ([]handoff.Revision, error) {
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT `+revisionColumns+` FROM revisions
		WHERE draft = ? AND (? = 0 OR n < ?) ORDER BY n DESC LIMIT ?`, draft, before, before, limit)
	if err != nil {
		return nil, db.failed("revisions", err)
	}
	defer rows.Close()
	var out []handoff.Revision
	for rows.Next() {
		r, _, err := scanRevision(rows)
		if err != nil {
			return nil, db.failed("revisions", err)
		}
		out = append(out, r)
	}
	return out, db.failed("revisions", rows.Err())
}

// AddReview appends what a reviewer did. It fails with fault.Conflict when there
// is a review of that id.
func (db *DB) AddReview(ctx context.Context, r handoff.Review) error {
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO reviews (id, draft, n, digest, done_by, verdict, text, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Draft, r.N, r.Digest, r.By, string(r.Verdict), clean(r.Text), nanos(r.At))
	if duplicate(err) {
		return fault.New(fault.Conflict, "store.review", "there is a review %s already", r.ID)
	}
	return db.failed("review", err)
}

// Reviews returns the reviews of a draft, oldest first; none for an unknown draft.
func (db *DB) Reviews(ctx context.Context, draft string) ([]handoff.Review, error) {
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT id, draft, n, digest, done_by, verdict, text, at FROM reviews WHERE draft = ? ORDER BY seq`, draft)
	if err != nil {
		return nil, db.failed("reviews", err)
	}
	defer rows.Close()
	var out []handoff.Review
	for rows.Next() {
		var r handoff.Review
		var at int64
		if err := rows.Scan(&r.ID, &r.Draft, &r.N, &r.Digest, &r.By, &r.Verdict, &r.Text, &at); err != nil {
			return nil, db.failed("reviews", err)
		}
		r.At = fromNanos(at)
		out = append(out, r)
	}
	return out, db.failed("reviews", rows.Err())
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// page is a list query under construction: newest first unless oldest is set, by
// creation and id, so that rows which come and go never shift a page.
type page struct {
	where  []string
	args   []any
	limit  int
	oldest bool
	behind string // id of the row before the page, "" on the first
	at     int64  // when that row was made
}

// newPage returns the page behind cursor. limit is clamped to 1..1000; 0 means 50.
func newPage(cursor string, limit int) (*page, error) {
	if limit <= 0 {
		limit = 50
	}
	p := &page{limit: min(limit, 1000)}
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	at, id, ok := strings.Cut(string(raw), " ")
	n, err2 := strconv.ParseInt(at, 10, 64)
	if err != nil || err2 != nil || !ok {
		return nil, fault.New(fault.Invalid, "store.list", "the cursor %.40q is none that a list gave out", cursor).
			WithMend("begin again without a cursor")
	}
	p.at, p.behind = n, clean(id)
	return p, nil
}

// pageAfter returns the cursor that begins behind a row.
func pageAfter(created time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(nanos(created), 10) + " " + id))
}

// equal keeps rows whose column has the value; an empty value keeps all.
func (p *page) equal(column, value string) {
	if value != "" {
		p.where = append(p.where, column+" = ?")
		p.args = append(p.args, clean(value))
	}
}

// query completes a SELECT. It asks for one row more than the limit, which tells
// whether there is another page.
func (p *page) query(sel string) (string, []any) {
	next, order := "<", "DESC"
	if p.oldest {
		next, order = ">", "ASC"
	}
	if p.behind != "" {
		p.where = append(p.where, fmt.Sprintf("(created_at %[1]s ? OR (created_at = ? AND id %[1]s ?))", next))
		p.args = append(p.args, p.at, p.at, p.behind)
	}
	if len(p.where) > 0 {
		sel += " WHERE " + strings.Join(p.where, " AND ")
	}
	return sel + fmt.Sprintf(" ORDER BY created_at %[1]s, id %[1]s LIMIT %[2]d", order, p.limit+1), p.args
}
