package brief

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// statement words the problem: how much of the feedback says it, in which words,
// and who says it more than others.
func (b *builder) statement() {
	p := &b.out.Problem
	stated := func() {
		if b.o.Stated != nil {
			p.Statement, p.StatedBy, p.Numbers = b.o.Stated.Text, b.o.Stated.By, nil
		}
	}
	if b.focus == nil {
		b.out.Title = "Problem brief"
		if stated(); p.StatedBy != "" {
			p.Label, p.Why = Short(p.Statement, 60), "Stated by "+Person(p.StatedBy)+"."
			b.out.Title += ": " + p.Label
		}
		return
	}
	p.ThemeID, p.Label, p.By, p.Asked = b.focus.ID, b.focus.Label, b.o.FocusBy, b.o.Asked
	b.out.Title = "Problem brief: " + p.Label
	s := b.out.Size
	p.Statement = fmt.Sprintf("%s of %s feedback records (%s) are about “%s”.", count(s.Records), count(s.Population), percent(s.Share), p.Label)
	p.Numbers = []string{"/size/records", "/size/population", "/size/share"}
	if s.Records == 1 {
		p.Statement = strings.Replace(p.Statement, " are about ", " is about ", 1)
	}
	p.Statement += b.said()
	if name, i, j, ok := b.over(); ok {
		c := b.out.Segments[i].Cells[j]
		p.Statement += fmt.Sprintf(" It weighs more for %s %s: %s of its records, %s of the others.", name, c.Value, percent(c.Share), percent(c.RestShare))
		at := fmt.Sprintf("/segments/%d/cells/%d", i, j)
		p.Numbers = append(p.Numbers, at+"/share", at+"/rest_share")
	}
	p.Why = b.why()
	stated()
}

// said is the problem in the words of data points, as a model put them or, where
// none did for this theme, the first two.
func (b *builder) said() string {
	p := &b.out.Problem
	if w := b.worded(); w != "" {
		return w
	}
	var said []string
	for _, e := range b.out.Evidence {
		if e.Kind == "feedback" && len(said) < 2 {
			if len(said) == 0 {
				q := e.Quote
				p.Says = &q
			}
			said = append(said, "“"+OneLine(e.Quote.Text)+"”")
		}
	}
	switch len(said) {
	case 1:
		return " One says: " + ended(said[0])
	case 2:
		return " In customers' words: " + said[0] + " and " + ended(said[1])
	}
	return ""
}

// worded puts a model's sentences together from the data points that are still
// there; "" when it worded another theme.
func (b *builder) worded() string {
	w := b.o.Worded
	b.out.Problem.Worded = w // kept, for when somebody returns to the theme
	if w == nil || w.Theme != b.focus.ID {
		return ""
	}
	out := ""
	for _, s := range w.Sentences {
		i := slices.IndexFunc(b.out.Evidence, func(d Datum) bool { return d.ID == s.Evidence })
		if i < 0 {
			continue
		}
		if q := b.out.Evidence[i].Quote; out == "" {
			b.out.Problem.Says = &q
		}
		out += " " + cmp.Or(s.Before, "One says") + ": " + ended("“"+OneLine(b.out.Evidence[i].Quote.Text)+"”")
	}
	return out
}

// ended closes a sentence that a quote ends, unless the quote does.
func ended(quote string) string {
	if strings.HasSuffix(quote, ".”") || strings.HasSuffix(quote, "?”") || strings.HasSuffix(quote, "!”") {
		return quote
	}
	return quote + "."
}

