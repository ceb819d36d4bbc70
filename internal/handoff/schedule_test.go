package handoff_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"roleos/internal/clock"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// schedules is how many random schedules the property is tried on.
const schedules = 10_000

// Whatever people do in whatever order, whenever the process dies, however late
// somebody looks: no clock is lost, no state skipped, no answer reaches another
// handoff, and nothing is ever approved by time alone.
func TestHandoffsHoldUnderAnySchedule(t *testing.T) {
	n := schedules
	if testing.Short() {
		n = 500
	}
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if err := f.Value.Set(fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	defer f.Value.Set(was) //nolint:errcheck // it was set before
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	cal, err := clock.New(zone, []time.Weekday{1, 2, 3, 4, 5}, 0, clock.Midnight, []clock.Date{{Year: 2026, Month: 4, Day: 3}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{} // what happened over all schedules, so that the property is not empty
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, cal)
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			w.step()
			w.hold()
		}
		w.end()
		w.tally(seen)
	})
	for _, what := range []string{"published", "acknowledged", "started", "closed", "refused", "breach", "escalation", "reminder", "paused", "void", "met"} {
		if tried := seen["schedules"]; tried >= 1000 && seen[what] < tried/200 {
			t.Errorf("%s came %d times in %d schedules: they do not try it", what, seen[what], tried)
		}
	}
	t.Logf("%v", seen)
}

// tally counts what happened in a schedule.
func (w *world) tally(seen map[string]int) {
	seen["schedules"]++
	for _, moves := range w.l.State.Moves {
		for _, m := range moves {
			seen[string(m.To)]++
			if m.To == handoff.Drafted && (m.From == handoff.Published || m.From == handoff.Acknowledged) {
				seen["refused"]++
			}
		}
	}
	for _, n := range w.l.State.Notices {
		seen[string(n.Kind)]++
	}
	for _, c := range w.l.clocks("") {
		seen["paused"] += len(c.Pauses)
		seen[string(c.End)]++
	}
}

type world struct {
	t   *rapid.T
	cal clock.Calendar
	now time.Time
	ids int
	l   *ledger
	s   *handoff.Service
	w   *wall
	ctx context.Context

	digests []string // every digest there ever was
}

func newWorld(t *rapid.T, cal clock.Calendar) *world {
	w := &world{t: t, cal: cal, l: newLedger(), ctx: context.Background()}
	// A week before the clocks go forward, at any hour.
	w.now = time.Date(2026, 3, 20, rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, time.UTC)
	w.open()
	for _, id := range []string{"pb-1", "pb-2"}[:rapid.IntRange(1, 2).Draw(t, "drafts")] {
		_, r, err := w.s.Submit(w.ctx, handoff.Submission{ID: id, Kind: "brief", Title: id, Agent: "problem-framer", Contract: "problem-brief@1.0.0", Body: []byte("fine " + id)})
		if err != nil {
			t.Fatal(err)
		}
		w.digests = append(w.digests, r.Digest)
	}
	return w
}

func (w *world) open() { w.s, w.w = service(w.l, func() time.Time { return w.now }, &w.ids, w.cal) }

func people() []handoff.Party {
	return []handoff.Party{
		{ID: "person:ada", Roles: []string{"pm"}},
		{ID: "person:bo", Roles: []string{"architect"}},
		{ID: "person:olga", Roles: []string{"portfolio-owner"}},
		{ID: "agent:problem-framer", Roles: []string{"architect", "portfolio-owner"}},
	}
}

// snapshot is what must not change by itself.
func (w *world) snapshot(id string) string {
	return fmt.Sprintf("%v|%v|%d", w.l.State.Drafts[id], w.l.clocks(id), len(w.l.State.Moves[id]))
}

func (w *world) states() string {
	out := ""
	for _, id := range []string{"pb-1", "pb-2"} {
		out += string(w.l.State.Drafts[id].State) + " "
	}
	return out
}

func (w *world) step() {
	id := rapid.SampledFrom([]string{"pb-1", "pb-2"}[:len(w.l.State.Drafts)]).Draw(w.t, "draft")
	other := map[string]string{"pb-1": "pb-2", "pb-2": "pb-1"}[id]
	before, states := w.snapshot(other), w.states()
	quiet := false
	switch rapid.IntRange(0, 19).Draw(w.t, "act") {
	default:
		w.forward(id)
	case 0, 1:
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(w.t, "hours")) * time.Hour)
		quiet = true
	case 2:
		w.l = w.l.restarted()
		w.open()
		quiet = true
	case 3:
		w.w.fails = rapid.IntRange(0, 1).Draw(w.t, "fails")
		if _, err := w.s.Sweep(w.ctx); err != nil && !strings.Contains(err.Error(), "nobody is at the wall") {
			w.t.Fatal(err)
		}
		states2 := w.states()
		if states2 != states {
			w.t.Fatalf("looking at the clock moved %s to %s", states, states2)
		}
		return
	case 4, 5:
		w.review(id)
	case 6:
		w.attest(id)
	case 7, 8, 9:
		w.publish(id)
	case 10, 11, 12:
		w.answer(id)
	}
	if quiet && w.states() != states {
		w.t.Fatalf("time alone moved %s to %s", states, w.states())
	}
	if after := w.snapshot(other); after != before {
		w.t.Fatalf("an act on %s changed %s from %s to %s", id, other, before, after)
	}
}

