package handoff_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"roleos/internal/clock"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// ledger keeps everything of a handoff in memory, as the store does in tables:
// a transaction that fails leaves nothing, and what is kept survives a restart as
// bytes only.
type ledger struct {
	State ledgerState
	undo  []func()
	depth int
}

type ledgerState struct {
	Drafts    map[string]handoff.Draft
	Revs      map[string][]revision
	Reviews   []handoff.Review
	Moves     map[string][]handoff.Move
	Clocks    []keptClock
	Notices   []handoff.Notice
	Sends     []send
	Attests   []handoff.Attestation
	Trail     []string
	Delivered []string // what the channel took
}

type revision struct {
	handoff.Revision
	Bytes  []byte
	Report []byte
}

type keptClock struct {
	Clock clock.Clock
	Next  time.Time
}

type send struct {
	Notice  string
	Sent    bool
	Claimed time.Time
}

func newLedger() *ledger {
	return &ledger{State: ledgerState{Drafts: map[string]handoff.Draft{}, Revs: map[string][]revision{}, Moves: map[string][]handoff.Move{}}}
}

// restarted returns what another process reads from the kept bytes.
func (l *ledger) restarted() *ledger {
	raw, err := json.Marshal(l.State)
	if err != nil {
		panic(err)
	}
	out := newLedger()
	if err := json.Unmarshal(raw, &out.State); err != nil {
		panic(err)
	}
	return out
}

func (l *ledger) back(f func()) { l.undo = append(l.undo, f) }

func (l *ledger) InTx(ctx context.Context, f func(context.Context) error) error {
	l.depth++
	from := len(l.undo)
	err := f(ctx)
	l.depth--
	if err != nil {
		for i := len(l.undo) - 1; i >= from; i-- {
			l.undo[i]()
		}
		l.undo = l.undo[:from]
	}
	if l.depth == 0 {
		l.undo = l.undo[:0]
	}
	return err
}

func (l *ledger) SaveDraft(_ context.Context, d handoff.Draft, was *handoff.Draft) error {
	old, there := l.State.Drafts[d.ID]
	if (was == nil) == there || (was != nil && *was != old) {
		return fault.New(fault.Conflict, "ledger", "draft %s has moved", d.ID)
	}
	l.State.Drafts[d.ID] = d
	l.back(func() {
		if l.State.Drafts[d.ID] = old; !there {
			delete(l.State.Drafts, d.ID)
		}
	})
	return nil
}

func (l *ledger) Draft(_ context.Context, id string) (handoff.Draft, error) {
	d, ok := l.State.Drafts[id]
	if !ok {
		return d, fault.New(fault.NotFound, "ledger", "no draft %s", id)
	}
	return d, nil
}

func (l *ledger) AddRevision(_ context.Context, r handoff.Revision) error {
	l.State.Revs[r.Draft] = append(l.State.Revs[r.Draft], revision{r, r.Body, r.Check})
	l.back(func() { l.State.Revs[r.Draft] = l.State.Revs[r.Draft][:r.N-1] })
	return nil
}

func (l *ledger) Revision(_ context.Context, draft string, n int) (handoff.Revision, error) {
	all := l.State.Revs[draft]
	if n == 0 {
		n = len(all)
	}
	if n < 1 || n > len(all) {
		return handoff.Revision{}, fault.New(fault.NotFound, "ledger", "no revision")
	}
	r := all[n-1]
	r.Body, r.Check = r.Bytes, r.Report
	return r.Revision, nil
}

func (l *ledger) AddReview(_ context.Context, r handoff.Review) error {
	l.State.Reviews = append(l.State.Reviews, r)
	l.back(func() { l.State.Reviews = l.State.Reviews[:len(l.State.Reviews)-1] })
	return nil
}

func (l *ledger) Reviews(context.Context, string) ([]handoff.Review, error) {
	return l.State.Reviews, nil
}

func (l *ledger) Records(context.Context, string) ([]evidence.Record, error) { return nil, nil }