// why says by what rule or by whom this problem was taken.
func (b *builder) why() string {
	next := ""
	for _, t := range b.out.Themes {
		if t.ID != b.focus.ID && t.Rank > 0 && (b.focus.Rank == 1 && t.Rank == 2 || b.focus.Rank != 1 && t.Rank == 1) {
			next = t.Label
		}
	}
	var s string
	switch {
	case b.o.FocusBy != "":
		s = fmt.Sprintf("Chosen by %s.", Person(b.o.FocusBy))
		if next != "" {
			s += fmt.Sprintf(" By the synthesis' priority “%s” comes first.", next)
			if b.focus.Rank == 1 {
				s = fmt.Sprintf("Chosen by %s; it is also first in the synthesis' priority.", Person(b.o.FocusBy))
			}
		}
	case b.focus.Rank == 1 && !b.o.Asked:
		s = "First in the priority of the feedback synthesis."
		if next != "" {
			s += fmt.Sprintf(" Next would be “%s”.", next)
		}
	default:
		s = "Named as the focus when the run was started."
		if b.focus.Rank == 1 {
			return s + " It is also first in the synthesis' priority."
		}
		if next != "" {
			s += fmt.Sprintf(" By the synthesis' priority “%s” comes first.", next)
		}
	}
	return s
}

// over returns the segment value in which the problem is most over-represented.
func (b *builder) over() (name string, i, j int, ok bool) {
	lift := 0.0
	for x, d := range b.out.Segments {
		for y, c := range d.Cells {
			if c.Verdict == artefact.Over && c.Lift > lift {
				name, i, j, ok, lift = d.Name, x, y, true, c.Lift
			}
		}
	}
	return name, i, j, ok
}

// Person names a principal for readers.
func Person(by string) string { return strings.TrimPrefix(by, "person:") }

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// count writes a number with its thousands apart.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// OneLine folds white space.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Short cuts a text between words.
func Short(s string, most int) string {
	s = OneLine(s)
	if len([]rune(s)) <= most {
		return s
	}
	cut := string([]rune(s)[:most])
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return cut + " …"
}

// fill makes lists empty instead of null: a reader of the JSON need not ask.
func (b *builder) fill() {
	s := &b.out
	NotNil(&s.Sources)
	NotNil(&s.From)
	NotNil(&s.Problem.Numbers)
	NotNil(&s.Evidence)
	NotNil(&s.Segments)
	NotNil(&s.Stakeholders)
	NotNil(&s.Conflicts)
	NotNil(&s.Rationale)
	NotNil(&s.Criteria)
	NotNil(&s.Others)
	NotNil(&s.Aims)
	NotNil(&s.Baselines)
	NotNil(&s.Constraints)
	NotNil(&s.NoneKnown)
	NotNil(&s.Dependencies)
	NotNil(&s.Ethics)
	NotNil(&s.Exclusions)
	NotNil(&s.Assumptions)
	NotNil(&s.Questions)
	NotNil(&s.Gaps)
	NotNil(&s.Dropped)
	NotNil(&s.Themes)
	NotNil(&s.Statements)
	NotNil(&s.Signals)
	NotNil(&s.Edits)
	NotNil(&s.Findings)
	NotNil(&s.Figures)
	NotNil(&s.Method.Steps)
	NotNil(&s.Method.Limits)
	NotNil(&s.Method.Notes)
	if s.Redaction.Masked == nil {
		s.Redaction.Masked = map[string]int{}
	}
	for i := range s.Findings {
		NotNil(&s.Findings[i].Where)
	}
	for i := range s.Segments {
		NotNil(&s.Segments[i].Cells)
	}
	for i := range s.Conflicts {
		NotNil(&s.Conflicts[i].Sides)
	}
	for i := range s.Themes {
		t := &s.Themes[i]
		NotNil(&t.RecordIDs)
		NotNil(&t.Mentions)
		NotNil(&t.Phrases)
		NotNil(&t.Quotes)
	}
}

// NotNil makes a list empty instead of null.
func NotNil[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}

// speaks says of whom a quote is, for messages.
func speaks(q *evidence.Quote, by string) string {
	switch {
	case by != "":
		return Person(by)
	case q != nil:
		return "record " + q.RecordID
	}
	return "nobody"
}
