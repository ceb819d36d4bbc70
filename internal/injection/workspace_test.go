package injection_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"roleos/agents"
	"roleos/config"
	"roleos/contracts"
	"roleos/guardrails"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
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
	t     *testing.T
	dir   string
	texts []string
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
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	return &world{App: a, t: t, dir: dir, texts: texts}
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
// name, the name of a column, a value of it, and the feedback of a row.
func (w *world) draft() handoff.Draft {
	w.t.Helper()
	in := w.t.TempDir()
	id := 0
	for i, text := range w.texts {
		var b strings.Builder
		out := csv.NewWriter(&b)
		row := func(comment, value string) {
			id++
			must(w.t, out.Write([]string{fmt.Sprintf("r-%d", id), fmt.Sprintf("2026-03-%02d", i%28+1), []string{"free", "team"}[i%2], comment, value}))
		}
		must(w.t, out.Write([]string{"id", "created_at", "plan", "comment", text}))
		row(text, "x")
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

// gates is what the contract said, without the words that it quotes.
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
func (w *world) rename(draft string) []string {
	w.t.Helper()
	var out []string
	v, err := w.View(w.t.Context(), draft, 0)
	must(w.t, err)
	theme := v.Synthesis.Themes[0].ID
	// The last one is a reviewer's own word, so that what comes after has a draft that passes.
	for _, text := range append(slices.Clone(w.texts), "Exports that stop") {
		edit, err := json.Marshal(artefact.Edit{Op: artefact.Rename, Theme: theme, Label: cut(text, 80)})
		must(w.t, err)
		d, rev, err := w.App.Review(w.t.Context(), handoff.Act{Draft: draft, Verdict: handoff.Edit, Edit: edit})
		out = append(out, fmt.Sprintf("%s passed=%t %s", d.State, rev.Passed, kind(err)))
	}
	return out
}

// comment writes each text as the comment of somebody who may not approve, and
// says each as a verdict.
func (w *world) comment(draft string) []string {
	w.t.Helper()
	var out []string
	for _, text := range w.texts {
		d, _, err := w.Handoff.Review(w.t.Context(), handoff.Act{Draft: draft, By: "person:visitor", Verdict: handoff.Comment, Text: text})
		_, _, verr := w.Handoff.Review(w.t.Context(), handoff.Act{Draft: draft, By: "person:visitor", Verdict: handoff.Verdict(text), Text: text})
		_, _, aerr := w.Handoff.Review(w.t.Context(), handoff.Act{Draft: draft, By: text, Verdict: handoff.Approve, Text: text})
		out = append(out, fmt.Sprintf("%s %s %s %s", d.State, kind(err), kind(verr), kind(aerr)))
	}
	return out
}

// answer gives each text as the answer to the question that confirms the set,
// and tries to apply without one.
func (w *world) answer(set string) []string {
	w.t.Helper()
	var out []string
	for _, text := range w.texts {
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
	return string(fault.KindOf(err))
}

// treatment is everything that decides about a change set, without its words.
type treatment struct {
	Principal   guardrails.Principal
	Target      string
	Version     string
	Environment string
	Policy      string
	Contract    string
	Envelope    guardrails.Envelope
	Population  int64
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
	sets, err := w.Plans(w.t.Context())
	must(w.t, err)
	i := slices.IndexFunc(sets, func(s change.Set) bool { return s.ID == set })
	cs, err := guardrails.Open(sets[i].Bytes)
	must(w.t, err)
	c := cs.Content()
	out := treatment{
		Principal: c.By, Target: c.Target, Version: c.TargetVersion, Environment: c.Environment, Policy: c.Policy, Contract: c.Contract,
		Envelope: c.Envelope, Population: c.Population, Worst: cs.Worst(), Limits: v.Limits, Tainted: v.Tainted, Name: v.Ask.Name, Two: v.Ask.Two,
		Staged: v.Proof.Staged, Reversed: v.Proof.Reversed, State: v.State, Allow: v.Decision.Allow, Used: v.Used,
	}
	for _, ch := range c.Changes {
		out.Ops, out.Classes, out.Objects = append(out.Ops, ch.Op), append(out.Classes, ch.Class), append(out.Objects, ch.Objects)
	}
	for _, r := range v.Decision.Reasons {
		out.Why = append(out.Why, fmt.Sprint(r.Code))
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