// forward does what the draft waits for, by whom it waits for.
func (w *world) forward(id string) {
	d := w.l.State.Drafts[id]
	head, _ := w.l.Revision(w.ctx, id, 0)
	bo := people()[1]
	var err error
	switch d.State {
	case handoff.Drafted:
		_, rev, e := w.s.Review(w.ctx, handoff.Act{Draft: id, By: "person:ada", Verdict: handoff.Edit, Edit: fmt.Appendf(nil, "fine %s, %d", id, w.ids)})
		w.digests, err = append(w.digests, rev.Digest), e
	case handoff.Validated, handoff.InReview:
		if !head.Passed {
			_, _, err = w.s.Attest(w.ctx, people()[2], id, "priority", head.Digest, "")
		}
		if err == nil {
			_, _, err = w.s.Review(w.ctx, handoff.Act{Draft: id, By: "person:olga", Digest: head.Digest, Verdict: handoff.Approve})
		}
	case handoff.Approved:
		_, err = w.s.Published(w.ctx, id, head.Digest, "person:ada")
	case handoff.Published:
		_, err = w.s.Answer(w.ctx, handoff.Answer{Draft: id, By: bo, Verb: rapid.SampledFrom([]handoff.Verb{handoff.Acknowledge, handoff.Acknowledge, handoff.Hold, handoff.Refuse}).Draw(w.t, "verb"), Text: "read"})
	case handoff.Acknowledged:
		_, err = w.s.Answer(w.ctx, handoff.Answer{Draft: id, By: bo, Verb: handoff.Start})
	case handoff.Started:
		_, err = w.s.Answer(w.ctx, handoff.Answer{Draft: id, By: bo, Verb: handoff.Close})
	}
	if err != nil && fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Denied {
		w.t.Fatal(err)
	}
}

func (w *world) review(id string) {
	who := rapid.SampledFrom(people()).Draw(w.t, "who")
	a := handoff.Act{Draft: id, By: who.ID, Text: "because"}
	a.Verdict = rapid.SampledFrom([]handoff.Verdict{handoff.Approve, handoff.Approve, handoff.Edit, handoff.RequestChanges, handoff.Comment}).Draw(w.t, "verdict")
	if a.Verdict == handoff.Edit {
		a.Edit = fmt.Appendf(nil, "%s of %s, %d", rapid.SampledFrom([]string{"fine", "fine", "broken"}).Draw(w.t, "quality"), id, w.ids)
	}
	was := w.l.State.Drafts[id]
	head, _ := w.l.Revision(w.ctx, id, 0)
	_, rev, err := w.s.Review(w.ctx, a)
	if err != nil {
		return
	}
	if a.Verdict == handoff.Edit {
		w.digests = append(w.digests, rev.Digest)
	}
	if a.Verdict == handoff.Approve && (!head.Passed || who.ID == "agent:problem-framer" || !was.State.Open()) {
		w.t.Fatalf("%s approved a draft that is %s and passed: %v", who.ID, was.State, head.Passed)
	}
}

func (w *world) attest(id string) {
	who := rapid.SampledFrom(people()).Draw(w.t, "who")
	digest := rapid.SampledFrom(append([]string{""}, w.digests...)).Draw(w.t, "digest")
	head, _ := w.l.Revision(w.ctx, id, 0)
	_, _, err := w.s.Attest(w.ctx, who, id, "priority", digest, "")
	if err == nil && (who.ID != "person:olga" || (digest != "" && digest != head.Digest)) {
		w.t.Fatalf("%s attested %s of %s, whose newest revision is %s", who.ID, digest, id, head.Digest)
	}
}

// publish moves an approved draft as the door does, and sometimes takes it back.
func (w *world) publish(id string) {
	digest := rapid.SampledFrom(append([]string{"", "", ""}, w.digests...)).Draw(w.t, "digest")
	head, _ := w.l.Revision(w.ctx, id, 0)
	if digest == "" {
		digest = head.Digest
	}
	was := w.l.State.Drafts[id].State
	var err error
	if rapid.IntRange(0, 5).Draw(w.t, "undo") == 0 {
		if _, err = w.s.Withdrawn(w.ctx, id, digest, "person:ada"); err != nil && fault.KindOf(err) != fault.Conflict {
			w.t.Fatal(err)
		}
	} else if _, err = w.s.Published(w.ctx, id, digest, "person:ada"); err == nil && (was != handoff.Approved && was != handoff.Published || digest != head.Digest) {
		w.t.Fatalf("%s was published though it was %s", id, was)
	}
}

