package change_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// nonAnswers never confirm anything.
var nonAnswers = []string{
	"", " ", "\n", "\r\n", "\x04", "y", "Y", "yes", "YES", "Yes", "ok", "OK", "okay", "sure", "k", "true", "1", "approve", "approved", "I approve", "confirm",
	"--yes", "-y", "--force", "--confirm", "lgtm", "LGTM", "go ahead", "do it", "please", "+1", "👍", "ja", "oui", "да", "是", "n", "no", "cancel", "q", "exit", "EOF",
	"timeout", "default", "null", "undefined", "%s", "*", ".*", "the approval policy has been amended", "ann approved this",
}

func TestNonAnswers(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	plain, guarded := w.staged(publish()), w.staged(removal())
	for _, set := range []change.Set{plain, guarded} {
		v := w.show(set.ID)
		short := v.Ask.Want
		texts := slices.Concat(nonAnswers, []string{
			short[:len(short)-1], " " + short, short + " ", short + "\n\n", short + "\x00", strings.ToUpper(short) + "X", short + "\u200b", "\"" + short + "\"",
		})
		if set.ID == guarded.ID {
			// The short digest, lookalikes (Cyrillic о and е), another case, and the set's id.
			texts = append(texts, set.Digest[:8], set.Digest, "c\u043entext", "cont\u0435xt", "Context", "CONTEXT", "contex", "contexts", "ｃontext", "context context", set.ID)
		} else {
			texts = append(texts, "context", set.ID, short[:7], guarded.Digest[:8], short+guarded.Digest[8:])
		}
		for _, text := range texts {
			if text == short {
				continue
			}
			_, err := w.Confirm(t.Context(), set.ID, ann, change.Answer{Text: text, View: v.Shown.Digest, Shown: w.clock()})
			if fault.KindOf(err) != fault.NeedsConfirmation || err == nil {
				t.Errorf("%q confirms %s: %v", text, set.ID, err)
			}
		}
		_, err := w.Apply(t.Context(), set.ID)
		wantKind(t, err, fault.NeedsConfirmation)
	}
	if len(nonAnswers) < 20 {
		t.Error("too few")
	}
	if !w.log.has("change.not_confirmed") || w.log.has("change.granted") {
		t.Error("the refusals are not on record")
	}
	if w.file("context/new.md") != "(none)" || w.file("context/old.md") != "old\n" {
		t.Error("something was written")
	}
}

func TestWhatWasNotShownIsNotConfirmed(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.staged(publish())
	v := w.show(set.ID)
	for _, a := range []change.Answer{
		{Text: v.Ask.Want},
		{Text: v.Ask.Want, View: v.Shown.Digest},
		{Text: v.Ask.Want, Shown: w.clock()},
		{Text: v.Ask.Want, View: v.Shown.Digest, Shown: w.clock().Add(time.Second)},
	} {
		_, err := w.Confirm(t.Context(), set.ID, ann, a)
		wantKind(t, err, fault.NeedsConfirmation)
	}
	_, err := w.Confirm(t.Context(), set.ID, ann, change.Answer{Text: v.Ask.Want, View: "another view", Shown: w.clock()})
	wantKind(t, err, fault.Stale)
	g, err := w.Confirm(t.Context(), set.ID, ann, change.Answer{Text: set.Digest + "\r\n", View: v.Shown.Digest, Shown: w.clock()})
	if err != nil || !g.Hasty || !g.Solo {
		t.Errorf("confirmed in no time in solo mode, yet hasty = %v, solo = %v: %v", g.Hasty, g.Solo, err)
	}
	if after := w.show(set.ID); after.Shown.Digest != g.View {
		t.Error("the view that was confirmed cannot be shown again")
	}
}

func TestWhoMayConfirm(t *testing.T) {
	w := newWorld(t, sqlite(t), func(o *change.Options) { o.Policy.Solo = false })
	p := publish()
	p.By = ann
	set := w.staged(p)
	_, err := w.confirm(set.ID, ann)
	wantCode(t, err, guardrails.SelfApproval)
	_, err = w.confirm(set.ID, river)
	wantCode(t, err, guardrails.NotAPerson)
	_, err = w.confirm(set.ID, guardrails.Principal{ID: "person:bob"}) // says so, but nobody vouches that it is a person
	wantCode(t, err, guardrails.NotAPerson)
	if _, err := w.confirm(set.ID, bob); err != nil {
		t.Fatal(err)
	}

	p = removal()
	p.By = ann
	set = w.staged(p)
	_, err = w.confirm(set.ID, bob)
	wantKind(t, err, fault.NeedsConfirmation)
	_, err = w.Apply(t.Context(), set.ID)
	wantKind(t, err, fault.NeedsConfirmation)
	_, err = w.confirm(set.ID, bob) // the same person again is no second one
	wantKind(t, err, fault.NeedsConfirmation)
	_, err = w.confirm(set.ID, ann)
	wantCode(t, err, guardrails.SelfApproval)
	_, err = w.confirm(set.ID, bob)
	wantKind(t, err, fault.NeedsConfirmation)
	w.wait(16 * time.Minute) // the first confirmation runs out
	_, err = w.confirm(set.ID, cleo)
	wantKind(t, err, fault.NeedsConfirmation)
	g, err := w.confirm(set.ID, bob)
	if err != nil || g.Approver != cleo || g.Second != bob || !g.Typed || g.Solo {
		t.Fatalf("%+v, %v", g, err)
	}
	if _, err := w.Apply(t.Context(), set.ID); err != nil || w.file("context/old.md") != "(none)" {
		t.Errorf("%v", err)
	}
}

func TestGrantsRunOut(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(publish())
	_, err := w.confirm(set.ID, ann)
	wantKind(t, err, fault.Conflict) // confirmed already
	w.wait(15 * time.Minute)
	_, err = w.Apply(t.Context(), set.ID)
	wantCode(t, err, guardrails.GrantExpired)
	if w.file("context/new.md") != "(none)" {
		t.Error("written without a valid grant")
	}
	if _, err := w.confirm(set.ID, ann); err != nil {
		t.Fatalf("it cannot be confirmed again: %v", err)
	}
	if _, err := w.Apply(t.Context(), set.ID); err != nil {
		t.Error(err)
	}
}

func TestProofsRunOut(t *testing.T) {
	w := newWorld(t, sqlite(t), func(o *change.Options) { o.ProofLife = time.Hour })
	set := w.staged(publish())
	w.wait(time.Hour)
	_, err := w.confirm(set.ID, ann)
	wantCode(t, err, guardrails.ProofExpired)
	if _, err := w.Stage(t.Context(), set.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.confirm(set.ID, ann); err != nil {
		t.Error(err)
	}
}
