package landscape_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"roleos/internal/artefact/landscape"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// talk is a sample, made up for these tests.
var talk = [][2]string{
	{"Ada Example", "We should ask for a second signature on large transfers."},
	{"Ben Sample", "I don't think a second signature is realistic for small teams."},
	{"Cleo Specimen", "Who owns the approval screen of the transfers?"},
	{"Ben Sample", "The approval screen belongs to the payments team."},
	{"Ada", "We decided to ask for it above ten thousand euros."},
}

func records() []evidence.Record {
	var out []evidence.Record
	for i, s := range talk {
		out = append(out, evidence.Record{ID: fmt.Sprintf("m%d", i+1), Text: s[1], Origin: evidence.Origin{Speaker: s[0]}})
	}
	return out
}

func whole(i int) evidence.Quote {
	return evidence.Quote{RecordID: fmt.Sprintf("m%d", i), Text: talk[i-1][1], End: len(talk[i-1][1])}
}

func statement(i int, kind, who string) landscape.Statement {
	q := whole(i)
	return landscape.Statement{
		ID: landscape.StatementID(q.RecordID, q.Start, q.End), Kind: kind, Stakeholder: who, Text: q.Text, RecordID: q.RecordID, End: q.End, Score: .7, Cue: "x",
	}
}

func outline() landscape.Outline {
	o := landscape.Outline{
		Title: "Sample",
		Stakeholders: []landscape.Stakeholder{
			{ID: "ada-example", Name: "Ada Example", Kind: "person", Aliases: []landscape.Alias{{Name: "Ada", Why: "test"}}},
			{ID: "ben-sample", Name: "Ben Sample", Kind: "person"},
			{ID: "cleo-specimen", Name: "Cleo Specimen", Kind: "person"},
			{ID: "nobody", Name: "Nobody", Kind: "person"},
		},
		Statements: []landscape.Statement{
			statement(1, landscape.Proposal, "ada-example"), statement(2, landscape.Concern, "ben-sample"),
			statement(3, landscape.Asked, "cleo-specimen"), statement(5, landscape.Decision, "ada-example"),
		},
	}
	ids := []string{o.Statements[0].ID, o.Statements[1].ID}
	o.Conflicts = []landscape.Conflict{{
		ID: landscape.ConflictID("opposed stances", ids), Kind: "opposed stances", About: "second signature", Score: .9,
		Sides: []landscape.Side{{Stakeholder: "ada-example", Stance: "for", Statements: ids[:1]}, {Stakeholder: "ben-sample", Stance: "against", Statements: ids[1:]}},
	}}
	q1, q2 := whole(1), whole(2)
	o.Requirements = []landscape.Requirement{{ID: "r-1", Title: "second signature", StatementIDs: []string{ids[0], ids[1], o.Statements[3].ID}}}
	o.Stances = []landscape.Cell{
		{Stakeholder: "ada-example", Requirement: "r-1", Stance: "for", Quote: &q1}, {Stakeholder: "ben-sample", Requirement: "r-1", Stance: "against", Quote: &q2},
	}
	o.Answers = map[string]evidence.Quote{o.Statements[2].ID: whole(4)}
	return o
}

func compose(t *testing.T, o landscape.Outline) landscape.StakeholderLandscape {
	t.Helper()
	l, err := landscape.Compose(o, records())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestComposeCountsAndKeepsEverybody(t *testing.T) {
	l := compose(t, outline())
	s := l.Summary
	if s.Records != 5 || s.Heard != 3 || s.Stakeholders != 3 || s.Decisions != 1 || s.Unresolved != 1 || s.Questions != 1 || s.Unanswered != 0 {
		t.Errorf("summary %+v", s)
	}
	if l.Stakeholders[0].Name != "Ada Example" || l.Stakeholders[0].Records != 2 {
		t.Errorf("the alias does not count: %+v", l.Stakeholders[0])
	}
	status := map[string]string{}
	for _, x := range l.Statements {
		status[x.RecordID] = x.Status
	}
	for id, want := range map[string]string{"m1": "contested", "m2": "contested", "m3": "answered", "m5": "decided"} {
		if status[id] != want {
			t.Errorf("%s is %s, want %s", id, status[id], want)
		}
	}
	if !slices.ContainsFunc(l.Matrix, func(c landscape.Cell) bool {
		return c.Stakeholder == "cleo-specimen" && c.Stance == landscape.NoStance
	}) {
		t.Error("Cleo was heard, took no stance, and is not in the matrix")
	}
	body, err := l.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "null") {
		t.Errorf("a list is null: %s", body)
	}
	doc, err := evidence.NewDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Corpus(records())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Recompute(doc, l.Figures) {
		t.Errorf("%+v", m)
	}
	exempt := []string{"/figures", "/method", "/redaction", "/sources", "/findings", "/statements", "/questions", "/matrix", "/conflicts/*/score"}
	for _, at := range evidence.Unbacked(doc, l.Figures, exempt) {
		t.Errorf("no figure backs %s", at)
	}
}

func TestAStatementThatWasNotSaidIsRejected(t *testing.T) {
	o := outline()
	o.Statements[0].Text = "We must have a second signature on large transfers."
	l := compose(t, o)
	if len(l.Statements) != 3 || len(l.Rejected) != 1 || len(l.Conflicts) != 0 {
		t.Errorf("%d statements, %d rejected, %d conflicts with one side", len(l.Statements), len(l.Rejected), len(l.Conflicts))
	}
}

