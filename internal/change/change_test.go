package change_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
	"roleos/internal/target/files"
)

func TestFromPlanToUndo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, nil)
		out := w.applied(publish())
		if out.Set.State != change.Applied || w.file("context/new.md") != "new\n" || w.file("context/old.md") != "old\nand more\n" {
			t.Fatalf("%s: %q %q", out.Set.State, w.file("context/new.md"), w.file("context/old.md"))
		}
		for _, kind := range []string{"change.planned", "change.staged", "change.granted", "change.applying", "effect.done", "change.applied"} {
			if !w.log.has(kind) {
				t.Errorf("no audit record %s", kind)
			}
		}
		got, err := w.Get(t.Context(), out.Set.ID)
		if err != nil || got.Effects[0].State != change.EffectDone || got.Effects[1].Seen != guardrails.Digest([]byte("old\nand more\n")) {
			t.Errorf("%+v, %v", got.Effects, err)
		}

		undo, err := w.Undo(t.Context(), out.Set.ID, ann)
		if err != nil {
			t.Fatal(err)
		}
		if undo, err = w.Stage(t.Context(), undo.ID); err != nil {
			t.Fatal(err)
		}
		if v := w.show(undo.ID); !v.Ask.Name || v.Ask.Want != "context" {
			t.Errorf("undoing deletes a file, yet asks only for %+v", v.Ask)
		}
		if _, err := w.confirm(undo.ID, ann); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Apply(t.Context(), undo.ID); err != nil {
			t.Fatal(err)
		}
		if w.file("context/new.md") != "(none)" || w.file("context/old.md") != "old\n" || w.file("context/keep.md") != "keep\n" {
			t.Error("not undone")
		}
		_, err = w.Undo(t.Context(), out.Set.ID, ann)
		wantKind(t, err, fault.Conflict)
	})
}

func TestOneGrantOneExecution(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, nil)
		set := w.granted(tickets("a", "b"))
		// As many processes as submissions: nothing but the store keeps them apart.
		w.o.Trail = nil // the test's log is not part of the transaction
		services := make([]*change.Service, 100)
		for i := range services {
			s, err := change.New(w.o)
			if err != nil {
				t.Fatal(err)
			}
			services[i] = s
		}
		var done atomic.Int32
		var wg sync.WaitGroup
		for _, s := range services {
			wg.Go(func() {
				if _, err := s.Apply(context.Background(), set.ID); err == nil {
					done.Add(1)
				} else if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 1 || w.memo.writes["a"] != 1 || w.memo.writes["b"] != 1 {
			t.Errorf("%d executions, writes %v", done.Load(), w.memo.writes)
		}
		_, err := w.Apply(t.Context(), set.ID)
		wantKind(t, err, fault.Conflict) // replay
	})
}

func TestDriftWritesNothing(t *testing.T) {
	for name, at := range map[string]func(w *world) (string, error){
		"before staging": func(w *world) (string, error) {
			set := w.plan(publish())
			w.put("context/old.md", "theirs\n")
			_, err := w.Stage(w.t.Context(), set.ID)
			return set.ID, err
		},
		"before confirming": func(w *world) (string, error) {
			set := w.staged(publish())
			v := w.show(set.ID)
			w.put("context/old.md", "theirs\n")
			_, err := w.Confirm(w.t.Context(), set.ID, ann, change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: w.clock()})
			return set.ID, err
		},
		"before applying": func(w *world) (string, error) {
			set := w.granted(publish())
			w.put("context/old.md", "theirs\n")
			_, err := w.Apply(w.t.Context(), set.ID)
			return set.ID, err
		},
		"the new file came": func(w *world) (string, error) {
			set := w.granted(publish())
			w.put("context/new.md", "theirs\n")
			_, err := w.Apply(w.t.Context(), set.ID)
			return set.ID, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqlite(t), nil)
			id, err := at(w)
			wantKind(t, err, fault.Stale)
			if got := w.file("context/new.md"); got == "new\n" {
				t.Error("half of the set was written")
			}
			v := w.show(id)
			if v.State != change.Stale || len(v.Drift) != 1 || !strings.Contains(v.Drift[0].Diff, "+theirs") {
				t.Errorf("%s, drift %+v", v.State, v.Drift)
			}
			_, err = w.confirm(id, ann)
			wantKind(t, err, fault.Conflict)
		})
	}
}

func TestDriftBetweenTwoWrites(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("a", "b", "c"))
	w.memo.afterApply = func(wr change.Write) error {
		w.memo.objects["b"] = "theirs"
		return nil
	}
	out, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	if out.Set.State != change.Halted || w.memo.objects["b"] != "theirs" || w.memo.writes["c"] != 0 {
		t.Errorf("%s %v", out.Set.State, w.memo.objects)
	}
	undo, err := w.Undo(t.Context(), set.ID, ann) // of what was done: a alone
	if err != nil {
		t.Fatal(err)
	}
	if v := w.show(undo.ID); len(v.Changes) != 1 || v.Changes[0].Object != "a" {
		t.Errorf("%+v", v.Changes)
	}
}

