package change_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
)

// tool is a target that passes writes on to somebody else.
type tool struct{ *memo }

func (tool) Foreign() {}

func TestAForeignTargetNeedsAManifestSignedByUs(t *testing.T) {
	keys, others := keyfile.New(t.TempDir()), keyfile.New(t.TempDir())
	target := tool{newMemo()}
	seal := func(k change.Keys) change.SealedManifest {
		s, err := change.SealManifest(t.Context(), k, target.manifest())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ours := seal(keys)
	rapid.Check(t, func(rt *rapid.T) {
		forged := ours
		part := rapid.SampledFrom([]*[]byte{&forged.Bytes, &forged.Signature}).Draw(rt, "part")
		*part = slices.Clone(*part)
		(*part)[rapid.IntRange(0, len(*part)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if _, err := change.External(t.Context(), keys, forged, target); fault.KindOf(err) != fault.Denied || err == nil {
			rt.Fatalf("flipped, and taken: %v", err)
		}
	})
	for name, s := range map[string]change.SealedManifest{
		"another's key":             seal(others),
		"another's, under our name": {Bytes: ours.Bytes, Signature: seal(others).Signature, Key: ours.Key},
		"nothing":                   {},
	} {
		_, err := change.External(t.Context(), keys, s, target)
		if err == nil {
			t.Fatalf("%s: taken", name)
		}
		wantKind(t, err, fault.Denied)
	}
	signed, err := change.External(t.Context(), keys, ours, target)
	if err != nil {
		t.Fatal(err)
	}
	edited := signed
	edited.Manifest.Operations = []guardrails.Operation{{Name: "delete", Class: guardrails.Read}}
	for name, r := range map[string]change.Registered{
		"written by hand":     {Manifest: target.manifest(), Target: target},
		"edited after it was": edited,
	} {
		w := newWorld(t, sqlite(t), nil)
		o := w.o
		o.Targets = []change.Registered{r}
		if _, err := change.New(o); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			wantKind(t, err, fault.Denied)
		}
	}
	// With ours it works like any other, and what it does not list is refused.
	w := newWorld(t, sqlite(t), func(o *change.Options) { o.Targets = []change.Registered{signed} })
	w.staged(tickets("one"))
	p := tickets("two")
	p.Changes[0].Op = "drop"
	p.Envelope.Allow = append(p.Envelope.Allow, guardrails.Rule{Target: "tracker", Op: "drop", Under: []string{guardrails.Everything}, Most: 5})
	_, err = w.Plan(t.Context(), p)
	wantCode(t, err, guardrails.UnknownEffect)
}

// What we say about a target is part of what was confirmed, even when nobody
// thought of giving it a new version.
func TestAnotherManifestVoidsWhatWasGranted(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	set := w.granted(tickets("one"))
	w.again(func(o *change.Options) {
		o.Targets = slices.Clone(o.Targets)
		m := w.memo.manifest()
		m.Operations[0].Class = guardrails.Update // was Create
		o.Targets[1].Manifest = m
	})
	_, err := w.Apply(t.Context(), set.ID)
	wantCode(t, err, guardrails.TargetChanged)
	if len(w.memo.writes) > 0 {
		t.Errorf("written: %v", w.memo.writes)
	}
}

func TestManifestsThatContradictThemselvesAreNotTaken(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	for name, op := range map[string]guardrails.Operation{
		"twice": {Name: "create", Class: guardrails.Read}, "unknown": {Name: "drop"}, "unnamed": {Class: guardrails.Read},
	} {
		o := w.o
		m := w.memo.manifest()
		m.Operations = append(m.Operations, op)
		o.Targets = []change.Registered{{Manifest: m, Target: w.memo}}
		if _, err := change.New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
