package pitch

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/artefact/brief"
	"roleos/internal/artefact/pitch"
	"roleos/internal/evidence"
	"roleos/internal/report/page"
)

// sheet is a page in the making.
type sheet struct {
	p      pitch.ShapedPitch
	find   func(id string) (evidence.Record, bool)
	source func(id string) string
	out    page.Page
}

// Page lays p out. find returns a record by its id; sourceName a source's name.
func Page(p pitch.ShapedPitch, find func(id string) (evidence.Record, bool), sourceName func(id string) string) page.Page {
	s := &sheet{p: p, find: find, source: sourceName}
	s.out = page.Page{Kind: pitch.Kind, Title: p.Title, Lead: p.Problem.Statement, Sample: p.Sample}
	if s.out.Lead == "" {
		s.out.Lead = "No brief states a problem."
	}
	s.facts()
	s.appetite()
	s.parts("solution", "Solution sketch", p.Elements)
	s.parts("rabbit-holes", "Rabbit holes", p.RabbitHoles)
	s.parts("no-gos", "No-gos", p.NoGos)
	s.parts("kill-criteria", "Kill criteria", p.Kill)
	s.feasibility()
	s.criteria()
	s.carried()
	s.gaps()
	s.appendix()
	return s.out
}

func (s *sheet) facts() {
	appetite := "not set"
	if a := s.p.Appetite; a != nil {
		appetite = strings.ToLower(a.Number) + " " + a.Unit
	}
	s.out.Facts = append(s.out.Facts, page.Fact{Label: "Appetite", Value: appetite})
	open := 0
	for _, g := range s.p.Gaps {
		if g.By == "" {
			open++
		}
	}
	s.out.Facts = append(s.out.Facts,
		page.Fact{Label: "Elements", Value: fmt.Sprint(len(s.p.Elements))},
		page.Fact{Label: "Constraints", Value: fmt.Sprint(len(s.p.Constraints))},
		page.Fact{Label: "Open gaps", Value: fmt.Sprint(open)})
	for _, f := range s.p.From {
		s.out.Facts = append(s.out.Facts, page.Fact{Label: "Built on", Value: strings.ReplaceAll(f.Kind, "-", " ") + " " + f.Draft + " (" + f.State + ")"})
	}
}

func (s *sheet) section(id, title string, blocks ...page.Block) {
	if len(blocks) > 0 {
		s.out.Sections = append(s.out.Sections, page.Section{ID: id, Title: title, Blocks: blocks})
	}
}

func (s *sheet) quotes(q *evidence.Quote, who string) []page.Quote {
	if q == nil {
		return nil
	}
	out := page.Quote{Text: q.Text, RecordID: q.RecordID, Who: who}
	if r, ok := s.find(q.RecordID); ok {
		out.Where = r.Where(s.source(r.Source))
	}
	return []page.Quote{out}
}

// item shows a text once: as a quote with its place where it is one.
func (s *sheet) item(tag string, tone page.Tone, text string, q *evidence.Quote, notes ...string) page.Item {
	it := page.Item{Tag: tag, Tone: tone, Text: text, Note: join(notes...)}
	if q == nil {
		return it
	}
	if plain := brief.OneLine(strings.ReplaceAll(q.Text, "**", "")); strings.HasSuffix(plain, text) && len(plain) < len(text)+12 {
		it.Text = "“" + text + "”"
		it.Note = join(append(notes, s.quotes(q, "")[0].Where)...)
	} else {
		it.Quotes = s.quotes(q, "")
	}
	return it
}

func (s *sheet) appetite() {
	var blocks []page.Block
	if a := s.p.Appetite; a != nil {
		blocks = append(blocks, page.List{Items: []page.Item{s.item("", page.Plain, brief.OneLine(a.Says), a.Quote, a.ID, from(a.Who, a.By))}})
	}
	other := page.List{}
	for _, a := range s.p.Appetites {
		if s.p.Appetite == nil || a.ID != s.p.Appetite.ID {
			other.Items = append(other.Items, s.item("also stated", page.Unsure, brief.OneLine(a.Says), a.Quote, a.ID, from(a.Who, a.By)))
		}
	}
	if len(other.Items) > 0 {
		blocks = append(blocks, other)
	}
	s.section("appetite", "Appetite", blocks...)
}

func (s *sheet) parts(id, title string, parts []pitch.Part) {
	l := page.List{}
	for _, x := range parts {
		l.Items = append(l.Items, s.item(x.Title, page.Plain, x.Text, x.Quote, x.ID, from(x.Who, x.By)))
	}
	if len(l.Items) > 0 {
		s.section(id, title, l)
	}
}