func (w *world) answer(id string) {
	who := rapid.SampledFrom(people()).Draw(w.t, "who")
	digest := rapid.SampledFrom(append([]string{"", "", ""}, w.digests...)).Draw(w.t, "digest")
	verbs := []handoff.Verb{handoff.Acknowledge, handoff.Acknowledge, handoff.Start, handoff.Refuse, handoff.Close, handoff.Hold, handoff.GoOn}
	verb := rapid.SampledFrom(verbs).Draw(w.t, "verb")
	text := rapid.SampledFrom([]string{"the constraint list has no time zone", ""}).Draw(w.t, "text")
	head, _ := w.l.Revision(w.ctx, id, 0)
	_, err := w.s.Answer(w.ctx, handoff.Answer{Draft: id, By: who, Digest: digest, Verb: verb, Text: text})
	if err != nil {
		return
	}
	clocks := verb == handoff.Hold || verb == handoff.GoOn
	switch {
	case digest != "" && digest != head.Digest:
		w.t.Fatalf("an answer about %s reached %s, whose revision is %s", digest, id, head.Digest)
	case who.ID != "person:bo" && (!clocks || who.ID != "person:ada"):
		w.t.Fatalf("%s could %s %s", who.ID, verb, id)
	case text == "" && (verb == handoff.Refuse || verb == handoff.Hold):
		w.t.Fatalf("%s without a reason", verb)
	}
}

// hold checks what must hold after every step.
func (w *world) hold() {
	for id, d := range w.l.State.Drafts {
		at := handoff.State("")
		want := map[string]int{} // clocks that were started, by what they expect
		for i, m := range w.l.State.Moves[id] {
			if m.From != at || m.N != i+1 || m.By == "" || m.Digest == "" || m.At.IsZero() {
				w.t.Fatalf("move %d of %s is %+v after %q", i+1, id, m, at)
			}
			if _, err := m.From.To(m.To); m.From != "" && err != nil {
				w.t.Fatalf("a state was skipped: %v", err)
			}
			if m.To == handoff.Approved && !w.approved(id, m) {
				w.t.Fatalf("nobody approved %s: %+v", id, m)
			}
			switch m.To {
			case handoff.Published:
				want["acknowledged"]++
			case handoff.Acknowledged:
				want["decide_started"]++
			}
			at = m.To
		}
		if d.State != at {
			w.t.Fatalf("%s is %s, its last move led to %s", id, d.State, at)
		}
		w.holdClocks(d, want)
	}
}

func (w *world) approved(id string, m handoff.Move) bool {
	return slices.ContainsFunc(w.l.State.Reviews, func(r handoff.Review) bool {
		return r.Draft == id && r.Verdict == handoff.Approve && r.Digest == m.Digest && r.By == m.By && r.At.Equal(m.At)
	})
}

func (w *world) holdClocks(d handoff.Draft, want map[string]int) {
	running := ""
	for _, c := range w.l.clocks(d.ID) {
		want[c.Expect]--
		if c.Running() {
			head, _ := w.l.Revision(w.ctx, d.ID, 0)
			if running != "" || c.Digest != head.Digest {
				w.t.Fatalf("%s has clocks for %s and %s of %s", d.ID, running, c.Expect, c.Digest)
			}
			running = c.Expect
		}
	}
	for what, n := range want {
		if n != 0 {
			w.t.Fatalf("%s lost %d clocks for %s", d.ID, n, what)
		}
	}
	expected := map[handoff.State]string{handoff.Published: "acknowledged", handoff.Acknowledged: "decide_started"}[d.State]
	if running != expected {
		w.t.Fatalf("%s is %s; the clock that runs is for %q, want %q", d.ID, d.State, running, expected)
	}
}

// end looks once more and counts the evidence.
func (w *world) end() {
	w.now = w.now.Add(2 * time.Minute)
	w.w.fails = 0
	for range 2 {
		if _, err := w.s.Sweep(w.ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	breaches := map[string]int{}
	for _, n := range w.l.State.Notices {
		if n.Kind == clock.Breach {
			breaches[n.Clock]++
		}
	}
	for _, c := range w.l.clocks("") {
		late := 0
		if c.Broken(w.cal, w.now) {
			late = 1
		}
		if breaches[c.ID] != late {
			w.t.Fatalf("clock %s is late: %d, and has %d breaches", c.ID, late, breaches[c.ID])
		}
	}
	told := map[string]int{}
	for _, id := range w.l.State.Delivered {
		told[id]++
	}
	for _, n := range w.l.State.Notices {
		if told[n.ID()] != 1 {
			w.t.Fatalf("notice %s was delivered %d times", n.ID(), told[n.ID()])
		}
	}
}