func (l *ledger) Append(_ context.Context, kind, actor, subject string, _ any) error {
	l.State.Trail = append(l.State.Trail, kind+" "+actor+" "+subject)
	l.back(func() { l.State.Trail = l.State.Trail[:len(l.State.Trail)-1] })
	return nil
}

func (l *ledger) AddMove(_ context.Context, m handoff.Move) (int, error) {
	m.N = len(l.State.Moves[m.Draft]) + 1
	l.State.Moves[m.Draft] = append(l.State.Moves[m.Draft], m)
	l.back(func() { l.State.Moves[m.Draft] = l.State.Moves[m.Draft][:m.N-1] })
	return m.N, nil
}

func (l *ledger) AddClock(_ context.Context, c clock.Clock, next time.Time) error {
	for _, k := range l.clocks("") {
		if k.ID == c.ID {
			return nil
		}
	}
	l.State.Clocks = append(l.State.Clocks, keptClock{c, next})
	l.back(func() { l.State.Clocks = l.State.Clocks[:len(l.State.Clocks)-1] })
	return nil
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func (l *ledger) MoveClock(_ context.Context, c, was clock.Clock, next time.Time) error {
	old := encode(was)
	for i, k := range l.State.Clocks {
		if k.Clock.ID == c.ID && bytes.Equal(encode(k.Clock), old) {
			l.State.Clocks[i] = keptClock{c, next}
			l.back(func() { l.State.Clocks[i] = k })
			return nil
		}
	}
	return fault.New(fault.Conflict, "ledger", "clock %s has moved", c.ID)
}

func (l *ledger) clocks(draft string) []clock.Clock {
	var out []clock.Clock
	for _, k := range l.State.Clocks {
		c := k.Clock
		if draft == "" || c.Draft == draft {
			out = append(out, c)
		}
	}
	return out
}

func (l *ledger) Clocks(_ context.Context, draft string) ([]clock.Clock, error) {
	return l.clocks(draft), nil
}

func (l *ledger) OpenClocks(context.Context) ([]clock.Clock, error) { return l.clocks(""), nil }

func (l *ledger) DueClocks(_ context.Context, now time.Time, _ int) ([]clock.Clock, error) {
	var out []clock.Clock
	for i, c := range l.clocks("") {
		if next := l.State.Clocks[i].Next; !next.IsZero() && next.Before(now) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (l *ledger) AddNotice(_ context.Context, n handoff.Notice, channels []string) error {
	if slices.ContainsFunc(l.State.Notices, func(x handoff.Notice) bool { return x.ID() == n.ID() }) {
		return nil
	}
	l.State.Notices = append(l.State.Notices, n)
	for range channels {
		l.State.Sends = append(l.State.Sends, send{Notice: n.ID()})
	}
	l.back(func() {
		l.State.Notices = l.State.Notices[:len(l.State.Notices)-1]
		l.State.Sends = l.State.Sends[:len(l.State.Sends)-len(channels)]
	})
	return nil
}

func (l *ledger) ClaimNotices(_ context.Context, _ string, now, until time.Time) ([]handoff.Notice, error) {
	var out []handoff.Notice
	for i, s := range l.State.Sends {
		if !s.Sent && !s.Claimed.After(now) {
			l.State.Sends[i].Claimed = until
			j := slices.IndexFunc(l.State.Notices, func(n handoff.Notice) bool { return n.ID() == s.Notice })
			out = append(out, l.State.Notices[j])
		}
	}
	return out, nil
}

func (l *ledger) NoticeSent(_ context.Context, n handoff.Notice, _ string, _ time.Time, failed string) error {
	for i, s := range l.State.Sends {
		if s.Notice == n.ID() && failed == "" {
			l.State.Sends[i].Sent = true
		}
	}
	return nil
}

func (l *ledger) Notices(context.Context, string) ([]handoff.Notice, error) {
	return l.State.Notices, nil
}

func (l *ledger) AddAttestation(_ context.Context, a handoff.Attestation) error {
	for _, x := range l.State.Attests {
		if x.Draft == a.Draft && x.Gate == a.Gate && x.Digest == a.Digest && x.By == a.By {
			return fault.New(fault.Conflict, "ledger", "attested already")
		}
	}
	l.State.Attests = append(l.State.Attests, a)
	l.back(func() { l.State.Attests = l.State.Attests[:len(l.State.Attests)-1] })
	return nil
}

func (l *ledger) Attestations(_ context.Context, draft string) ([]handoff.Attestation, error) {
	var out []handoff.Attestation
	for _, a := range l.State.Attests {
		if a.Draft == draft {
			out = append(out, a)
		}
	}
	return out, nil
}

func (l *ledger) Recheck(_ context.Context, r handoff.Revision) error {
	i := r.N - 1
	old := l.State.Revs[r.Draft][i]
	next := old
	next.Passed, next.Report = r.Passed, r.Check
	l.State.Revs[r.Draft][i] = next
	l.back(func() { l.State.Revs[r.Draft][i] = old })
	return nil
}

// ledgerMoves is the ledger as handoff.Moves.
type ledgerMoves struct{ *ledger }

func (l ledgerMoves) Moves(_ context.Context, draft string) ([]handoff.Move, error) {
	return l.State.Moves[draft], nil
}

// wall is a channel that remembers what it was told; it fails as often as it is asked to.
type wall struct {
	l     *ledger
	fails int
}

func (w *wall) Name() string { return "wall" }

func (w *wall) Send(_ context.Context, n handoff.Notice) error {
	if w.fails > 0 {
		w.fails--
		return fault.New(fault.Unavailable, "wall", "nobody is at the wall")
	}
	w.l.State.Delivered = append(w.l.State.Delivered, n.ID())
	return nil
}

// agreed is the contract of these tests: the architect acknowledges within a
// working day and starts within two; the portfolio owner attests the priority.
type agreed struct{}

func (agreed) Terms(context.Context, string) (handoff.Terms, error) {
	return handoff.Terms{
		From: handoff.Side{Role: "pm", Stage: "discover"}, To: handoff.Side{Role: "architect", Stage: "decide"},
		Promises: []handoff.Promise{
			{On: "published", Expect: "acknowledged", Role: "architect", Within: 24 * time.Hour, Working: true, Remind: []time.Duration{12 * time.Hour}, Escalate: true},
			{On: "acknowledged", Expect: "decide_started", Role: "architect", Within: 48 * time.Hour, Escalate: true},
		},
		Attests: []handoff.Attests{{Gate: "priority", Says: "The portfolio owner confirmed the priority.", Role: "portfolio-owner"}},
	}, nil
}

// attestedGate passes what is not broken and was attested for these bytes by
// somebody who did not write them.
type attestedGate struct{}

func (attestedGate) Check(_ context.Context, s handoff.Subject) (handoff.Check, error) {
	ready := !bytes.Contains(s.Body, []byte("broken"))
	attested := slices.ContainsFunc(s.Attestations, func(a handoff.Attestation) bool {
		return a.Gate == "priority" && a.Digest == s.Digest && !slices.Contains(s.Authors, a.By)
	})
	return handoff.Check{Passed: ready && attested, Ready: ready, Report: fmt.Appendf(nil, `{"attested":%v}`, attested)}, nil
}

// service returns the use case over the ledger, as a fresh process opens it.
func service(l *ledger, now func() time.Time, ids *int, cal clock.Calendar) (*handoff.Service, *wall) {
	w := &wall{l: l}
	return &handoff.Service{
		Drafts: l, Reviews: l, Evidence: l, Gate: attestedGate{}, Audit: l, Tx: l, Team: true,
		Editors: map[string]handoff.Editor{"brief": func(_, edit []byte, by string, _ []evidence.Record) ([]byte, string, error) {
			return edit, "rewritten by " + by, nil
		}},
		Terms: agreed{}, Moves: ledgerMoves{l}, Clocks: l, Notices: l, Attestations: l, Channels: []handoff.Channel{w}, Calendar: cal,
		Now: now, NewID: func(prefix string) string { *ids++; return fmt.Sprintf("%s-%d", prefix, *ids) },
	}, w
}
