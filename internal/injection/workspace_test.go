package injection_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"roleos/agents"
	"roleos/config"
	"roleos/contracts"
	"roleos/guardrails"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/change"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store"
)

// complaints are the ordinary rows that every file has beside its text.
func complaints() []string {
	return []string{
		"The export to a spreadsheet stops after a thousand rows and says nothing",
		"Exporting a large report to a spreadsheet never finishes for us",
		"I was charged twice for the same month and nobody answers",
		"Two invoices for one month arrived, please refund the second charge",
		"The login page asks for the code again and again on my phone",
		"Signing in on the phone loops forever after the code is typed",
	}
}

// world is one workspace with the texts in every place that the outside can write to.
type world struct {
	*app.App
	t      *testing.T
	cfg    config.Config
	dir    string
	closed bool
}

// open makes the workspace. Files whose names and whose content are the texts
// lie where the agent's drafts are published.
func open(t *testing.T, mode string, texts []string) *world {
	t.Helper()
	dir := t.TempDir()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester", Flags: map[string]string{"review.mode": mode}})
	must(t, err)
	there := filepath.Join(dir, "context", "feedback", "there")
	must(t, os.MkdirAll(there, 0o755))
	for i, text := range texts {
		must(t, os.WriteFile(filepath.Join(there, fileName(i, text)+".md"), []byte(text), 0o644))
	}
	cfg.Team.Roles = roles()
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	must(t, err)
	w := &world{App: a, t: t, cfg: cfg, dir: dir}
	if mode == "team" {
		_, err := a.AttestAgent(t.Context(), "feedback-river")
		must(t, err)
	}
	t.Cleanup(func() {
		if !w.closed {
			must(t, w.App.Close())
		}
	})
	return w
}

// as goes on in the same workspace as another person.
func (w *world) as(user string) {
	w.t.Helper()
	must(w.t, w.App.Close())
	w.closed = true
	cfg, _, err := config.Load(config.Options{Workspace: w.dir, User: user, Flags: map[string]string{"review.mode": w.cfg.Review.Mode}})
	must(w.t, err)
	cfg.Team.Roles = roles()
	a, err := app.Open(w.t.Context(), app.Options{Config: cfg})
	must(w.t, err)
	w.App, w.cfg, w.closed = a, cfg, false
}

// fileName is the text as far as a file's name can hold it.
func fileName(i int, text string) string {
	name := fmt.Sprintf("%03d %s", i, strings.Map(func(r rune) rune {
		if r == '/' || r == 0 {
			return ' '
		}
		return r
	}, text))
	return cut(name, 150)
}

// cut returns at most n bytes of s, and no part of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// draft runs the agent over one file for each text: the text is the file's
// name, the name of a column, a value of it, and the feedback of a row or, in
// parts of so many words, of several. Zero leaves it whole.
func (w *world) draft(texts []string, part int, without map[string]bool) handoff.Draft {
	w.t.Helper()
	in := w.t.TempDir()
	id := 0
	for i, text := range texts {
		var b strings.Builder
		out := csv.NewWriter(&b)
		row := func(comment, value string) {
			if id++; without[fmt.Sprintf("r-%d", id)] {
				return
			}
			must(w.t, out.Write([]string{fmt.Sprintf("r-%d", id), fmt.Sprintf("2026-03-%02d", i%28+1), []string{"free", "team"}[i%2], comment, value}))
		}
		must(w.t, out.Write([]string{"id", "created_at", "plan", "comment", text}))
		for _, p := range parts(text, part) {
			row(p, "x")
		}
		row(complaints()[i%6], text)
		row(complaints()[(i+1)%6], "x")
		out.Flush()
		must(w.t, out.Error())
		must(w.t, os.WriteFile(filepath.Join(in, fileName(i, text)+".csv"), []byte(b.String()), 0o644))
	}
	o, err := w.Run(w.t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{in}, Map: map[string]string{"text": "comment"}})
	must(w.t, err)
	return o.Draft
}

