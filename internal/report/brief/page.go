package brief

import (
	"fmt"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/report/page"
	"roleos/internal/report/say"
)

// sheet is a page in the making.
type sheet struct {
	b      brief.ProblemBrief
	find   func(id string) (evidence.Record, bool)
	source func(id string) string
	said   map[string]brief.Statement
	out    page.Page
}

// Page lays b out. find returns a record by its id; sourceName a source's name.
func Page(b brief.ProblemBrief, find func(id string) (evidence.Record, bool), sourceName func(id string) string) page.Page {
	s := &sheet{b: b, find: find, source: sourceName, said: map[string]brief.Statement{}}
	for _, x := range b.Statements {
		s.said[x.ID] = x
	}
	s.out = page.Page{Kind: brief.Kind, Title: b.Title, Lead: b.Problem.Statement, Sample: b.Sample}
	if s.out.Lead == "" {
		s.out.Lead = "No input names a problem yet."
	}
	s.facts()
	s.problem()
	s.evidence()
	s.suggested()
	s.affected()
	s.people()
	s.value()
	s.bounds()
	s.open()
	s.appendix()
	return s.out
}

func (s *sheet) facts() {
	fact := func(label, format string, args ...any) {
		s.out.Facts = append(s.out.Facts, page.Fact{Label: label, Value: fmt.Sprintf(format, args...)})
	}
	fact("Data points", "%d", len(s.b.Evidence))
	if z := s.b.Size; z != nil {
		fact("Size", "%s of %s records", say.Count(z.Records), say.Count(z.Population))
	}
	fact("Criteria", "%d", len(s.b.Criteria))
	fact("Constraints", "%d", len(s.b.Constraints))
	open := 0
	for _, g := range s.b.Gaps {
		if g.By == "" {
			open++
		}
	}
	fact("Open gaps", "%d", open)
	for _, f := range s.b.From {
		fact("Built on", "%s %s (%s)", strings.ReplaceAll(f.Kind, "-", " "), f.Draft, f.State)
	}
}

// quote shows a quote with who said it and where it stands.
func (s *sheet) quote(q evidence.Quote, who string) page.Quote {
	out := page.Quote{Text: q.Text, RecordID: q.RecordID, Who: who}
	if r, ok := s.find(q.RecordID); ok {
		if out.Who == "" {
			out.Who = r.Origin.Speaker
		}
		out.Where = r.Where(s.source(r.Source))
	}
	return out
}

func (s *sheet) quotes(q *evidence.Quote) []page.Quote {
	if q == nil {
		return nil
	}
	return []page.Quote{s.quote(*q, "")}
}

// line shows a line of context. Where the quote is the text itself, it is shown
// once, as a quote, with its place.
func (s *sheet) line(tag string, tone page.Tone, text string, q *evidence.Quote, notes ...string) page.Item {
	it := page.Item{Tag: tag, Tone: tone, Text: text, Note: join(notes...)}
	switch {
	case q == nil:
	case strings.HasSuffix(strings.Join(strings.Fields(strings.ReplaceAll(q.Text, "**", "")), " "), text) && len(q.Text) < len(text)+12:
		it.Text = "“" + text + "”"
		it.Note = join(append(notes, s.quote(*q, "").Where)...)
	default:
		it.Quotes = s.quotes(q)
	}
	return it
}

func (s *sheet) section(id, title, lead string, blocks ...page.Block) {
	var kept []page.Block
	for _, b := range blocks {
		switch b := b.(type) {
		case nil:
			continue
		case page.List:
			if len(b.Items) == 0 {
				continue
			}
		case page.Table:
			if len(b.Rows) == 0 {
				continue
			}
		}
		kept = append(kept, b)
	}
	if len(kept) > 0 || lead != "" {
		s.out.Sections = append(s.out.Sections, page.Section{ID: id, Title: title, Lead: lead, Blocks: kept})
	}
}

func (s *sheet) problem() {
	p := s.b.Problem
	var blocks []page.Block
	if p.Why != "" {
		blocks = append(blocks, page.Text{Text: "Why this one: " + p.Why})
	}
	if z := s.b.Size; z != nil {
		text := fmt.Sprintf("Size: %s of %s feedback records, %s (95 %% interval %s).", say.Count(z.Records), say.Count(z.Population), say.Share(z.Share), say.Interval(z.ShareLow, z.ShareHigh))
		switch z.Trend {
		case string(artefact.Rising), string(artefact.Falling), string(artefact.Steady):
			text += " Its share is " + z.Trend + "."
		}
		switch {
		case z.Validated != "":
			text += " " + person(z.Validated) + " confirmed the pattern."
		case z.Confidence == "low":
			text += " The records may not belong together: the synthesis calls the theme's confidence low."
		}
		blocks = append(blocks, page.Text{Text: text})
	}
	if p.StatedBy != "" {
		blocks = append(blocks, page.Text{Text: "Stated by " + person(p.StatedBy) + "."})
	}
	s.section("problem", "The problem", "", blocks...)
}

