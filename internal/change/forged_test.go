package change_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/target/targettest"
)

// forged is a store whose bytes somebody has edited.
type forged struct {
	change.Sets
	raw    []byte
	digest string
}

func (f forged) ChangeSet(ctx context.Context, id string) (change.Set, error) {
	s, err := f.Sets.ChangeSet(ctx, id)
	s.Bytes = f.raw
	if f.digest != "" {
		s.Digest = f.digest
	}
	return s, err
}

func TestMain(m *testing.M) {
	targettest.Main(map[string]targettest.Scenario{"lines": lines()})
	os.Exit(m.Run())
}

// lines is a target that shows every repetition: each write appends a line to
// one file and looks at nothing before.
func lines() targettest.Scenario {
	return targettest.Scenario{
		Open: func(dir string, _ func(string)) (change.Registered, error) {
			return change.Registered{
				Manifest: guardrails.Manifest{Name: "lines", Version: "1", Settles: true, Operations: []guardrails.Operation{{Name: "add", Class: guardrails.Create}}},
				Target:   lineTarget{filepath.Join(dir, "lines")},
			}, nil
		},
		Prepare: func(*testing.T, string) {},
		Changes: []change.Intended{{Op: "add", Object: "one"}, {Op: "add", Object: "two"}},
		Envelope: guardrails.Envelope{
			Allow:  []guardrails.Rule{{Target: "lines", Op: "add", Under: []string{guardrails.Everything}, Most: 2}},
			Window: time.Hour, Rate: guardrails.Rate{Most: 2, Per: time.Hour}, Stop: guardrails.Stop{After: time.Minute}, Irreversible: true,
		},
		Effects: func(t *testing.T, dir string) []int {
			raw, _ := os.ReadFile(filepath.Join(dir, "lines"))
			return []int{strings.Count(string(raw), "one\n"), strings.Count(string(raw), "two\n")}
		},
	}
}

type lineTarget struct{ path string }

func (l lineTarget) Read(_ context.Context, object string) (guardrails.State, error) {
	raw, _ := os.ReadFile(l.path)
	if strings.Contains(string(raw), object+"\n") {
		return guardrails.State{Digest: guardrails.Digest([]byte(object))}, nil
	}
	return guardrails.State{Digest: guardrails.Absent}, nil
}

func (l lineTarget) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	var m change.Measured
	for _, in := range intended {
		before, _ := l.Read(ctx, in.Object)
		m.Changes = append(m.Changes, guardrails.Change{Op: in.Op, Object: in.Object, Objects: 1, Before: before, After: guardrails.Digest([]byte(in.Object))})
	}
	return m, nil
}

func (lineTarget) Stage(context.Context, []guardrails.Change) (change.Stage, error) {
	return nil, change.ErrNoStaging
}

func (l lineTarget) Apply(_ context.Context, w change.Write) error {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(w.Object + "\n")
	return err
}

func TestKilledAtEveryPoint(t *testing.T) { targettest.Crash(t, "lines", lines()) }

func TestPicturesMatchTheMoves(t *testing.T) {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	sets := []change.State{
		change.Planned, change.Staged, change.Granted, change.Applying, change.Applied, change.Halted, change.Rejected, change.Stale,
	}
	picture := regexp.MustCompile(`(?s)// State is.*?type State`).FindString(string(src))
	moves := 0
	for _, from := range sets {
		if !strings.Contains(picture, string(from)) {
			t.Errorf("the picture does not name %s", from)
		}
		for _, to := range sets {
			if _, err := from.To(to); err == nil {
				moves++
			}
		}
	}
	if moves != 11 { // five arrows along the top and down, and two from each of the first three
		t.Errorf("%d moves", moves)
	}
	effects := []change.EffectState{
		change.EffectPlanned, change.EffectStaged, change.EffectProven, change.EffectGranted, change.EffectExecuting,
		change.EffectDone, change.EffectFailed, change.EffectUnknown,
	}
	picture = regexp.MustCompile(`(?s)// EffectState is.*?type EffectState`).FindString(string(src))
	for _, e := range effects {
		if !strings.Contains(picture, string(e)) {
			t.Errorf("the picture does not name %s", e)
		}
		for _, to := range effects {
			_, err := e.To(to)
			done := e == change.EffectDone || e == change.EffectFailed || e == change.EffectUnknown
			if err == nil && done {
				t.Errorf("%s goes on to %s", e, to)
			}
			if err == nil && to == change.EffectExecuting && e != change.EffectGranted {
				t.Errorf("%s is executed without a grant", e)
			}
		}
	}
}

// A unified diff says everything: applied to the old text it gives the new one.
func TestDiffsAreComplete(t *testing.T) {
	w := newWorld(t, sqlite(t), nil)
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d\n", "\n"}), 0, 30).Draw(t, "lines"), "")
	})
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		before, after := text.Draw(rt, "before"), text.Draw(rt, "after")
		if before == after {
			return
		}
		n++
		object := fmt.Sprintf("o%d", n)
		w.memo.mu.Lock()
		w.memo.objects = map[string]string{object: before}
		w.memo.mu.Unlock()
		p := tickets()
		p.Changes = []change.Intended{{Op: "update", Object: object, Body: []byte(after)}}
		set, err := w.Plan(t.Context(), p)
		if err != nil {
			rt.Fatal(err)
		}
		v, err := w.Show(t.Context(), set.ID)
		if err != nil {
			rt.Fatal(err)
		}
		if got := patch(rt, before, v.Changes[0].Diff); got != after {
			rt.Fatalf("%q patched with\n%s\nis %q, want %q", before, v.Changes[0].Diff, got, after)
		}
	})
}

// patch applies a unified diff and checks its line numbers and context.
func patch(t *rapid.T, before, diff string) string {
	old := strings.SplitAfter(before, "\n")
	var out strings.Builder
	at, lines := 0, 0
	for l := range strings.Lines(diff) {
		if strings.HasPrefix(l, "@@") {
			var from, count int
			if _, err := fmt.Sscanf(l, "@@ -%d,%d", &from, &count); err != nil {
				if _, err := fmt.Sscanf(l, "@@ -%d", &from); err != nil {
					t.Fatalf("hunk %q", l)
				}
				count = 1
			}
			if count > 0 {
				from--
			}
			for ; at < from; at++ {
				out.WriteString(old[at])
				lines++
			}
			continue
		}
		switch l[0] {
		case '+':
			out.WriteString(l[1:])
		case ' ', '-':
			if at >= len(old) || old[at] != l[1:] {
				t.Fatalf("line %d: the diff says %q", at+1, l)
			}
			if l[0] == ' ' {
				out.WriteString(old[at])
			}
			at++
		}
	}
	for ; at < len(old); at++ {
		out.WriteString(old[at])
	}
	return out.String()
}
