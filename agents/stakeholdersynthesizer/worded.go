package stakeholdersynthesizer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact/landscape"
	"roleos/internal/discourse"
	"roleos/internal/evidence"
)

// Bounds of what a model is asked about in one draft, the best supported first.
const (
	mostRead      = 60 // passages, in questions of perSheet
	perSheet      = 15
	mostTitled    = 30 // requirements
	mostDoubted   = 16 // conflicts
	conflictsEach = 8
	eachConflict  = 4 // passages of one
)

// nearly is the score from which a passage that was not taken for a decision or
// an action is shown to a model as well.
const nearly = .5

// worded lets a model read again what statistics are not sure of, and title what
// they found. A reading stands beside the statement or conflict and changes
// neither its kind nor a count; titles are words of the passages.
func (a *Agent) worded(ctx context.Context, o *landscape.Outline, t agents.Task) (taint []string, err error) {
	job := wording.Job{
		Stage: "Reading the passages", Prompts: []string{"read-statements", "read-conflicts", "name-matters"}, Progress: t.Progress,
		Step: "reads the passages that may be decisions or actions in the turns around them, looks at the conflicts, and titles matters. " +
			"Where it takes a passage for something else, that stands beside it, and the passage behind the others.",
	}
	return a.o.Wording.Word(ctx, job, &o.Method, &o.Rejected, func(ctx context.Context, d *wording.Desk) error {
		w := newWorder(o, t.Records)
		readings, err := w.read(ctx, d)
		if err != nil {
			return err
		}
		conflicts, err := w.oppose(ctx, d)
		if err != nil {
			return err
		}
		titles, err := wording.Titles(ctx, d, "name-matters", w.matters())
		if err != nil {
			return err
		}
		by := d.By()
		for i := range o.Statements {
			if as, ok := readings[o.Statements[i].ID]; ok {
				o.Statements[i].Reading = &landscape.Reading{As: as, By: by}
			}
		}
		for i := range o.Conflicts {
			c := &o.Conflicts[i]
			got := conflicts[c.ID]
			c.About = cmp.Or(got.title, c.About)
			if got.doubted {
				c.Reading = &landscape.Reading{As: landscape.NotOpposed, By: by}
			}
		}
		for i := range o.Requirements {
			r := &o.Requirements[i]
			r.Title = cmp.Or(titles[r.ID], r.Title)
		}
		return nil
	})
}

// worder looks up what the questions are made of.
type worder struct {
	o         *landscape.Outline
	statement map[string]*landscape.Statement
	turns     []discourse.Turn
	at        map[string]int // record -> its turn
	record    map[string]*evidence.Record
}

func newWorder(o *landscape.Outline, records []evidence.Record) *worder {
	w := &worder{o: o, statement: map[string]*landscape.Statement{}, at: map[string]int{}, record: map[string]*evidence.Record{}}
	for i := range o.Statements {
		w.statement[o.Statements[i].ID] = &o.Statements[i]
	}
	for i := range records {
		w.record[records[i].ID] = &records[i]
	}
	w.turns, _ = conversation(records)
	for i, t := range w.turns {
		w.at[t.ID] = i
	}
	return w
}

// text is a statement's passage without its masks.
func (w *worder) text(s *landscape.Statement) string {
	r := w.record[s.RecordID]
	if r == nil || s.End > len(r.Text) {
		return ""
	}
	return wording.Unmasked(r)[s.Start:s.End]
}

// beside is the turn before (-1) or behind (1) a statement's own, in its thread.
func (w *worder) beside(s *landscape.Statement, step int) string {
	i, ok := w.at[s.RecordID]
	if !ok || i+step < 0 || i+step >= len(w.turns) || w.turns[i+step].Thread != w.turns[i].Thread {
		return ""
	}
	return wording.Unmasked(w.record[w.turns[i+step].ID])
}

// unsure returns what a model is asked to read: decisions and actions, then the
// proposals, commitments and requests that come next to them.
func (w *worder) unsure() []*landscape.Statement {
	var out []*landscape.Statement
	for i := range w.o.Statements {
		s := &w.o.Statements[i]
		switch s.Kind {
		case landscape.Decision, landscape.Action:
			out = append(out, s)
		case landscape.Proposal, landscape.Commitment, landscape.Request:
			if s.Score >= nearly {
				out = append(out, s)
			}
		}
	}
	taken := func(s *landscape.Statement) int {
		if s.Kind == landscape.Decision || s.Kind == landscape.Action {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b *landscape.Statement) int {
		return cmp.Or(taken(a)-taken(b), cmp.Compare(b.Score, a.Score))
	})
	return out[:min(len(out), mostRead)]
}