// validated is a draft that passes its gates. A row of code or of sums can be
// one that the analyst quotes too shortly, and then the gates rightly stop the
// draft: such rows are left out, and only out of the feedback. It says how many.
func (w *world) validated(texts []string, part int) (handoff.Draft, int) {
	w.t.Helper()
	without := map[string]bool{}
	for range 10 {
		d := w.draft(texts, part, without)
		if d.State == handoff.Validated {
			return d, len(without)
		}
		v, err := w.View(w.t.Context(), d.ID, 0)
		must(w.t, err)
		for _, th := range v.Synthesis.Themes {
			for _, q := range th.Quotes {
				if r, ok := v.Records(q.RecordID); ok && evidence.CheckQuote(&r, q) != nil {
					without[r.ID] = true
				}
			}
		}
		for _, g := range v.Gates {
			if g.Status != "passed" && g.ID != "quotes-grounded" {
				w.t.Fatalf("the gate %s says %s: %s", g.ID, g.Status, g.Observed)
			}
		}
	}
	w.t.Fatal("no draft passes its gates")
	return handoff.Draft{}, 0
}

// parts cuts the text into pieces of at most n words, as they stand.
func parts(text string, n int) []string {
	if n == 0 {
		return []string{text}
	}
	var out []string
	words, from, inside := 0, 0, false
	for i, r := range text {
		switch space := unicode.IsSpace(r); {
		case space && inside:
			if words++; words%n == 0 {
				out, from = append(out, text[from:i]), i
			}
			inside = false
		case !space:
			inside = true
		}
	}
	if strings.TrimSpace(text[from:]) != "" {
		out = append(out, text[from:])
	}
	return out
}

// gate is what the contract said, without the words that it quotes.
type gate struct{ ID, Says, Status string }

func (w *world) gates(draft string) []gate {
	w.t.Helper()
	v, err := w.View(w.t.Context(), draft, 0)
	must(w.t, err)
	again, err := w.Recheck(w.t.Context(), draft)
	must(w.t, err)
	var out []gate
	for i, g := range v.Gates {
		out = append(out, gate{g.ID, g.Says, g.Status})
		if again.Gates[i].Status != g.Status {
			w.t.Errorf("gate %s said %s and says %s", g.ID, g.Status, again.Gates[i].Status)
		}
	}
	if len(out) == 0 {
		w.t.Error("no gate was checked")
	}
	return out
}

// rename gives a theme each text as its label, as a reviewer would who pastes
// it, and returns how each was treated.
func (w *world) rename(draft string, labels []string) []string {
	w.t.Helper()
	var out []string
	v, err := w.View(w.t.Context(), draft, 0)
	must(w.t, err)
	theme := v.Synthesis.Themes[0].ID
	for _, text := range labels {
		edit, err := json.Marshal(artefact.Edit{Op: artefact.Rename, Theme: theme, Label: cut(text, 80)})
		must(w.t, err)
		d, rev, err := w.App.Review(w.t.Context(), handoff.Act{Draft: draft, Verdict: handoff.Edit, Edit: edit})
		out = append(out, fmt.Sprintf("%s passed=%t %s", d.State, rev.Passed, kind(err)))
	}
	return out
}

// comment writes each text as the comment of somebody else, and as the name of
// somebody who approves.
func (w *world) comment(draft string, texts []string) []string {
	w.t.Helper()
	var out []string
	for _, text := range texts {
		d, _, err := w.Handoff.Review(w.t.Context(), handoff.Act{Draft: draft, By: "person:visitor", Verdict: handoff.Comment, Text: text})
		_, _, aerr := w.Handoff.Review(w.t.Context(), handoff.Act{Draft: draft, By: text, Verdict: handoff.Approve, Text: text})
		out = append(out, fmt.Sprintf("%s %s %s", d.State, kind(err), kind(aerr)))
	}
	return out
}

// answer gives each text as the answer to the question that confirms the set,
// and tries to apply without one.
func (w *world) answer(set string, texts []string) []string {
	w.t.Helper()
	var out []string
	for _, text := range texts {
		g, err := w.ConfirmPlan(w.t.Context(), set, text)
		if g.ID != "" || err == nil {
			w.t.Errorf("%.80q confirmed a change set", text)
		}
		out = append(out, kind(err))
	}
	_, err := w.ApplyPlan(w.t.Context(), set)
	return append(out, kind(err))
}

