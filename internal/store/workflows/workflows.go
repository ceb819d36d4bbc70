package workflows

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"roleos/internal/fault"
	"roleos/internal/workflow"
)

// Database runs statements with ? placeholders, in the transaction of ctx when
// there is one.
type Database interface {
	Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Table keeps runs and attestations. It is safe for concurrent use.
type Table struct{ db Database }

// New returns the tables of the database, whose schema has them.
func New(db Database) *Table { return &Table{db: db} }

func failed(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(err, fault.Internal, "store.workflows", "the store failed")
}

// SaveWorkflowRun writes r, whose Seq is one above the stored one's; a new run
// has 1. It fails with fault.Conflict when somebody else changed it meanwhile.
func (t *Table) SaveWorkflowRun(ctx context.Context, r workflow.Run) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "store.workflow", "run %s cannot be stored", r.ID)
	}
	query, args := `UPDATE workflow_runs SET status = ?, seq = ?, body = ? WHERE id = ? AND seq = ?`,
		[]any{string(r.State.Status), r.Seq, body, r.ID, r.Seq - 1}
	if r.Seq <= 1 {
		query, args = `INSERT INTO workflow_runs (id, workflow, status, seq, body, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			[]any{r.ID, r.Definition.ID, string(r.State.Status), 1, body, r.CreatedAt.UnixNano()}
	}
	res, err := t.db.Exec(ctx, query, args...)
	if err != nil {
		return failed(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return failed(err)
	}
	return fault.New(fault.Conflict, "store.workflow", "workflow run %s has changed meanwhile", r.ID)
}

// WorkflowRun returns the run; fault.NotFound.
func (t *Table) WorkflowRun(ctx context.Context, id string) (workflow.Run, error) {
	all, err := t.read(ctx, `SELECT body FROM workflow_runs WHERE id = ?`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "store.workflow", "there is no workflow run %q", id).
			WithMend("See: roleos workflow status")
	}
	if err != nil {
		return workflow.Run{}, err
	}
	return all[0], nil
}

func readWorkflowRun(body []byte) (workflow.Run, error) {
	var r workflow.Run
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fault.Wrap(err, fault.Internal, "store.workflow", "a stored workflow run cannot be read")
	}
	return r, nil
}

// WorkflowRuns returns the newest runs first, at most limit of them; of the
// status when one is given.
func (t *Table) WorkflowRuns(ctx context.Context, status workflow.RunStatus, limit int) ([]workflow.Run, error) {
	query, args := `SELECT body FROM workflow_runs`, []any{}
	if status != "" {
		query, args = query+` WHERE status = ?`, append(args, string(status))
	}
	return t.read(ctx, query+` ORDER BY created_at DESC, id DESC LIMIT ?`, append(args, limit)...)
}

// WorkflowPage returns the newest runs first, at most limit, beginning behind
// cursor, and the cursor of the next page, "" at the end. It fails with
// fault.Invalid for a cursor that it did not give out.
func (t *Table) WorkflowPage(ctx context.Context, status workflow.RunStatus, cursor string, limit int) (runs []workflow.Run, next string, err error) {
	query, args := `SELECT body FROM workflow_runs WHERE 1 = 1`, []any{}
	if status != "" {
		query, args = query+` AND status = ?`, append(args, string(status))
	}
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		at, id, ok := strings.Cut(string(raw), " ")
		n, nerr := strconv.ParseInt(at, 10, 64)
		if err != nil || nerr != nil || !ok || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
			return nil, "", fault.New(fault.Invalid, "store.workflows", "the cursor is none that a list gave out").WithMend("begin again without a cursor")
		}
		query, args = query+` AND (created_at < ? OR (created_at = ? AND id < ?))`, append(args, n, n, id)
	}
	runs, err = t.read(ctx, query+` ORDER BY created_at DESC, id DESC LIMIT ?`, append(args, limit+1)...)
	if len(runs) > limit {
		runs = runs[:limit]
		last := runs[limit-1]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(last.CreatedAt.UnixNano(), 10) + " " + last.ID))
	}
	return runs, next, err
}

func (t *Table) read(ctx context.Context, query string, args ...any) ([]workflow.Run, error) {
	rows, err := t.db.Query(ctx, query, args...)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	var out []workflow.Run
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, failed(err)
		}
		r, err := readWorkflowRun(body)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, failed(rows.Err())
}

// AddGovernance appends an attestation.
func (t *Table) AddGovernance(ctx context.Context, a workflow.Attestation) error {
	solo := 0
	if a.Solo {
		solo = 1
	}
	_, err := t.db.Exec(ctx, `INSERT INTO governance_attestations (subject, version, owner, done_by, solo, at) VALUES (?, ?, ?, ?, ?, ?)`,
		a.Subject, a.Version, a.Owner, a.By, solo, a.At.UnixNano())
	return failed(err)
}

// Governance returns the newest attestation of the subject; fault.NotFound.
func (t *Table) Governance(ctx context.Context, subject string) (workflow.Attestation, error) {
	a := workflow.Attestation{Subject: subject}
	rows, err := t.db.Query(ctx,
		`SELECT version, owner, done_by, solo, at FROM governance_attestations WHERE subject = ? ORDER BY seq DESC LIMIT 1`, subject)
	if err != nil {
		return a, failed(err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return a, failed(err)
		}
		return a, fault.New(fault.NotFound, "store.attestation", "nobody has attested %s", subject)
	}
	var solo, at int64
	err = rows.Scan(&a.Version, &a.Owner, &a.By, &solo, &at)
	a.Solo, a.At = solo == 1, time.Unix(0, at).UTC()
	return a, failed(err)
}