// suggested lists what a model found and nobody has taken yet.
func (s *sheet) suggested() {
	l := page.List{}
	for _, x := range s.b.Suggested {
		if x.By == "" && x.Theme == s.b.Problem.ThemeID {
			l.Items = append(l.Items, page.Item{Tag: "suggested", Tone: page.Unsure, Text: "“" + brief.OneLine(x.Text) + "”", Note: join(x.ID, "record "+x.Record, "by "+x.Model)})
		}
	}
	if len(l.Items) > 0 {
		s.section("suggested", "Found in other words", "A model takes these for data points. None counts until a person takes it: evidence id=ID text=WHY.", l)
	}
}

func (s *sheet) evidence() {
	l := page.List{}
	for _, e := range s.b.Evidence {
		tag := map[string]string{"feedback": "feedback", "stakeholder": "stakeholder", "market": "market", "measure": "measured"}[e.Kind]
		l.Items = append(l.Items, page.Item{Tag: tag, Note: e.ID, Quotes: []page.Quote{s.quote(e.Quote, e.Who)}})
	}
	if len(l.Items) > 0 {
		s.section("evidence", "Evidence", "", l)
	}
}

func (s *sheet) affected() {
	for _, d := range s.b.Segments {
		t := page.Table{Caption: "By " + d.Name, Head: []string{d.Name, "records", "of the segment", "of the others", "reads as"}, Right: []int{1, 2, 3}}
		for _, c := range d.Cells {
			t.Rows = append(t.Rows, []string{c.Value, say.Count(c.Count), say.Share(c.Share), say.Share(c.RestShare), verdict(c)})
		}
		s.section("affected-"+anchor(d.Name), "Who is affected: "+d.Name, "", t)
	}
}

func verdict(c brief.Cell) string {
	switch c.Verdict {
	case artefact.Over:
		return "heavier here"
	case artefact.Under:
		return "lighter here"
	case artefact.AsExpected:
	}
	return "no difference shown"
}

func (s *sheet) people() {
	l := page.List{}
	var silent []string
	for _, x := range s.b.Stakeholders {
		if len(x.Said) == 0 {
			silent = append(silent, x.Name)
			continue
		}
		it := page.Item{Text: x.Name + " " + x.Stance + "."}
		for _, id := range x.Said {
			if st, ok := s.said[id]; ok && len(it.Quotes) < 3 {
				it.Quotes = append(it.Quotes, s.quote(st.Quote, x.Name))
			}
		}
		l.Items = append(l.Items, it)
	}
	blocks := []page.Block{l}
	general := 0
	for _, c := range s.b.Conflicts {
		if c.General {
			general++
			continue
		}
		card := page.Cards{Title: "Conflict: " + c.About, Tone: page.Bad, Note: "Open. A person resolves it; " + c.ID + " is carried until then."}
		for _, id := range c.Sides {
			if st, ok := s.said[id]; ok {
				card.Sides = append(card.Sides, page.Side{Title: st.Who, Quotes: []page.Quote{s.quote(st.Quote, st.Who)}})
			}
		}
		blocks = append(blocks, card)
	}
	if general > 0 {
		blocks = append(blocks, page.Text{Text: "Other open conflicts of the landscape, in which this problem is not named: " + fmt.Sprint(general) + "."})
	}
	if len(silent) > 0 {
		blocks = append(blocks, page.Text{Text: "Heard, but on other things: " + some(silent, 20) + "."})
	}
	if len(s.b.Stakeholders) > 0 || len(blocks) > 1 {
		s.section("stakeholders", "Stakeholders", "", blocks...)
	}
}

func (s *sheet) value() {
	s.section("rationale", "Business rationale", "", s.lines(s.b.Rationale, "holds for the whole portfolio"))
	t := page.Table{Head: []string{"measure", "today", "target", "by", "id"}}
	var from []page.Quote
	for _, c := range s.b.Criteria {
		today := "not measured"
		if c.Baseline != nil {
			today = amount(c.Baseline.Number, c.Baseline.Unit)
			if c.Baseline.Measured != "" {
				today += " (" + c.Baseline.Measured + ")"
			}
			if c.Baseline.Quote != nil && c.Quote != nil && *c.Baseline.Quote != *c.Quote {
				from = append(from, s.quote(*c.Baseline.Quote, ""))
			}
		}
		metric := c.Metric
		if c.General {
			metric += " (whole portfolio)"
		}
		if c.By != "" {
			metric += " (added by " + person(c.By) + ")"
		}
		t.Rows = append(t.Rows, []string{metric, today, c.Comparator + " " + amount(c.Number, c.Unit), c.Deadline, c.ID})
		from = append(from, s.quotes(c.Quote)...)
	}
	blocks := []page.Block{t}
	if len(from) > 0 {
		blocks = append(blocks, page.Quotes{Quotes: from})
	}
	if len(s.b.Aims) > 0 {
		blocks = append(blocks, page.Text{Text: "Stated as success, and not measurable as it stands:"}, s.lines(s.b.Aims, ""))
	}
	if len(s.b.Others) > 0 {
		var names []string
		for _, c := range s.b.Others {
			names = append(names, c.Metric)
		}
		blocks = append(blocks, page.Text{Text: "Stated measures of other things, left aside: " + strings.Join(names, "; ") + "."})
	}
	if len(t.Rows)+len(s.b.Aims) > 0 {
		s.section("criteria", "Success criteria", "", blocks...)
	}
}