func kind(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

// treatment is everything that decides about a change set, without its words.
type treatment struct {
	By          guardrails.Principal
	Target      string
	Environment string
	Policy      string
	Contract    string
	Worst       guardrails.Class
	Ops         []string
	Classes     []guardrails.Class
	Objects     []int64
	Limits      []change.Limit
	Tainted     bool
	Name, Two   bool
	Staged      bool
	Reversed    bool
	State       change.State
	Allow       bool
	Why         []string
	Used        guardrails.Used
}

func (w *world) treatment(set string) treatment {
	w.t.Helper()
	v, err := w.ShowPlan(w.t.Context(), set)
	must(w.t, err)
	out := treatment{
		By: v.By, Target: v.Target, Environment: v.Environment, Policy: v.Policy, Contract: v.Contract, Worst: v.Worst, Limits: v.Limits,
		Tainted: v.Tainted, Name: v.Ask.Name, Two: v.Ask.Two, Staged: v.Proof.Staged, Reversed: v.Proof.Reversed,
		State: v.State, Allow: v.Decision.Allow, Used: v.Used,
	}
	for _, ch := range v.Changes {
		out.Ops, out.Classes, out.Objects = append(out.Ops, ch.Op), append(out.Classes, ch.Class), append(out.Objects, ch.Objects)
	}
	for _, r := range v.Decision.Reasons {
		out.Why = append(out.Why, fmt.Sprint(r.Code))
	}
	return out
}

// stored is what a change set's bytes say beside its texts.
type stored struct {
	Version    string
	Policy     string
	Envelope   guardrails.Envelope
	Population int64
	Events     []guardrails.Event
	Cost       guardrails.Cost
}

// close ends the workspace's process and reads the change sets as they are stored.
// The draft's id, which no two share, becomes DRAFT.
func (w *world) close(draft string, sets ...string) []stored {
	w.t.Helper()
	must(w.t, w.App.Close())
	w.closed = true
	db, err := store.Open(w.t.Context(), store.Options{URL: w.cfg.Store.URL})
	must(w.t, err)
	defer func() { must(w.t, db.Close()) }()
	var out []stored
	for _, id := range sets {
		set, err := db.ChangeSet(w.t.Context(), id)
		must(w.t, err)
		cs, err := guardrails.Open(set.Bytes)
		must(w.t, err)
		c := cs.Content()
		for _, rule := range c.Envelope.Allow {
			for i := range rule.Under {
				rule.Under[i] = strings.ReplaceAll(rule.Under[i], draft, "DRAFT")
			}
		}
		out = append(out, stored{Version: c.TargetVersion, Policy: c.Policy, Envelope: c.Envelope, Population: c.Population, Events: c.Events, Cost: c.Cost})
	}
	return out
}

// rules is what holds in the workspace beside the change sets.
type rules struct {
	Modes     []app.StepMode
	Contracts map[string]string // name to the digest of its file
	Log       map[string]int    // acts of people in the log that give something free
	Files     []string          // outside the store, the reports and what is published
}

func (w *world) rules() rules {
	w.t.Helper()
	m, err := agents.Find("feedback-river")
	must(w.t, err)
	out := rules{Modes: app.Modes(m), Contracts: map[string]string{}, Log: map[string]int{}}
	set := app.Contracts(w.dir)
	c, err := set.Get(m.Output.Contract)
	must(w.t, err)
	out.Contracts[c.Name()] = contracts.Check(w.t.Context(), c, contracts.Subject{}).Digest
	records, err := w.AuditRecords(w.t.Context())
	must(w.t, err)
	for _, r := range records {
		switch r.Kind {
		case "review.approve", "change.granted", "change.applying", "change.applied", "draft.published", "change.not_confirmed", "change.refused":
			out.Log[r.Kind]++
		}
	}
	must(w.t, filepath.WalkDir(w.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(w.dir, p)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if top != ".roleos" && top != "reports" && top != "context" {
			out.Files = append(out.Files, rel)
		}
		return err
	}))
	return out
}

// roles makes both people product managers, one of whom answers for the agent.
func roles() map[string][]string {
	return map[string][]string{"person:tester": {"pm"}, "person:colleague": {"pm"}}
}