func TestUndoNeverOverwritesOthers(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	out := w.applied(publish())
	w.put("context/old.md", "somebody went on\n")
	_, err := w.Undo(t.Context(), out.Set.ID, ann)
	wantKind(t, err, fault.Stale)
}

func TestLyingInverseIsFoundOut(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	w.memo.objects["a"] = "was"
	w.memo.lieInverse = true
	p := tickets()
	p.Changes = []change.Intended{{Op: "update", Object: "a", Body: []byte("is")}}
	set := w.staged(p)
	if set.Proof.Reversed || !set.Proof.Staged || set.Proof.Note == "" {
		t.Errorf("%+v", set.Proof)
	}
	_, err := w.confirm(set.ID, ann)
	wantCode(t, err, guardrails.Irreversible)

	p.Envelope.Irreversible = true
	set = w.staged(p)
	if v := w.show(set.ID); !v.Ask.Name {
		t.Error("an unproven change is confirmed by its digest")
	}
	if _, err := w.confirm(set.ID, ann); err != nil {
		t.Error(err)
	}
}

func TestTargetThatDoesSomethingElse(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("a", "b", "c"))
	w.memo.wrong = "b"
	out, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Unavailable)
	states := []change.EffectState{out.Effects[0].State, out.Effects[1].State, out.Effects[2].State}
	if want := []change.EffectState{change.EffectDone, change.EffectUnknown, change.EffectGranted}; !slices.Equal(states, want) || out.Set.State != change.Halted {
		t.Errorf("%v %s", states, out.Set.State)
	}
	_, err = w.Undo(t.Context(), set.ID, ann)
	wantKind(t, err, fault.Conflict)
}

func TestWhatReadsBackCountsMoreThanWhatWasReturned(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	p := tickets("a", "b", "c")
	p.Envelope.Stop.Failures = 1
	set := w.granted(p)
	w.memo.afterApply = func(wr change.Write) error {
		if wr.Object == "a" {
			return errors.New("timeout") // though it was done
		}
		return nil
	}
	w.memo.onApply = func(wr change.Write) error {
		if wr.Object == "b" {
			return errors.New("502")
		}
		return nil
	}
	out, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	if out.Effects[0].State != change.EffectDone || out.Effects[1].State != change.EffectFailed || out.Effects[2].State != change.EffectDone {
		t.Errorf("%+v", out.Effects)
	}
	if w.memo.writes["a"] != 1 || w.memo.writes["b"] != 0 || w.memo.writes["c"] != 1 {
		t.Errorf("writes %v", w.memo.writes)
	}
}

func TestALaterWriteThatSpoilsAnEarlierOneHalts(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("a", "b", "c"))
	w.memo.afterApply = func(wr change.Write) error {
		if wr.Object == "c" {
			w.memo.objects["a"] = "spoilt"
		}
		return nil
	}
	out, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	if out.Set.State != change.Halted || !strings.Contains(out.Set.Reason, "a was done and is no longer as planned") {
		t.Errorf("%s: %s", out.Set.State, out.Set.Reason)
	}
}

func TestAnApplyStopsWhenItTakesTooLong(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("a", "b", "c"))
	w.memo.afterApply = func(change.Write) error { w.wait(40 * time.Second); return nil }
	out, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	if !strings.Contains(out.Set.Reason, "longer than 1m0s") || w.memo.writes["c"] != 0 {
		t.Errorf("%q %v", out.Set.Reason, w.memo.writes)
	}
}

func TestSettleReadsBackAndNeverTriesBlindly(t *testing.T) {
	for name, tt := range map[string]struct {
		found   string // what the interrupted object reads; "" for not there
		settles bool
		want    change.EffectState
		end     change.State
	}{
		"it was done":       {"ticket a", true, change.EffectDone, change.Applied},
		"it was not":        {"", true, change.EffectGranted, change.Applied},
		"it cannot be told": {"", false, change.EffectUnknown, change.Halted},
		"it is neither":     {"half a tick", true, change.EffectUnknown, change.Halted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqlite(t), nil)
			set := w.granted(tickets("a", "b"))
			w.again(func(o *change.Options) {
				o.Hook = func(point string) {
					if point == "before write 0" {
						panic("killed")
					}
				}
			})
			func() {
				defer func() { _ = recover() }()
				_, _ = w.Apply(context.Background(), set.ID)
			}()
			if tt.found != "" {
				w.memo.objects["a"] = tt.found
			}
			w.again(func(o *change.Options) {
				o.Targets = slices.Clone(o.Targets)
				o.Targets[1].Manifest.Settles = tt.settles
			})
			left, err := w.Settle(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out, _ := w.Get(t.Context(), set.ID)
			if out.Effects[0].State != tt.want || (len(left) == 1) != (tt.end == change.Applied) {
				t.Errorf("%s, %d left", out.Effects[0].State, len(left))
			}
			out, _ = w.Resume(t.Context(), set.ID)
			if out.Set.State != tt.end {
				t.Errorf("ends %s, want %s", out.Set.State, tt.end)
			}
			wrote := map[bool]int{true: 1, false: 0}
			if w.memo.writes["a"] != wrote[tt.want == change.EffectGranted] || w.memo.writes["b"] != wrote[tt.end == change.Applied] {
				t.Errorf("writes %v", w.memo.writes)
			}
			if out, err := w.Resume(t.Context(), set.ID); tt.end == change.Applied && (err != nil || out.Set.State != change.Applied) {
				t.Errorf("resuming what is applied: %v", err)
			}
		})
	}
}

