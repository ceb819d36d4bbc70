package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// EffectsTable is the table in which a target keeps one row for each effect, in
// the transaction of the effect. Nothing else belongs in it, and a row that is
// removed makes the plans of its object drift.
const EffectsTable = "roleos_effects"

// ledger reads and writes roleos_effects. Queries have ? for their parameters
// and %s for the table.
type ledger interface {
	// effects makes the table when it is not there.
	effects(ctx context.Context) error
	exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	// text returns the first column of the first row as text, "" when there is none.
	text(ctx context.Context, query string, args ...any) (string, error)
}

// What an effect is now.
const (
	turning  = -1 // a restoration; it turned another one
	undone   = 0
	standing = 1
)

type mark struct {
	key, object, op, effect string
	touched                 int64
	live                    int
}

// recorded reports whether the write was done before.
func recorded(ctx context.Context, x tx, sch *schema, w change.Write) (bool, error) {
	if !sch.effects {
		return false, nil
	}
	got, err := x.text(ctx, "SELECT op || ' ' || object FROM %s WHERE key = ?", w.Key)
	if err != nil || got == "" {
		return false, err
	}
	if got != w.Op+" "+w.Object {
		return true, fault.New(fault.Conflict, "sql.apply", "the key of this write was used for another one")
	}
	return true, nil
}

func record(ctx context.Context, x tx, sch *schema, m mark) error {
	if !sch.effects {
		if err := x.effects(ctx); err != nil {
			return err
		}
		sch.effects = true
	}
	_, err := x.exec(ctx, "INSERT INTO %s (key, object, op, effect, touched, live) VALUES (?, ?, ?, ?, ?, ?)", m.key, m.object, m.op, m.effect, m.touched, m.live)
	return err
}

// last is the number and the name of the object's last effect that stands.
func last(ctx context.Context, x tx, sch *schema, object string) (seq, effect string, err error) {
	if !sch.effects {
		return "0", "", nil
	}
	got, err := x.text(ctx, "SELECT seq || ' ' || effect FROM %s WHERE object = ? AND live = 1 ORDER BY seq DESC LIMIT 1", object)
	if err != nil || got == "" {
		return "0", "", err
	}
	seq, effect, _ = strings.Cut(got, " ")
	return seq, effect, nil
}

// turn notes that the object's last effect no longer stands, or stands again. It
// fails with fault.Denied when the effect is another one: what is taken back is
// only ever something that was done here.
func turn(ctx context.Context, x tx, sch *schema, object, effect string, back bool) error {
	seq, top, err := last(ctx, x, sch, object)
	if err != nil {
		return err
	}
	refuse := fault.New(fault.Denied, "sql.plan", "this is not the last effect on %s, and only that can be taken back or done again", guardrails.Visible(object))
	from, _ := strconv.ParseInt(seq, 10, 64)
	live := undone
	if back {
		if top != effect {
			return refuse
		}
	} else {
		if !sch.effects {
			return refuse
		}
		got, err := x.text(ctx, "SELECT seq || '' FROM %s WHERE object = ? AND live = 0 AND seq > ? AND effect = ? ORDER BY seq LIMIT 1", object, from, effect)
		if err != nil {
			return err
		}
		if from, _ = strconv.ParseInt(got, 10, 64); got == "" {
			return refuse
		}
		live = standing
	}
	n, err := x.exec(ctx, "UPDATE %s SET live = ? WHERE seq = ?", live, from)
	if err == nil && n != 1 {
		return refuse
	}
	return err
}

// shown bounds the rows in a state's body, in bytes.
const shown = 64 << 10

// state returns the object as the transaction sees it, and how many rows it has.
func (t *Target) state(ctx context.Context, x tx, sch *schema, tbl *table, sel selection) (guardrails.State, int, error) {
	var st guardrails.State
	found, err := x.read(ctx, tbl, sel, t.limits.Rows)
	if err != nil {
		return st, 0, err
	}
	if int64(len(found)) > t.limits.Rows {
		return st, 0, fault.New(fault.Denied, "sql.read", "%s selects more than %d rows", guardrails.Visible(sel.object), t.limits.Rows)
	}
	_, top, err := last(ctx, x, sch, sel.object)
	if err != nil {
		return st, 0, err
	}
	if len(found) == 0 && top == "" {
		return guardrails.State{Digest: guardrails.Absent}, 0, nil
	}
	h := sha256.New()
	var body strings.Builder
	more := 0
	for _, r := range found {
		h.Write(strconv.AppendQuote(nil, r.image))
		if more > 0 || body.Len()+len(r.view) > shown {
			more++
			continue
		}
		body.WriteString(r.view + "\n")
	}
	if more > 0 {
		fmt.Fprintf(&body, "and %d more rows\n", more)
	}
	fmt.Fprintf(h, "\n%s", top)
	st.Digest = hex.EncodeToString(h.Sum(nil))
	if body.Len() > 0 {
		st.Body = []byte(body.String())
	}
	return st, len(found), nil
}

// where says which tables the rows are in.
func (e *effect) where() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.counts)) {
		parts = append(parts, fmt.Sprintf("%s in %s", grouped(e.counts[name]), guardrails.Visible(name)))
	}
	return strings.Join(parts, ", ")
}

// grouped writes a number with its thousands parted, as people read it.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