func amount(number, unit string) string { return strings.TrimSpace(number + " " + unit) }

func (s *sheet) bounds() {
	l := page.List{}
	for _, class := range brief.Classes() {
		for _, c := range s.b.Constraints {
			if c.Kind == class {
				l.Items = append(l.Items, s.line(class, page.Plain, c.Text, c.Quote, c.ID, origin(c.Owner, c.By)))
			}
		}
		for _, n := range s.b.NoneKnown {
			if n.Of == class {
				l.Items = append(l.Items, s.line(class+", none known", page.Good, n.Text, n.Quote, origin(n.Owner, n.By)))
			}
		}
	}
	s.section("constraints", "Constraints", "", l)
	l = page.List{}
	tones := map[string]page.Tone{"yes": page.Bad, "no": page.Good, "unknown": page.Unsure}
	tags := map[string]string{"yes": "blocks", "no": "does not block", "unknown": "unclear"}
	for _, d := range s.b.Dependencies {
		l.Items = append(l.Items, s.line(tags[d.Blocking], tones[d.Blocking], d.Text, d.Quote, d.ID, origin(d.Owner, d.By)))
	}
	for _, n := range s.b.NoneKnown {
		if n.Of == brief.Dependencies {
			l.Items = append(l.Items, s.line("none", page.Good, n.Text, n.Quote, origin(n.Owner, n.By)))
		}
	}
	s.section("dependencies", "Dependencies", "", l)
	s.section("ethics", "Ethical considerations", "", s.lines(s.b.Ethics, ""))
	s.section("assumptions", "Assumptions", "", s.lines(s.b.Assumptions, ""))
	s.section("exclusions", "Left out on purpose", "", s.lines(s.b.Exclusions, ""))
}

func (s *sheet) lines(list []brief.Line, general string) page.List {
	l := page.List{}
	for _, x := range list {
		note := ""
		if x.General {
			note = general
		}
		l.Items = append(l.Items, s.line("", page.Plain, x.Text, x.Quote, x.ID, origin(x.Owner, x.By), note))
	}
	return l
}

func (s *sheet) open() {
	s.section("questions", "Open questions", "", s.lines(s.b.Questions, ""))
	var g page.Gaps
	answered := page.List{}
	for _, x := range s.b.Gaps {
		if x.By != "" {
			answered.Items = append(answered.Items, page.Item{Text: x.What + ": " + x.Answer, Note: join(x.ID, "answered by "+person(x.By))})
			continue
		}
		g.Gaps = append(g.Gaps, page.Gap{What: x.What + " (" + x.ID + ")", Why: x.Why, Mend: x.Mend})
	}
	blocks := []page.Block{answered}
	if len(g.Gaps) > 0 {
		blocks = append(blocks, g)
	}
	if len(s.b.Gaps) > 0 {
		s.section("gaps", "What is not known", "", blocks...)
	}
}

func (s *sheet) appendix() {
	t := page.Table{Caption: "Themes of the synthesis, by its priority", Head: []string{"theme", "records", "share", "id"}, Right: []int{1, 2}}
	const most = 8
	for rank := 1; len(t.Rows) < most; rank++ {
		found := false
		for _, x := range s.b.Themes {
			if x.Rank == rank {
				found = true
				t.Rows = append(t.Rows, []string{x.Label, say.Count(x.Count), say.Share(x.Share), x.ID})
			}
		}
		if !found {
			break
		}
	}
	ranked := 0
	for _, x := range s.b.Themes {
		if x.Rank > 0 {
			ranked++
		}
	}
	t.Omitted = max(0, ranked-len(t.Rows))
	if len(t.Rows) > 0 {
		s.section("others", "What else could have been chosen", "", t)
	}
	l := page.List{}
	for _, d := range s.b.Dropped {
		l.Items = append(l.Items, page.Item{Tag: "dropped", Text: d.Text, Note: join(d.ID, d.Reason, person(d.By))})
	}
	for _, e := range s.b.Edits {
		l.Items = append(l.Items, page.Item{Tag: string(e.Op), Text: e.Note, Note: person(e.By)})
	}
	s.section("changes", "Left behind and changed in review", "", l)
	f := page.List{}
	for _, x := range s.b.Findings {
		if x.Severity == "warning" {
			f.Items = append(f.Items, page.Item{Text: x.Message})
		}
	}
	s.section("inputs", "About the inputs", "", f)
	s.out.Sections = append(s.out.Sections, page.Made(s.b.Method, s.b.Rejected)...)
}

func person(by string) string { return strings.TrimPrefix(by, "person:") }

// origin says who a line is from.
func origin(owner, by string) string {
	switch {
	case by != "":
		return "added by " + person(by)
	case owner != "":
		return "from " + owner
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

func some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// anchor makes a page anchor of a segment's name.
func anchor(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s)), "-")
}
