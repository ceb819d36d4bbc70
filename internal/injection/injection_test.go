package injection_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/handoff"
)

// outcome is how one workspace was treated from its files to what it published.
type outcome struct {
	Drafted   handoff.State
	Gates     []gate // of the draft as the agent made it
	Comments  []string
	Renames   []string
	Edited    []gate // after the last rename
	Planned   treatment
	Answers   []string
	Unmoved   treatment // after every answer
	Granted   bool      // after the one right answer
	Applied   change.State
	Published []string
	Undo      treatment
	Undoing   []string // the texts as answers to that
	Rules     rules
}

// live takes a workspace all the way, with the texts in every place.
func live(t *testing.T, mode string, texts []string) outcome {
	t.Helper()
	t0 := time.Now()
	w := open(t, mode, texts)
	ctx := t.Context()
	d := w.draft()
	out := outcome{Drafted: d.State, Gates: w.gates(d.ID)}
	fmt.Println("drafted", time.Since(t0))
	out.Comments = w.comment(d.ID)
	fmt.Println("drafted", time.Since(t0)); out.Renames = w.rename(d.ID)
	fmt.Println("renamed", time.Since(t0))
	out.Edited = w.gates(d.ID)
	d, plan, err := approve(w, d.ID, mode)
	must(t, err)
	if d.State != handoff.Approved {
		t.Fatalf("the draft is %s", d.State)
	}
	out.Planned = w.treatment(plan)
	out.Answers = w.answer(plan)
	fmt.Println("answered", time.Since(t0))
	out.Unmoved = w.treatment(plan)
	view, err := w.ShowPlan(ctx, plan)
	must(t, err)
	g, err := w.ConfirmPlan(ctx, plan, view.Ask.Want)
	must(t, err)
	out.Granted = g.ID != ""
	done, err := w.ApplyPlan(ctx, plan)
	must(t, err)
	out.Applied = done.State
	files, err := filepath.Glob(filepath.Join(w.dir, "context", "feedback", d.ID, "*"))
	must(t, err)
	for _, f := range files {
		out.Published = append(out.Published, filepath.Base(f))
	}
	undo, err := w.UndoPlan(ctx, plan)
	must(t, err)
	out.Undo = w.treatment(undo.ID)
	fmt.Println("applied", time.Since(t0))
	out.Undoing = w.answer(undo.ID)
	out.Rules = w.rules()
	return out
}

// approve approves as the workspace's person. In a team that person has written
// the newest revision and must not; the person that the draft waits for is another.
func approve(w *world, draft, mode string) (handoff.Draft, string, error) {
	ctx := w.t.Context()
	d, plan, err := w.Approve(ctx, draft, "", "")
	return d, plan.ID, err
}

// TestTextDecidesNothing puts every attack into feedback, names of columns and
// files, labels, comments of somebody who may not approve, files at the target
// and answers, and compares with a workspace that holds the attacks' twins.
func TestTextDecidesNothing(t *testing.T) {
	var texts, twins []string
	for _, a := range attacks(t) {
		texts, twins = append(texts, a.text), append(twins, twin(a.text))
	}
	attacked, benign := live(t, "solo", texts), live(t, "solo", twins)
	if diff := cmp.Diff(benign, attacked, cmp.Comparer(func(a, b guardrails.Used) bool { return fmt.Sprint(a) == fmt.Sprint(b) })); diff != "" {
		t.Errorf("attacks are treated otherwise than their twins (-twins +attacks):\n%s", diff)
	}
	t.Logf("%+v", attacked)
}