func (s *sheet) feasibility() {
	tones := map[string]page.Tone{pitch.Fits: page.Good, pitch.AtRisk: page.Unsure, pitch.FitsNot: page.Bad, pitch.Open: page.Unsure}
	l := page.List{}
	for _, v := range s.p.Feasibility {
		for _, c := range s.p.Constraints {
			if c.ID != v.ID {
				continue
			}
			view := v.View
			if view == pitch.Open {
				view = "not looked at"
			}
			it := page.Item{Tag: view, Tone: tones[v.View], Text: c.Text, Note: join(c.ID, c.Kind, from(c.Owner, c.By))}
			if v.Note != "" {
				it.Note = join(it.Note, "view of "+brief.Person(v.By+v.Who)+": "+v.Note)
			}
			l.Items = append(l.Items, it)
		}
	}
	if len(l.Items) > 0 {
		s.section("feasibility", "Feasibility, for the architect", l)
	}
}

func (s *sheet) criteria() {
	t := page.Table{Head: []string{"measure", "today", "target", "by", "id"}}
	for _, c := range s.p.Criteria {
		today := "not measured"
		if c.Baseline != nil {
			today = c.Baseline.Number + " " + c.Baseline.Unit
		}
		t.Rows = append(t.Rows, []string{c.Metric, today, c.Comparator + " " + c.Number + " " + c.Unit, c.Deadline, c.ID})
	}
	if len(t.Rows) > 0 {
		s.section("criteria", "Success criteria", t)
	}
}

func (s *sheet) carried() {
	l := page.List{}
	for _, e := range s.p.Evidence {
		l.Items = append(l.Items, page.Item{Tag: e.Kind, Note: e.ID, Quotes: s.quotes(&e.Quote, e.Who)})
	}
	if len(l.Items) > 0 {
		s.section("evidence", "Evidence", l)
	}
	l = page.List{}
	for _, d := range s.p.Dependencies {
		l.Items = append(l.Items, s.item("dependency", page.Plain, d.Text, d.Quote, d.ID, "blocking: "+d.Blocking, from(d.Owner, d.By)))
	}
	for _, n := range s.p.NoneKnown {
		l.Items = append(l.Items, s.item("no "+n.Of+" known", page.Plain, n.Text, n.Quote, from(n.Owner, n.By)))
	}
	for _, c := range s.p.Conflicts {
		it := page.Item{Tag: "open conflict", Tone: page.Bad, Text: c.About, Note: c.ID}
		for _, x := range c.Sides {
			it.Quotes = append(it.Quotes, s.quotes(&x.Quote, x.Who)...)
		}
		l.Items = append(l.Items, it)
	}
	for _, x := range []struct {
		tag   string
		lines []brief.Line
	}{{"rationale", s.p.Rationale}, {"assumption", s.p.Assumptions}, {"left out", s.p.Exclusions}, {"ethics", s.p.Ethics}} {
		for _, y := range x.lines {
			if slices.ContainsFunc(s.p.NoGos, func(n pitch.Part) bool { return n.ID == y.ID }) {
				continue // it stands among the no-gos
			}
			l.Items = append(l.Items, s.item(x.tag, page.Plain, y.Text, y.Quote, y.ID, from(y.Owner, y.By)))
		}
	}
	if len(l.Items) > 0 {
		s.section("carried", "What the brief hands on", l)
	}
}

func (s *sheet) gaps() {
	var g page.Gaps
	answered := page.List{}
	for _, x := range s.p.Gaps {
		if x.By != "" {
			answered.Items = append(answered.Items, page.Item{Text: x.What + ": " + x.Answer, Note: join(x.ID, "answered by "+brief.Person(x.By))})
			continue
		}
		g.Gaps = append(g.Gaps, page.Gap{What: x.What + " (" + x.ID + ")", Why: x.Why, Mend: x.Mend})
	}
	var blocks []page.Block
	if len(answered.Items) > 0 {
		blocks = append(blocks, answered)
	}
	if len(g.Gaps) > 0 {
		blocks = append(blocks, g)
	}
	s.section("gaps", "What is not known", blocks...)
}

func (s *sheet) appendix() {
	l := page.List{}
	for _, d := range s.p.Dropped {
		l.Items = append(l.Items, page.Item{Tag: "dropped", Text: d.Text, Note: join(d.ID, d.Reason, brief.Person(d.By))})
	}
	for _, e := range s.p.Edits {
		l.Items = append(l.Items, page.Item{Tag: string(e.Op), Text: e.Note, Note: brief.Person(e.By)})
	}
	if len(l.Items) > 0 {
		s.section("changes", "Left behind and changed in review", l)
	}
	s.out.Sections = append(s.out.Sections, page.Made(s.p.Method, s.p.Rejected)...)
}

// from says who a part is from.
func from(who, by string) string {
	switch {
	case by != "":
		return "added by " + brief.Person(by)
	case who != "":
		return "from " + who
	}
	return ""
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}
