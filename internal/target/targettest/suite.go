package targettest

import (
	"bytes"
	"errors"
	"testing"

	"roleos/guardrails"
	"roleos/internal/change"
)

// Fixture is a fresh target with something in it.
type Fixture struct {
	change.Registered
	// Creates, Replaces and Removes are one intended write each, of different
	// objects: the first is not there, the others are. A target without one of
	// them leaves it empty.
	Creates, Replaces, Removes change.Intended
	// Refused are writes that Plan must refuse: too large, outside, not a thing of this target.
	Refused []change.Intended
	// Tamper changes an object behind the target's back, or makes it.
	Tamper func(t *testing.T, object string)
}

func (f Fixture) all() []change.Intended {
	var out []change.Intended
	for _, in := range []change.Intended{f.Creates, f.Replaces, f.Removes} {
		if in.Op != "" {
			out = append(out, in)
		}
	}
	return out
}

// Run runs the suite on fresh fixtures.
func Run(t *testing.T, fresh func(t *testing.T) Fixture) {
	for name, test := range map[string]func(*testing.T, Fixture){
		"plan measures and writes nothing":               plan,
		"the manifest knows every operation":             manifest,
		"staging leaves the original alone":              stage,
		"the inverse restores the copy":                  inverse,
		"apply, read back, and take back":                apply,
		"drift writes nothing":                           drift,
		"twice is once":                                  twice,
		"what is beyond the limits is refused":           refused,
		"a cancelled context writes nothing":             cancelled,
		"a stage refuses what the original is not asked": stageDrift,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func mustPlan(t *testing.T, f Fixture, in ...change.Intended) []guardrails.Change {
	t.Helper()
	m, err := f.Target.Plan(t.Context(), in)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if len(m.Changes) != len(in) {
		t.Fatalf("%d changes planned for %d", len(m.Changes), len(in))
	}
	return m.Changes
}

func mustRead(t *testing.T, on change.Object, object string) guardrails.State {
	t.Helper()
	st, err := on.Read(t.Context(), object)
	if err != nil {
		t.Fatalf("read %s: %v", object, err)
	}
	return st
}

func writeOf(c guardrails.Change) change.Write {
	return change.Write{
		Key: guardrails.Digest([]byte(c.Object + c.Op))[:32], Op: c.Op, Object: c.Object, Body: c.Body, Before: c.Before.Digest, After: c.After,
	}
}

func inverseOf(c guardrails.Change) change.Write {
	return change.Write{
		Key: guardrails.Digest([]byte(c.Object + "inverse"))[:32], Op: c.Inverse.Op, Object: c.Object, Body: c.Inverse.Body,
		Before: c.After, After: c.Before.Digest,
	}
}

func plan(t *testing.T, f Fixture) {
	m, err := f.Target.Plan(t.Context(), f.all())
	if err != nil {
		t.Fatal(err)
	}
	if m.Population < 0 {
		t.Error("the population of a small target is not known")
	}
	for i, c := range m.Changes {
		in := f.all()[i]
		if c.Op != in.Op || c.Object != in.Object || !bytes.Equal(c.Body, in.Body) {
			t.Errorf("%s of %s was planned as %s of %s", in.Op, in.Object, c.Op, c.Object)
		}
		now := mustRead(t, f.Target, c.Object)
		if c.Before.Digest == "" || c.Before.Digest != now.Digest {
			t.Errorf("%s: planned against %q, it reads %q: planning writes nothing", c.Object, c.Before.Digest, now.Digest)
		}
		if c.Objects < 1 {
			t.Errorf("%s: the objects touched are not measured", c.Object)
		}
		if c.After == c.Before.Digest {
			t.Errorf("%s: nothing would change", c.Object)
		}
	}
}

func manifest(t *testing.T, f Fixture) {
	if f.Manifest.Name == "" || f.Manifest.Version == "" {
		t.Error("the manifest has no name or no version")
	}
	want := map[string]guardrails.Class{f.Creates.Op: guardrails.Create, f.Replaces.Op: guardrails.Update, f.Removes.Op: guardrails.Delete}
	for op, class := range want {
		if got := f.Manifest.Class(op); op != "" && got != class {
			t.Errorf("%s is %s, want %s", op, got, class)
		}
	}
	if f.Manifest.Class("anything else") != guardrails.Unknown {
		t.Error("an operation that is not listed is known")
	}
}

func mustStage(t *testing.T, f Fixture, changes []guardrails.Change) change.Stage {
	t.Helper()
	st, err := f.Target.Stage(t.Context(), changes)
	if errors.Is(err, change.ErrNoStaging) {
		t.Skip("this target cannot be staged")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func stage(t *testing.T, f Fixture) {
	changes := mustPlan(t, f, f.all()...)
	st := mustStage(t, f, changes)
	for _, c := range changes {
		if got := mustRead(t, st, c.Object); got.Digest != c.Before.Digest {
			t.Errorf("%s: the copy is not the original", c.Object)
		}
		if err := st.Apply(t.Context(), writeOf(c)); err != nil {
			t.Fatalf("%s: %v", c.Object, err)
		}
		if got := mustRead(t, st, c.Object); got.Digest != c.After {
			t.Errorf("%s: the copy did not become what was planned", c.Object)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != c.Before.Digest {
			t.Errorf("%s: staging changed the original", c.Object)
		}
	}
}

func inverse(t *testing.T, f Fixture) {
	changes := mustPlan(t, f, f.all()...)
	st := mustStage(t, f, changes)
	print := func() string {
		p, err := st.Fingerprint(t.Context())
		if err != nil || p == "" {
			t.Fatalf("fingerprint %q: %v", p, err)
		}
		return p
	}
	before := print()
	for _, c := range changes {
		last := print()
		if err := st.Apply(t.Context(), writeOf(c)); err != nil {
			t.Fatal(err)
		}
		if print() == last {
			t.Errorf("%s: the fingerprint does not see the change", c.Object)
		}
	}
	for i := len(changes) - 1; i >= 0; i-- {
		if err := st.Apply(t.Context(), inverseOf(changes[i])); err != nil {
			t.Fatalf("inverse of %s: %v", changes[i].Object, err)
		}
	}
	if print() != before {
		t.Error("the inverse does not restore the copy")
	}
}

func apply(t *testing.T, f Fixture) {
	for _, c := range mustPlan(t, f, f.all()...) {
		if err := f.Target.Apply(t.Context(), writeOf(c)); err != nil {
			t.Fatalf("%s: %v", c.Object, err)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != c.After {
			t.Errorf("%s reads back as %s, planned was %s", c.Object, got.Digest, c.After)
		}
		if c.Inverse.Op == "" {
			continue
		}
		if err := f.Target.Apply(t.Context(), inverseOf(c)); err != nil {
			t.Fatalf("inverse of %s: %v", c.Object, err)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != c.Before.Digest || !bytes.Equal(got.Body, c.Before.Body) {
			t.Errorf("%s is not what it was", c.Object)
		}
	}
}

func drift(t *testing.T, f Fixture) {
	for _, c := range mustPlan(t, f, f.all()...) {
		w := writeOf(c)
		if w.Before = ""; f.Target.Apply(t.Context(), w) == nil {
			t.Errorf("%s: a write without a before-state is done", c.Object)
		}
		f.Tamper(t, c.Object)
		other := mustRead(t, f.Target, c.Object)
		if other.Digest == c.Before.Digest {
			t.Fatalf("%s: the fixture's Tamper changes nothing", c.Object)
		}
		if err := f.Target.Apply(t.Context(), writeOf(c)); !errors.Is(err, change.ErrDrift) {
			t.Errorf("%s %s after somebody else changed it: %v, want ErrDrift", c.Op, c.Object, err)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != other.Digest {
			t.Errorf("%s: somebody else's work was overwritten", c.Object)
		}
	}
}

func twice(t *testing.T, f Fixture) {
	for _, c := range mustPlan(t, f, f.all()...) {
		if err := f.Target.Apply(t.Context(), writeOf(c)); err != nil {
			t.Fatal(err)
		}
		if err := f.Target.Apply(t.Context(), writeOf(c)); err != nil && !errors.Is(err, change.ErrDrift) {
			t.Errorf("%s again: %v, want nil or ErrDrift", c.Object, err)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != c.After {
			t.Errorf("%s: the second attempt did something", c.Object)
		}
	}
}

func refused(t *testing.T, f Fixture) {
	for _, in := range f.Refused {
		if m, err := f.Target.Plan(t.Context(), []change.Intended{in}); err == nil {
			t.Errorf("%s of %.80q was planned: %+v", in.Op, in.Object, m.Changes)
		}
		w := change.Write{Key: "k", Op: in.Op, Object: in.Object, Body: in.Body, Before: guardrails.Absent, After: guardrails.Digest(in.Body)}
		if err := f.Target.Apply(t.Context(), w); err == nil {
			t.Errorf("%s of %.80q was applied", in.Op, in.Object)
		}
	}
}

func cancelled(t *testing.T, f Fixture) {
	changes := mustPlan(t, f, f.all()...)
	ctx := cancelledContext(t)
	for _, c := range changes {
		if err := f.Target.Apply(ctx, writeOf(c)); err == nil {
			t.Errorf("%s was written", c.Object)
		}
		if got := mustRead(t, f.Target, c.Object); got.Digest != c.Before.Digest {
			t.Errorf("%s was changed", c.Object)
		}
	}
}

func stageDrift(t *testing.T, f Fixture) {
	changes := mustPlan(t, f, f.all()...)
	st := mustStage(t, f, changes)
	for _, c := range changes {
		w := writeOf(c)
		w.Before = guardrails.Digest([]byte("something else"))
		if err := st.Apply(t.Context(), w); !errors.Is(err, change.ErrDrift) {
			t.Errorf("%s: %v, want ErrDrift", c.Object, err)
		}
	}
}