func TestAProcessThatWasReplacedMovesNothing(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("a", "b"))
	other := w.o
	other.Owner = "second"
	next, err := change.New(other)
	if err != nil {
		t.Fatal(err)
	}
	w.again(func(o *change.Options) {
		o.Hook = func(point string) {
			if point == "after write 0" { // frozen here while the other one takes over
				if _, err := next.Settle(context.Background(), "local"); err != nil {
					t.Error(err)
				}
				if _, err := next.Resume(context.Background(), set.ID); err != nil {
					t.Error(err)
				}
			}
		}
	})
	_, err = w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	if w.memo.writes["a"] != 1 || w.memo.writes["b"] != 1 {
		t.Errorf("writes %v", w.memo.writes)
	}
}

func TestChangedRulesVoidAPlan(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*change.Options)
		want guardrails.Code
	}{
		"policy": {func(o *change.Options) { o.Policy.Version = "policy-2" }, guardrails.PolicyChanged},
		"contract": {func(o *change.Options) {
			o.Contract = func(context.Context, string) (string, error) { return "feedback-synthesis@2.0.0", nil }
		}, guardrails.ContractChanged},
		"target": {func(o *change.Options) {
			o.Targets = slices.Clone(o.Targets)
			o.Targets[0].Manifest.Version = "files/2"
		}, guardrails.TargetChanged},
		"environment": {func(o *change.Options) { o.Policy.Environment = "production" }, guardrails.EnvironmentChanged},
		"solo mode":   {func(o *change.Options) { o.Policy.Solo = false }, guardrails.SoloNotSet},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqlite(t), nil)
			set := w.granted(publish())
			w.again(tt.edit)
			_, err := w.Apply(t.Context(), set.ID)
			wantCode(t, err, tt.want)
			if w.file("context/new.md") != "(none)" {
				t.Error("written")
			}
		})
	}
}

func TestNothingHappensWithoutItsRecord(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(publish())
	w.log.fail = true
	if _, err := w.Apply(t.Context(), set.ID); err == nil {
		t.Error("applied without an audit record")
	}
	if w.file("context/new.md") != "(none)" {
		t.Error("written without an audit record")
	}
	if _, err := w.Plan(t.Context(), publish()); err == nil {
		t.Error("planned without an audit record")
	}
	w.log.fail = false
	if out, _ := w.Get(t.Context(), set.ID); out.Set.State != change.Granted {
		t.Errorf("it is %s", out.Set.State)
	}
}

func TestPlanOnceForOneProposal(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	p := publish()
	p.Key = "run-1/publish"
	if a, b := w.plan(p), w.plan(p); a.ID != b.ID {
		t.Error("one proposal, two sets")
	}
	p = publish()
	p.Changes = []change.Intended{{Op: files.Update, Object: "context/old.md", Body: []byte("old\n")}}
	_, err := w.Plan(t.Context(), p)
	wantKind(t, err, fault.Conflict) // nothing to change
	for name, edit := range map[string]func(*change.Proposal){
		"no changes":     func(p *change.Proposal) { p.Changes = nil },
		"another target": func(p *change.Proposal) { p.Target = "prod" },
		"twice":          func(p *change.Proposal) { p.Changes = append(p.Changes, p.Changes[0]) },
		"too large":      func(p *change.Proposal) { p.Changes[0].Body = make([]byte, change.MaxBody+1) },
		"outside":        func(p *change.Proposal) { p.Changes[0].Object = "../x" },
	} {
		p := publish()
		edit(&p)
		if _, err := w.Plan(t.Context(), p); err == nil {
			t.Errorf("%s: planned", name)
		}
	}
}

func TestReject(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(publish())
	if _, err := w.Reject(t.Context(), set.ID, bob, "not now"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.Conflict)
	_, err = w.Reject(t.Context(), set.ID, bob, "again")
	wantKind(t, err, fault.Conflict)
	sets, _, err := w.List(t.Context(), change.Filter{State: change.Rejected}, "", 10)
	if err != nil || len(sets) != 1 || sets[0].Reason != "not now" {
		t.Errorf("%+v %v", sets, err)
	}
}
