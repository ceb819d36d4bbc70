package wording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/llm"
	"roleos/prompts"
)

// Bounds of one run: 315 records make some twenty groups, which take five calls.
const (
	batch       = 6   // groups in one call
	texts       = 5   // records of a group that the model sees
	textBytes   = 300 // of each
	maxGroups   = 108 // groups that are worded; smaller ones keep the words of statistics
	atOnce      = 4
	maxOverlaps = 10
	maxRejected = 200 // rejections that are told one by one
)

// Group is one group of records that statistics found.
type Group struct {
	ID    string
	Label string // what statistics call it
	// Records are all of its records; those that stand at its centre come first.
	Records []*evidence.Record
}

// Named is what is left of a model's words for one group.
type Named struct {
	Label     string          // empty: keep the old one
	Statement string          // empty: keep the old one
	Says      *evidence.Quote // the quote in Statement
}

// Result is a model's work after the check.
type Result struct {
	Named    map[string]Named     // by group
	Overlaps [][2]string          // pairs of groups for a person to look at
	Rejected []artefact.Rejection // what was dropped, and why
	Dropped  int                  // how many, told or not
	Unnamed  int                  // groups that a failed answer left without words
}

// Model names groups with a language model.
type Model struct{ ask llm.Generator }

// New returns a Model that asks through g.
func New(g llm.Generator) *Model { return &Model{ask: g} }

// Version names the way of asking and checking: with the prompts' own versions
// it says what a draft was worded with.
func Version() (string, error) {
	var names []string
	for _, id := range []string{"name-themes", "find-overlaps"} {
		p, err := prompts.Find(id)
		if err != nil {
			return "", err
		}
		names = append(names, p.Name())
	}
	return "wording/1 with " + strings.Join(names, " and "), nil
}

// Word asks for names and overlaps. A call that fails for its content only, such
// as an answer of the wrong form, leaves its groups with their old words; any
// other failure is returned.
func (m *Model) Word(ctx context.Context, groups []Group, progress func(done, total int)) (Result, error) {
	out := Result{Named: map[string]Named{}}
	groups = groups[:min(len(groups), maxGroups)]
	if len(groups) == 0 {
		return out, nil
	}
	naming, err := prompts.Find("name-themes")
	if err != nil {
		return out, err
	}
	batches := slices.Collect(slices.Chunk(groups, batch))
	parts, errs := make([]Result, len(batches)), make([]error, len(batches))
	var mu sync.Mutex
	done := 0
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i, b := range batches {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			parts[i], errs[i] = m.name(ctx, naming, b, i*batch)
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, len(batches)+1)
			}
		})
	}
	running.Wait()
	for i := range parts { // in the groups' order, whatever ended first
		switch {
		case errs[i] == nil:
		case content(errs[i]):
			parts[i] = Result{Unnamed: len(batches[i])}
		default:
			return out, errs[i]
		}
		out.take(parts[i])
	}
	out.distinct(groups)
	pairs, err := m.overlaps(ctx, groups, out.Named)
	if err != nil && !content(err) {
		return out, err
	}
	out.take(pairs)
	if progress != nil {
		progress(len(batches)+1, len(batches)+1)
	}
	return out, nil
}

// content reports whether a failure is about this answer, not about the model
// or the budget.
func content(err error) bool {
	e, ok := errors.AsType[*llm.Error](err)
	return ok && (e.Kind == llm.Schema || e.Kind == llm.Refusal || e.Kind == llm.Truncated)
}

func (r *Result) take(part Result) {
	for id, n := range part.Named {
		r.Named[id] = n
	}
	r.Overlaps = append(r.Overlaps, part.Overlaps...)
	r.Rejected = append(r.Rejected, part.Rejected...)
	r.Rejected = r.Rejected[:min(len(r.Rejected), maxRejected)]
	r.Dropped += part.Dropped
	r.Unnamed += part.Unnamed
}

func (r *Result) reject(statement, format string, args ...any) {
	r.Dropped++
	r.Rejected = append(r.Rejected, artefact.Rejection{Statement: show(statement), Why: fmt.Sprintf(format, args...)})
}

// show makes what a model wrote safe to look at: one short line.
func show(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(s); len(r) > 160 {
		s = string(r[:160]) + "…"
	}
	return s
}

