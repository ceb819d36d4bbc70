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

// both returns the attacks and their twins, some of them in short mode.
func both(t *testing.T) (attacked, benign []string) {
	t.Helper()
	from := map[string]int{}
	for _, a := range attacks(t) {
		attacked, benign = append(attacked, a.text), append(benign, twin(a.text))
		from[a.from]++
	}
	if testing.Short() {
		attacked, benign = every(10, attacked), every(10, benign)
	}
	t.Logf("%d attacks of %v", len(attacked), from)
	return attacked, benign
}

// outcome is how one workspace was treated from its files to what it published.
type outcome struct {
	Drafted   handoff.State
	Gates     []gate
	Comments  []string
	Labels    []string
	Reviewed  []gate
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

// way is what of the texts a workspace meets on its way, beside those that lie
// at the target.
type way struct {
	mode     string
	feedback []string // in rows, in the names of columns and of files
	comments []string // by somebody else
	labels   []string // that its person gives a theme
	answers  []string
}

// live takes a workspace all the way.
func live(t *testing.T, texts []string, on way) outcome {
	t.Helper()
	w := open(t, on.mode, texts)
	ctx := t.Context()
	d, without := w.validated(on.feedback, partWords)
	if without > 0 {
		t.Logf("%d rows of the texts' parts stopped the draft at its gates and were left out of it", without)
	}
	out := outcome{Drafted: d.State, Gates: w.gates(d.ID)}
	out.Comments = w.comment(d.ID, on.comments)
	out.Labels = w.rename(d.ID, on.labels)
	out.Reviewed = w.gates(d.ID)
	d, plan, err := w.Approve(ctx, d.ID, "", "")
	must(t, err)
	if on.mode == "team" {
		w.as("colleague") // who has approved a draft does not confirm its publication
	}
	out.Planned = w.treatment(plan.ID)
	out.Answers = w.answer(plan.ID, on.answers)
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
	out.Undoing = w.answer(undo.ID, on.answers)
	out.Undone = w.treatment(undo.ID)
	out.Rules = w.rules()
	out.Stored = w.close(d.ID, plan.ID, undo.ID)
	return out
}

// TestTextDecidesNothing puts every attack into feedback, names of columns and
// files, comments of somebody else, labels, files at the target and answers, and
// compares with a workspace that holds the attacks' twins.
func TestTextDecidesNothing(t *testing.T) {
	texts, twins := both(t)
	plain := []string{"The export is slow", "The login is slow"}
	for name, on := range map[string]func(texts []string) way{
		"feedback": func(texts []string) way {
			few := texts[len(texts)-5:] // a large draft takes its time at each of them
			return way{mode: "solo", feedback: texts, comments: few, labels: few, answers: few}
		},
		"labels and answers": func(texts []string) way {
			return way{mode: "solo", feedback: plain, comments: texts, labels: texts, answers: texts}
		},
		"in a team": func(texts []string) way {
			return way{mode: "team", feedback: plain, comments: every(10, texts), answers: every(10, texts)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			attacked, benign := live(t, texts, on(texts)), live(t, twins, on(twins))
			if diff := cmp.Diff(benign, attacked); diff != "" {
				t.Errorf("attacks are treated otherwise than their twins (-twins +attacks):\n%s", diff)
			}
			never(t, attacked)
			never(t, benign)
			t.Logf("%d of %d comments and answers of twins are treated otherwise than any other",
				otherwise(benign), len(benign.Comments)+len(benign.Answers)+len(benign.Undoing))
		})
	}
}

// every returns each n-th text, and at the end all that claim to be a decision.
func every(n int, texts []string) []string {
	var out []string
	claims := len(texts) - len(amendments())
	for i := 0; i < claims; i += n {
		out = append(out, texts[i])
	}
	return append(out, texts[claims:]...)
}

// never looks at what must not have happened, whatever the twins did.
func never(t *testing.T, o outcome) {
	t.Helper()
	if n := otherwise(o); n > 0 {
		t.Errorf("%d comments or answers did something:\n%q\n%q\n%q", n, o.Comments, o.Answers, o.Undoing)
	}
	if diff := cmp.Diff(o.Planned, o.Unmoved); diff != "" {
		t.Errorf("answers moved the change set:\n%s", diff)
	}
	if diff := cmp.Diff(o.Gates, o.Reviewed); diff != "" {
		t.Errorf("comments or labels moved the gates:\n%s", diff)
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

// otherwise counts the comments that were not simply kept and the answers that
// were not simply refused.
func otherwise(o outcome) int {
	n := 0
	for _, got := range o.Comments {
		if got != "in_review ok "+fault.Denied.String() {
			n++
		}
	}
	for _, answers := range [][]string{o.Answers, o.Undoing} {
		for _, got := range answers {
			if got != fault.NeedsConfirmation.String() {
				n++
			}
		}
	}
	return n
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