// read returns the statements that the model takes for something else.
func (w *worder) read(ctx context.Context, d *wording.Desk) (map[string]string, error) {
	batches := slices.Collect(slices.Chunk(w.unsure(), perSheet))
	sheets, asked := make([]wording.Sheet, len(batches)), make([]map[string]*landscape.Statement, len(batches))
	for i, b := range batches {
		asked[i] = map[string]*landscape.Statement{}
		var handles []string
		for j, s := range b {
			h := fmt.Sprintf("S%d", i*perSheet+j+1)
			handles, asked[i][h] = append(handles, h), s
			for _, x := range []struct{ part, text string }{{"before", w.beside(s, -1)}, {"said", w.text(s)}, {"after", w.beside(s, 1)}} {
				if strings.TrimSpace(x.text) != "" {
					sheets[i].Blocks = append(sheets[i].Blocks, wording.Block(h+"."+x.part, x.text))
				}
			}
		}
		sheets[i].Values = map[string]string{"statements": strings.Join(handles, ", ")}
	}
	type answer struct {
		Readings []struct{ Statement, Kind string }
	}
	answers, err := wording.Ask[answer](ctx, d, "read-statements", sheets)
	if err != nil {
		return nil, err
	}
	out, seen := map[string]string{}, map[string]bool{}
	for i, got := range answers {
		if got == nil {
			continue
		}
		for _, a := range got.Readings {
			s, ok := asked[i][a.Statement]
			switch {
			case !ok:
				d.Reject(a.Statement+": "+a.Kind, "It is about a passage that was not given.")
			case seen[s.ID]:
				d.Reject(s.Text, "It was read twice, the second time as %s.", a.Kind)
			case a.Kind == landscape.Decision || a.Kind == landscape.Action || a.Kind == landscape.Neither:
				seen[s.ID] = true
				plain := s.Kind != landscape.Decision && s.Kind != landscape.Action
				if a.Kind != s.Kind && !(plain && a.Kind == landscape.Neither) {
					out[s.ID] = a.Kind
				}
			}
		}
	}
	return out, nil
}

type opinion struct {
	title   string
	doubted bool
}

// oppose asks of the conflicts whether they are any, and for their titles.
func (w *worder) oppose(ctx context.Context, d *wording.Desk) (map[string]opinion, error) {
	all := w.o.Conflicts[:min(len(w.o.Conflicts), mostDoubted)]
	batches := slices.Collect(slices.Chunk(all, conflictsEach))
	sheets, asked := make([]wording.Sheet, len(batches)), make([]map[string]wording.Matter, len(batches))
	for i, b := range batches {
		asked[i] = map[string]wording.Matter{}
		var handles []string
		for j, c := range b {
			h := fmt.Sprintf("C%d", i*conflictsEach+j+1)
			m := wording.Matter{ID: c.ID, Title: c.About, Texts: w.sides(c)}
			handles, asked[i][h] = append(handles, h), m
			for k, text := range m.Texts {
				sheets[i].Blocks = append(sheets[i].Blocks, wording.Block(fmt.Sprintf("%s.%d", h, k+1), text))
			}
		}
		sheets[i].Values = map[string]string{"conflicts": strings.Join(handles, ", ")}
	}
	type answer struct {
		Conflicts []struct{ Conflict, Opposed, Title string }
	}
	answers, err := wording.Ask[answer](ctx, d, "read-conflicts", sheets)
	if err != nil {
		return nil, err
	}
	out := map[string]opinion{}
	for i, got := range answers {
		if got == nil {
			continue
		}
		for _, a := range got.Conflicts {
			m, ok := asked[i][a.Conflict]
			if !ok {
				d.Reject(a.Title, "It is about a conflict %q that was not given.", a.Conflict)
				continue
			}
			if _, twice := out[m.ID]; twice {
				d.Reject(a.Title, "The conflict on %s was answered twice.", m.Title)
				continue
			}
			out[m.ID] = opinion{title: m.Named(d, a.Title), doubted: a.Opposed == "no"}
		}
	}
	return out, nil
}

// sides returns passages of a conflict, one of each side in turn.
func (w *worder) sides(c landscape.Conflict) []string {
	var out []string
	for n := 0; len(out) < eachConflict; n++ {
		more := false
		for _, side := range c.Sides {
			if n < len(side.Statements) && len(out) < eachConflict {
				more = true
				if s := w.statement[side.Statements[n]]; s != nil {
					out = append(out, w.text(s))
				}
			}
		}
		if !more {
			break
		}
	}
	return out
}

// matters are the requirements on which most was said.
func (w *worder) matters() []wording.Matter {
	ranked := slices.Clone(w.o.Requirements)
	slices.SortStableFunc(ranked, func(a, b landscape.Requirement) int { return len(b.StatementIDs) - len(a.StatementIDs) })
	var out []wording.Matter
	for _, r := range ranked[:min(len(ranked), mostTitled)] {
		m := wording.Matter{ID: r.ID, Title: r.Title}
		for _, id := range r.StatementIDs {
			if s := w.statement[id]; s != nil {
				m.Texts = append(m.Texts, w.text(s))
			}
		}
		out = append(out, m)
	}
	return out
}
