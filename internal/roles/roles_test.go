package roles_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"roleos/internal/roles"
)

func now() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }

func team(t *testing.T, own ...fs.FS) roles.Team {
	t.Helper()
	d, err := roles.Load(append([]fs.FS{roles.Embedded()}, own...)...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func folder(name, text string) fs.FS { return fstest.MapFS{name: {Data: []byte(text)}} }

// world knows everything that the team names.
func world(t roles.Team) roles.World {
	w := roles.World{Now: now()}
	for _, r := range t.Roles {
		w.Agents = append(w.Agents, r.Agents...)
		w.Workflows = append(w.Workflows, r.Workflows...)
		for _, o := range r.ContextOut {
			if o.Contract != "" {
				w.Contracts = append(w.Contracts, roles.Contract{ID: o.Contract, From: r.ID, To: "pm"})
			}
		}
	}
	return w
}

func TestTheEmbeddedTeamFitsTogether(t *testing.T) {
	all := team(t)
	want := []string{"architect", "data-engineer", "data-scientist", "designer", "leadership", "pm", "portfolio-owner", "qa"}
	if !slices.Equal(all.IDs(), want) {
		t.Errorf("roles %v, want %v", all.IDs(), want)
	}
	for _, f := range roles.Check(all, world(all)) {
		if f.Weight == roles.Problem {
			t.Errorf("%s: %s", f.Kind, f.Message)
		}
	}
}

// What the field says about the product manager: lead in discover, decide and
// evaluate; six standing sources with their cadences; five outputs.
func TestTheProductManagerIsAsTheFieldDescribesIt(t *testing.T) {
	pm, _ := team(t).Find("pm")
	got := ""
	for _, s := range roles.Stages() {
		got += string(pm.At(s)) + " "
	}
	if got != "lead lead support support consult lead " {
		t.Errorf("engagement %q", got)
	}
	for what, cadence := range map[string]roles.Cadence{
		"strategy": "quarterly", "constraints": "per-cycle", "quality-metrics": "weekly",
		"usage-analytics": "daily", "sales-notes": "weekly", "support-tickets": "daily",
	} {
		if in, ok := pm.Takes(what); !ok || in.Cadence != cadence {
			t.Errorf("takes %s %s, want %s", what, in.Cadence, cadence)
		}
	}
	for _, what := range []string{"problem-brief", "shaped-pitch", "priority-decisions", "customer-context", "cycle-learnings"} {
		if _, ok := pm.Gives(what); !ok {
			t.Errorf("does not give %s", what)
		}
	}
}

const analyst = `kind: Role
id: analyst
name: Analyst
purpose: Answer questions.
engagement: {discover: support}
context_in:
- {what: strategy, says: s, format: [docx], cadence: weekly, from: "role:leadership"}
- {what: gossip, says: s, format: [md], cadence: weekly, from: "role:pm"}
- {what: rumours, says: s, format: [md], cadence: weekly, from: "role:barista"}
context_out:
- {what: slides, says: s, format: [pptx], cadence: weekly, to: ["role:leadership"]}
agents: [oracle]
workflows: [guess]
`

func TestCheckNamesWhatDoesNotFit(t *testing.T) {
	base := team(t)
	all := team(t, folder("analyst.yaml", analyst))
	w := world(base)
	w.Contracts = append(w.Contracts, roles.Contract{ID: "espresso", From: "pm", To: "barista"})
	var got []string
	for _, f := range roles.Check(all, w) {
		if f.Weight == roles.Problem {
			got = append(got, fmt.Sprintf("%s %s:%d %s", f.Kind, f.File, f.Line, f.Message))
		}
	}
	want := []string{
		`unknown :0 contract espresso names role "barista", which nobody is`,
		`unproduced roles/analyst.yaml:7 analyst takes strategy from leadership, who gives it to others only`,
		`format roles/analyst.yaml:7 analyst reads strategy as docx, and leadership gives it as md`,
		`cadence roles/analyst.yaml:7 analyst needs strategy weekly, and leadership gives it quarterly`,
		`unproduced roles/analyst.yaml:8 analyst takes gossip from pm, and pm does not produce it`,
		`unknown roles/analyst.yaml:9 analyst takes rumours from role "barista", which nobody is`,
		`unconsumed roles/analyst.yaml:11 nobody takes slides from analyst`,
		`unknown roles/analyst.yaml:0 analyst names agent "oracle", and there is none`,
		`unknown roles/analyst.yaml:0 analyst names workflow "guess", and there is none`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestARoleThatTakesAndNeverGivesIsNamed(t *testing.T) {
	all := team(t, folder("guest.yaml", "kind: Role\nid: guest\nname: G\npurpose: p\nengagement: {discover: consult}\ncontext_in:\n"+
		"- {what: priority-decisions, says: s, format: [md], cadence: per-cycle, from: \"role:pm\"}\n"),
		folder("ghost.yaml", "kind: Role\nid: ghost\nname: G\npurpose: p\n"))
	var got []string
	for _, f := range roles.Check(all, world(all)) {
		if f.Weight == roles.Problem {
			got = append(got, f.Kind+": "+f.Message)
		}
	}
	want := []string{"orphan: ghost engages in no stage", "one-sided: guest takes 1 inputs and gives nothing"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAWorkspaceReplacesAndExtendsRoles(t *testing.T) {
	all := team(t, folder("pm.yaml", `kind: Role
id: pm
extends: pm
engagement: {ship: support}
drop: [customer-context]
context_in:
- {what: strategy, says: Ours comes monthly., format: [md], cadence: monthly, from: "role:leadership"}
agents: [own-agent]
`))
	pm, _ := all.Find("pm")
	if pm.At("ship") != roles.Support || pm.At("discover") != roles.Lead {
		t.Errorf("engagement %v", pm.Engagement)
	}
	if in, _ := pm.Takes("strategy"); in.Cadence != "monthly" {
		t.Errorf("strategy comes %s, want monthly", in.Cadence)
	}
	if _, ok := pm.Takes("constraints"); !ok {
		t.Error("constraints were lost")
	}
	if _, ok := pm.Gives("customer-context"); ok {
		t.Error("customer-context was not dropped")
	}
	if !slices.Contains(pm.Agents, "own-agent") || !slices.Contains(pm.Agents, "feedback-river") {
		t.Errorf("agents %v", pm.Agents)
	}
	if len(all.Roles) != 8 {
		t.Errorf("%d roles, want 8", len(all.Roles))
	}
}

func TestRolesAreReadStrictly(t *testing.T) {
	head := "kind: Role\nid: x\nname: X\npurpose: p\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":    {head + "engagment: {}\n", "x.yaml:5:1"},
		"stage":          {head + "engagement: {discovery: lead}\n", `x.yaml:5:14: "discovery" is no stage`},
		"level":          {head + "engagement: {discover: leads}\n", `x.yaml:5:24: "leads" is no engagement`},
		"cadence":        {head + "context_in:\n- {what: a, says: s, format: [md], cadence: often, from: \"role:pm\"}\n", `x.yaml:6:45: a has cadence "often"`},
		"party":          {head + "context_in:\n- {what: a, says: s, format: [md], cadence: daily, from: pm}\n", `a names "pm"; expected role:ID`},
		"no format":      {head + "context_in:\n- {what: a, says: s, cadence: daily, from: \"role:pm\"}\n", "a has no format"},
		"twice":          {head + "context_in:\n- {what: a, says: s, format: [md], cadence: daily, from: \"role:pm\"}\n- {what: a, says: s, format: [md], cadence: daily, from: \"role:pm\"}\n", "x.yaml:7:10: a is named twice"},
		"other name":     {"kind: Role\nid: y\nname: X\npurpose: p\n", `id is "y", but the file is named x.yaml`},
		"no purpose":     {"kind: Role\nid: x\nname: X\n", "the role has to say its purpose"},
		"extends nobody": {"kind: Role\nid: x\nextends: nobody\n", `x.yaml:3:10: there is no role "nobody" to build on`},
	} {
		_, err := roles.Load(folder("x.yaml", c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestInputsPastTheirCadenceAreNamed(t *testing.T) {
	pm, _ := team(t).Find("pm")
	used := []roles.Found{
		roles.Describe("context/strategy.md", []byte("---\nkind: strategy\ndate: 2026-05-01\n---\n# S\n"), now()),
		roles.Describe("context/limits.md", []byte("---\nkind: constraints\ndate: 2026-10-01\n---\n"), now()),
		roles.Describe("exports/support_tickets_oct.csv", []byte("id,text\n"), now().AddDate(0, 0, -9)),
		roles.Describe("exports/unknown.csv", nil, now().AddDate(-1, 0, 0)),
	}
	var got []string
	for _, f := range roles.Stale(pm, used, now()) {
		got = append(got, f.Message)
	}
	want := []string{
		"context/strategy.md is of 1 May 2026, 185 days ago; strategy comes quarterly from leadership, so it is 93 days late",
		"exports/support_tickets_oct.csv was last changed 24 October 2026, 9 days ago; support-tickets comes daily from support, so it is 8 days late",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestCadenceHasADayOfGrace(t *testing.T) {
	hour := time.Hour
	for _, c := range []struct {
		cadence roles.Cadence
		age     time.Duration
		late    bool
	}{
		{"daily", 47 * hour, false},
		{"daily", 49 * hour, true},
		{"weekly", 8 * 24 * hour, false},
		{"weekly", 8*24*hour + 1, true},
		{"quarterly", 93 * 24 * hour, false},
		{"quarterly", 94 * 24 * hour, true},
		{"on-demand", 9000 * 24 * hour, false},
		{"daily", -hour, false},
	} {
		if _, late := c.cadence.Past(c.age); late != c.late {
			t.Errorf("%s after %s: late %v, want %v", c.cadence, c.age, late, c.late)
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add("a.md", []byte("---\nkind: strategy\ndate: 2026-01-01\n---\n"))
	f.Add(`C:\x\y`, []byte("---\n: [\n---"))
	f.Fuzz(func(_ *testing.T, name string, head []byte) { roles.Describe(name, head, time.Time{}) })
}