// name words one batch. The model knows groups as T1, T2, ... and records as
// T1.1, so that no id of ours, and no text that somebody put into an id, reaches
// it, and whatever else it names was never given.
func (m *Model) name(ctx context.Context, p prompts.Prompt, groups []Group, first int) (Result, error) {
	out := Result{Named: map[string]Named{}}
	byHandle, blocks := map[string]*Group{}, map[string]*evidence.Record{}
	var handles []string
	var data []llm.Block
	for i := range groups {
		h := fmt.Sprintf("T%d", first+i+1)
		handles = append(handles, h)
		byHandle[h] = &groups[i]
		for j, r := range groups[i].Records[:min(len(groups[i].Records), texts)] {
			id := fmt.Sprintf("%s.%d", h, j+1)
			blocks[id] = r
			data = append(data, llm.Block{ID: id, Text: cut(unmasked(r))})
		}
	}
	req, err := p.Request(map[string]string{"themes": strings.Join(handles, ", ")}, data)
	if err != nil {
		return out, err
	}
	got, err := m.ask.Generate(ctx, req)
	if err != nil {
		return out, err
	}
	var answer struct {
		Themes []struct{ Theme, Label, Before, Quote, Block string }
	}
	if err := json.Unmarshal(got.JSON, &answer); err != nil {
		return out, &llm.Error{Kind: llm.Schema, Message: "the answer could not be read", Err: err}
	}
	for _, a := range answer.Themes {
		g, ok := byHandle[a.Theme]
		if !ok {
			out.reject(a.Label, "It is about a group %q that was not given.", show(a.Theme))
			continue
		}
		if _, twice := out.Named[g.ID]; twice {
			out.reject(a.Label, "The group %s was named twice.", g.Label)
			continue
		}
		v := vocabularyOf(g.Records)
		var n Named
		if err := v.label(a.Label); err != nil {
			out.reject(a.Label, "As a name of “%s” it %s.", g.Label, err)
		} else {
			n.Label = strings.Join(strings.Fields(a.Label), " ")
		}
		n.Statement, n.Says = out.statement(a.Before, a.Quote, a.Block, a.Theme, v, blocks)
		out.Named[g.ID] = n
	}
	return out, nil
}

// statement puts a sentence together from checked parts, or drops it.
func (r *Result) statement(before, text, block, theme string, v vocabulary, blocks map[string]*evidence.Record) (string, *evidence.Quote) {
	whole := strings.TrimSpace(before + " “" + text + "”")
	rec, ok := blocks[block]
	switch {
	case !ok:
		r.reject(whole, "It cites a record %q that was not given.", show(block))
		return "", nil
	case !strings.HasPrefix(block, theme+"."):
		r.reject(whole, "It cites a record of another group.")
		return "", nil
	}
	q, err := quote(rec, text)
	if err != nil {
		r.reject(whole, "The quote %s.", err)
		return "", nil
	}
	before = strings.TrimRight(strings.Join(strings.Fields(before), " "), ":, ")
	if err := v.before(before); err != nil {
		r.reject(whole, "The words before the quote are left out: the sentence %s.", err)
		before = ""
	}
	if before == "" {
		before = "People say"
	}
	return before + ": “" + q.Text + "”", &q
}

// distinct takes back names that two groups would share.
func (r *Result) distinct(groups []Group) {
	for again := true; again; {
		again = false
		seen := map[string]string{}
		for _, g := range groups {
			n := r.Named[g.ID]
			label := n.Label
			if label == "" {
				label = g.Label
			}
			key := strings.ToLower(label)
			other, taken := seen[key]
			if !taken {
				seen[key] = g.ID
				continue
			}
			loser := g.ID
			if n.Label == "" { // this one has its old name: the other gives its new one back
				loser = other
			}
			x := r.Named[loser]
			if x.Label == "" {
				continue // both have the names that statistics gave them
			}
			r.reject(x.Label, "Two groups would have this name.")
			x.Label = ""
			r.Named[loser] = x
			again = true
		}
	}
}

// overlaps asks which groups may be one.
func (m *Model) overlaps(ctx context.Context, groups []Group, named map[string]Named) (Result, error) {
	out := Result{}
	if len(groups) < 2 {
		return out, nil
	}
	const most = 40 // groups that are compared: the largest
	groups = groups[:min(len(groups), most)]
	p, err := prompts.Find("find-overlaps")
	if err != nil {
		return out, err
	}
	byHandle := map[string]string{}
	var data []llm.Block
	for i, g := range groups {
		h := fmt.Sprintf("T%d", i+1)
		byHandle[h] = g.ID
		label := g.Label
		if n := named[g.ID].Label; n != "" {
			label = n
		}
		text := label
		if len(g.Records) > 0 {
			text += "\n" + cut(unmasked(g.Records[0]))
		}
		data = append(data, llm.Block{ID: h, Text: text})
	}
	req, err := p.Request(map[string]string{"themes": fmt.Sprintf("T1 to T%d", len(groups))}, data)
	if err != nil {
		return out, err
	}
	got, err := m.ask.Generate(ctx, req)
	if err != nil {
		return out, err
	}
	var answer struct {
		Pairs []struct{ First, Second string }
	}
	if err := json.Unmarshal(got.JSON, &answer); err != nil {
		return out, &llm.Error{Kind: llm.Schema, Message: "the answer could not be read", Err: err}
	}
	seen := map[[2]string]bool{}
	for _, a := range answer.Pairs {
		x, okx := byHandle[a.First]
		y, oky := byHandle[a.Second]
		if !okx || !oky || x == y {
			out.reject(a.First+" and "+a.Second, "They are not two of the groups that were given.")
			continue
		}
		pair := [2]string{min(x, y), max(x, y)}
		if seen[pair] || len(out.Overlaps) == maxOverlaps {
			continue
		}
		seen[pair] = true
		out.Overlaps = append(out.Overlaps, [2]string{x, y})
	}
	return out, nil
}

// cut returns the beginning of a text, up to a word's end where there is one near.
func cut(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= textBytes {
		return s
	}
	end := textBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if i := strings.LastIndexFunc(s[:end], unicode.IsSpace); i > textBytes/2 {
		end = i
	}
	return s[:end]
}