func TestARecordThatOccursTwiceIsRefused(t *testing.T) {
	r := records()
	if _, err := landscape.Compose(outline(), append(r, r[0])); err == nil {
		t.Error("accepted")
	}
}

const none = fault.Internal

func TestReviewersChangeALandscape(t *testing.T) {
	base := compose(t, outline())
	first, decision, conflict := base.Statements[0].ID, base.Decisions[0].StatementID, base.Conflicts[0].ID
	for _, c := range []struct {
		edit  landscape.Change
		kind  fault.Kind // none when it is accepted
		note  string
		check func(l landscape.StakeholderLandscape) bool
	}{
		{landscape.Change{Op: landscape.Resolve, Conflict: conflict, Side: "ben-sample", Why: "small teams come first"}, none, "settled", func(l landscape.StakeholderLandscape) bool {
			return !l.Conflicts[0].Open && l.Conflicts[0].Resolution.By == "pm" && l.Summary.Unresolved == 0 && l.Statements[0].Status != landscape.Contested
		}},
		{landscape.Change{Op: landscape.Resolve, Conflict: conflict, Side: "cleo-specimen", Why: "no side"}, fault.Invalid, "", nil},
		{landscape.Change{Op: landscape.Resolve, Conflict: conflict, Side: "ben-sample"}, fault.Invalid, "", nil},
		{landscape.Change{Op: landscape.Resolve, Conflict: "c-none", Side: "ben-sample", Why: "x"}, fault.NotFound, "", nil},
		{landscape.Change{Op: landscape.Merge, Stakeholder: "cleo-specimen", Into: "ben-sample"}, none, "merged Cleo Specimen", func(l landscape.StakeholderLandscape) bool {
			return len(l.Stakeholders) == 2 && l.Redirects["cleo-specimen"] == "ben-sample" && l.Stakeholders[0].Records == 3
		}},
		{landscape.Change{Op: landscape.Merge, Stakeholder: "ada-example", Into: "ben-sample"}, none, "merged", func(l landscape.StakeholderLandscape) bool {
			return len(l.Conflicts) == 0 // nobody stands against themselves
		}},
		{landscape.Change{Op: landscape.Merge, Stakeholder: "ada-example", Into: "ada-example"}, fault.Invalid, "", nil},
		{landscape.Change{Op: landscape.Rename, Stakeholder: "ada-example", Name: "Treasury"}, none, "renamed", func(l landscape.StakeholderLandscape) bool {
			return l.Stakeholders[0].Name == "Treasury" && l.Stakeholders[0].Records == 2
		}},
		{landscape.Change{Op: landscape.Rename, Stakeholder: "ada-example", Name: "ben sample"}, fault.Conflict, "", nil},
		{landscape.Change{Op: landscape.Drop, Statement: decision}, none, "dropped", func(l landscape.StakeholderLandscape) bool {
			return l.Summary.Decisions == 0 && l.Redirects[decision] == landscape.Dropped && l.Gaps[0].What == "Decisions"
		}},
		{landscape.Change{Op: landscape.Retype, Statement: first, Kind: landscape.Action}, none, "from proposal to action", func(l landscape.StakeholderLandscape) bool {
			return l.Summary.Actions == 1 && l.Statements[0].Confirmed == "pm"
		}},
		{landscape.Change{Op: landscape.Retype, Statement: first, Kind: "wish"}, fault.Invalid, "", nil},
		{landscape.Change{Op: landscape.Confirm, Statement: decision}, none, "confirmed", func(l landscape.StakeholderLandscape) bool { return l.Statements[3].Confirmed == "pm" }},
		{landscape.Change{Op: landscape.Assign, Statement: first, Owner: "cleo-specimen"}, none, "is to do", func(l landscape.StakeholderLandscape) bool {
			return l.Statements[0].Owner == "cleo-specimen"
		}},
		{landscape.Change{Op: "average_conflict", Conflict: conflict}, fault.Invalid, "", nil},
	} {
		body, err := base.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		edit, err := json.Marshal(c.edit)
		if err != nil {
			t.Fatal(err)
		}
		next, note, err := landscape.Edit(body, edit, "pm", records())
		if c.kind != none {
			if fault.KindOf(err) != c.kind {
				t.Errorf("%+v: %v, want %s", c.edit, err, c.kind)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c.edit, err)
			continue
		}
		l, err := landscape.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(note, c.note) || !c.check(l) {
			t.Errorf("%+v: %q gave %s", c.edit, note, next)
		}
		if d := landscape.Diff(base, l); len(d) == 0 {
			t.Errorf("%+v: no difference is told", c.edit)
		}
		if d := landscape.Diff(l, l); len(d) != 0 {
			t.Errorf("a landscape differs from itself: %v", d)
		}
	}
}

func TestParseIsStrict(t *testing.T) {
	for _, body := range []string{`{`, `{"schema":"roleos/stakeholder-landscape/v2"}`, `{"schema":"roleos/stakeholder-landscape/v1","mood":"good"}`} {
		if _, err := landscape.Parse([]byte(body)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestIDsSayTheName(t *testing.T) {
	for name, want := range map[string]string{"Ada Example": "ada-example", "@ada_e": "ada-e", "Péter S.": "péter-s"} {
		if got := landscape.StakeholderID(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := landscape.StakeholderID("!!!"); !strings.HasPrefix(got, "p-") {
		t.Errorf("a name without letters: %q", got)
	}
}
