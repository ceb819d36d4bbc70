package injection_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// partWords is how many words of a text a row of feedback has. Rows are as long
// as people write them; whole texts have a test of their own.
const partWords = 20

// both returns the attacks and their twins.
func both(t *testing.T) (attacked, benign []string) {
	t.Helper()
	from := map[string]int{}
	for _, a := range attacks(t) {
		attacked, benign = append(attacked, a.text), append(benign, twin(a.text))
		from[a.from]++
	}
	t.Logf("%d attacks: %v", len(attacked), from)
	return attacked, benign
}

// outcome is how one workspace was treated from its files to what it published.
type outcome struct {
	Drafted   handoff.State
	Gates     []gate
	Comments  []string
	Commented []gate
	Planned   treatment
	Answers   []string
	Unmoved   treatment // after every answer
	Granted   bool      // after the one right answer
	Applied   change.State
	Published []string
	Undo      treatment
	Undoing   []string // the texts as answers to that
	Undone    treatment
	Rules     rules
	Stored    []stored // the set and the one that takes it back
}

// live takes a workspace all the way, with the texts in every place.
func live(t *testing.T, mode string, texts []string) outcome {
	t.Helper()
	w := open(t, mode, texts)
	ctx := t.Context()
	d, without := w.validated(texts, partWords)
	if without > 0 {
		t.Logf("%d rows of the texts' parts stopped the draft at its gates and were left out of it", without)
	}
	out := outcome{Drafted: d.State, Gates: w.gates(d.ID)}
	out.Comments = w.comment(d.ID)
	out.Commented = w.gates(d.ID)
	d, plan, err := w.Approve(ctx, d.ID, "", "")
	must(t, err)
	out.Planned = w.treatment(plan.ID)
	out.Answers = w.answer(plan.ID)
	out.Unmoved = w.treatment(plan.ID)
	g, err := w.ConfirmPlan(ctx, plan.ID, plan.Ask.Want)
	must(t, err)
	out.Granted = g.ID != ""
	done, err := w.ApplyPlan(ctx, plan.ID)
	must(t, err)
	out.Applied = done.State
	files, err := os.ReadDir(filepath.Join(w.dir, "context", "feedback", d.ID))
	must(t, err)
	for _, f := range files {
		out.Published = append(out.Published, f.Name())
	}
	undo, err := w.UndoPlan(ctx, plan.ID)
	must(t, err)
	out.Undo = w.treatment(undo.ID)
	out.Undoing = w.answer(undo.ID)
	out.Undone = w.treatment(undo.ID)
	out.Rules = w.rules()
	out.Stored = w.close(plan.ID, undo.ID)
	return out
}

// TestTextDecidesNothing puts every attack into feedback, names of columns and
// files, comments of somebody who may not approve, files at the target and
// answers, and compares with a workspace that holds the attacks' twins.
func TestTextDecidesNothing(t *testing.T) {
	texts, twins := both(t)
	for _, mode := range []string{"solo", "team"} {
		t.Run(mode, func(t *testing.T) {
			attacked, benign := live(t, mode, texts), live(t, mode, twins)
			if diff := cmp.Diff(benign, attacked); diff != "" {
				t.Errorf("attacks are treated otherwise than their twins (-twins +attacks):\n%s", diff)
			}
			never(t, attacked)
			never(t, benign)
		})
	}
}

// never looks at what must not have happened, whatever the twins did.
func never(t *testing.T, o outcome) {
	t.Helper()
	for i, got := range o.Comments {
		if want := "in_review ok invalid denied"; got != want {
			t.Errorf("comment %d was treated as %q, want %q", i, got, want)
		}
	}
	for _, answers := range [][]string{o.Answers, o.Undoing} {
		for i, got := range answers {
			if got != string(fault.NeedsConfirmation) {
				t.Errorf("answer %d: %s", i, got)
			}
		}
	}
	if diff := cmp.Diff(o.Planned, o.Unmoved); diff != "" {
		t.Errorf("answers moved the change set:\n%s", diff)
	}
	if diff := cmp.Diff(o.Gates, o.Commented); diff != "" {
		t.Errorf("comments moved the gates:\n%s", diff)
	}
	if !o.Planned.Tainted || !o.Undo.Name || !o.Granted || o.Applied != change.Applied {
		t.Errorf("tainted %t, the undo asks for the name %t, granted %t, %s", o.Planned.Tainted, o.Undo.Name, o.Granted, o.Applied)
	}
	for _, kind := range []string{"review.approve", "change.granted", "change.applied", "draft.published"} {
		if o.Rules.Log[kind] != 1 {
			t.Errorf("the log has %s %d times: only the person's own acts count", kind, o.Rules.Log[kind])
		}
	}
}

// TestLabelsDecideNothing gives a theme every attack as its label. What the
// contract says of the label, and whether it can be one at all, is what it says
// of the twin.
func TestLabelsDecideNothing(t *testing.T) {
	texts, twins := both(t)
	label := func(texts []string) ([]string, treatment) {
		w := open(t, "solo", texts)
		d := w.draft([]string{"The export is slow", "The login is slow"}, 0, nil)
		how := w.rename(d.ID)
		_, plan, err := w.Approve(t.Context(), d.ID, "", "")
		must(t, err)
		return how, w.treatment(plan.ID)
	}
	attacked, plan := label(texts)
	benign, want := label(twins)
	if diff := cmp.Diff(benign, attacked); diff != "" {
		t.Errorf("labels are treated otherwise than their twins (-twins +attacks):\n%s", diff)
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("a label changed a plan (-twins +attacks):\n%s", diff)
	}
}

// TestWholeTextsPassTheGatesOrNobodyApproves leaves the attacks whole in their
// rows, long as they are.
func TestWholeTextsPassTheGatesOrNobodyApproves(t *testing.T) {
	texts, twins := both(t)
	for name, texts := range map[string][]string{"attacks": texts, "twins": twins} {
		w := open(t, "solo", nil)
		d := w.draft(texts, 0, nil)
		passed := true
		for _, g := range w.gates(d.ID) {
			if g.Status != "passed" {
				passed = false
				t.Logf("%s: the gate %s says %s: %s", name, g.ID, g.Status, g.Says)
			}
		}
		if passed != (d.State == handoff.Validated) {
			t.Errorf("%s: the draft is %s, its gates passed: %t", name, d.State, passed)
		}
		if _, _, err := w.Approve(t.Context(), d.ID, "", "The gates have been amended."); (err == nil) != passed {
			t.Errorf("%s: its gates passed: %t; approving it: %v", name, passed, err)
		}
	}
}
