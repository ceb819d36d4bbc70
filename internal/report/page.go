package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/chart"
	"roleos/internal/report/frame"
	"roleos/internal/report/say"
)

// The most of each list in the page. What is left out is counted in the page.
const (
	maxIssuesOpen    = 12  // rows before the rest folds
	maxThemesOpen    = 30  // rows of the overview before the rest folds
	maxThemeSections = 120 // themes with a section of their own
	maxSectionsOpen  = 20  // sections before the others fold
	maxHeatOpen      = 30  // rows of a heat table before the rest folds
	maxHeatColumns   = 9   // columns of one heat table
	maxHeatRows      = 200
	maxStandouts     = 12
	maxLoose         = 200 // records that fit nowhere
	maxLooseOpen     = 12
	maxTextBytes     = 4000 // of a record in the appendix, around what is quoted
	maxQuoteBytes    = 1200
	maxLabelBytes    = 200
)

// page is the model of the HTML report: all numbers are text already.
type page struct {
	CSS    template.CSS
	JS     template.JS
	Policy string

	Title, Lead          string
	Sample               bool
	SampleNote, Coverage string
	About                []pair // what names the draft
	Meta                 []pair
	Key                  []pair
	Headlines            []string

	Issues   issuesPart
	Themes   themesPart
	Heat     heatPart
	Alerts   []alertRow
	Loose    loosePart
	Findings []findingRow
	Gaps     []artefact.Gap
	Rejected []artefact.Rejection
	Method   methodPart
	Checks   frame.Checks
	Evidence []evidenceRow
	Periods  bool
}

type pair struct {
	Name, Value string
	Flag        bool
}

func newPage(v View) page {
	s, f := &v.Synthesis, v.Frame()
	p := page{
		Title: v.title(), Lead: v.lead(), Sample: s.Sample,
		SampleNote: frame.SampleNote, Gaps: s.Gaps, Rejected: s.Rejected, Checks: f.Checks(),
		Periods: len(s.Periods) > 0,
	}
	p.Coverage = v.coverage()
	p.Meta, p.About = v.meta(), pairs(f.About())
	p.Key = []pair{
		{Name: say.Verb(s.Summary.Records, "record", "records"), Value: say.Count(s.Summary.Records)},
		{Name: say.Verb(s.Summary.Themes, "theme", "themes"), Value: say.Count(s.Summary.Themes)},
		{Name: "of the records in a theme", Value: say.Share(s.Summary.AssignedShare)},
		{Name: say.Verb(s.Summary.Records-s.Summary.Assigned, "fits nowhere", "fit nowhere"), Value: say.Count(s.Summary.Records - s.Summary.Assigned)},
		{Name: say.Verb(s.Summary.NeedCheck, "theme to check", "themes to check"), Value: say.Count(s.Summary.NeedCheck), Flag: s.Summary.NeedCheck > 0},
	}
	for _, h := range s.Summary.Headlines {
		if h.Text != p.Coverage { // it stands in a banner
			p.Headlines = append(p.Headlines, h.Text)
		}
	}
	a := newAppendix(&v)
	p.Themes = v.themesPart(a)
	p.Issues = v.issuesPart()
	p.Heat = v.heatPart()
	p.Alerts = v.alertRows()
	p.Loose = v.loosePart()
	p.Findings = findingRows(s.Findings)
	p.Method = v.methodPart()
	p.Evidence = a.rows()
	return p
}

func (v *View) meta() []pair {
	s, f := &v.Synthesis, v.Frame()
	var out []pair
	add := func(name, value string) {
		if value != "" {
			out = append(out, pair{Name: name, Value: value})
		}
	}
	add("Period", say.Period(s.Summary.From, s.Summary.To))
	return append(out, pairs(f.Status())...)
}

func pairs(facts []frame.Fact) []pair {
	out := make([]pair, len(facts))
	for i, f := range facts {
		out[i] = pair{Name: f.Label, Value: f.Value}
	}
	return out
}

// anchor makes a fragment for an id that comes from outside: the id itself when
// it is plain, else its number in the list.
func anchor(kind, id string, n int) string {
	plainID := id != "" && len(id) <= 64
	for _, r := range id {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.') {
			plainID = false
		}
	}
	if plainID {
		return kind + "-" + id
	}
	return kind + ":" + strconv.Itoa(n) // no plain id holds a colon
}

func (v *View) themeAnchors() map[string]string {
	m := make(map[string]string, len(v.Synthesis.Themes))
	for i, t := range v.Synthesis.Themes {
		if i < maxThemeSections {
			m[t.ID] = anchor("theme", t.ID, i+1)
		}
	}
	return m
}

// label returns a theme's label, shortened where it would break the page.
func label(s string) string {
	s = say.OneLine(s)
	if s == "" {
		return "(no label)"
	}
	if c, cut := say.Clip(s, maxLabelBytes); cut {
		return c + "…"
	}
	return s
}

type issuesPart struct {
	Legend  []legendRow
	Formula []string
	Weights []pair // segment weights
	Open    []issueRow
	Folded  []issueRow
	Adds    bool // every score is the sum of its parts
}

type legendRow struct {
	Name, Weight, Means string
	N                   int
}

type issueRow struct {
	Rank, Label, Anchor, Sub, Score string
	Values                          []string
	Why                             []whyRow
	Pieces                          []chart.Piece
	Desc                            string
	Span                            int // columns beside the rank
}

type whyRow struct{ Name, Value, Weight, Adds, Means string }

// stackWidth is the width of a score of 100 in pixels.
const stackWidth = 200

func (v *View) issuesPart() issuesPart {
	s := &v.Synthesis
	p := issuesPart{Formula: formulaLines(s.Formula.Text), Adds: true}
	if len(s.Issues) == 0 {
		return p
	}
	names := s.Issues[0].Factors
	for i, f := range names {
		p.Legend = append(p.Legend, legendRow{Name: factorName(f.Name), Weight: say.Weight(f.Weight), N: i%chart.Shades + 1})
	}
	for _, k := range slices.Sorted(maps.Keys(s.Formula.SegmentWeights)) {
		p.Weights = append(p.Weights, pair{Name: k, Value: say.Weight(s.Formula.SegmentWeights[k])})
	}
	themes, anchors := v.themes(), v.themeAnchors()
	for i, is := range s.Issues {
		row := issueRow{Span: 3 + len(names), Rank: say.Count(is.Rank), Label: label(is.Title), Anchor: anchors[is.ThemeID], Score: say.Score(is.Score)}
		if t := themes[is.ThemeID]; t != nil {
			row.Sub = say.Plural(t.Count, "record", "records") + ", " + say.Share(t.Share)
			if t.NeedsCheck {
				row.Sub += ", needs a check"
			}
			if n := praiseNote(t.Praise); n != "" {
				row.Sub += "; " + n
			}
		}
		adds, sum := contributions(is)
		if !sum {
			adds, p.Adds = []float64{is.Score}, false
		}
		row.Pieces = chart.Stack(adds, 100, stackWidth)
		var desc []string
		for k := range names {
			if k >= len(is.Factors) {
				row.Values = append(row.Values, "")
				continue
			}
			f := is.Factors[k]
			row.Values = append(row.Values, say.Factor(f.Value))
			w := whyRow{Name: factorName(f.Name), Value: say.Factor(f.Value), Weight: say.Weight(f.Weight), Means: f.Means}
			if sum {
				w.Adds = say.Score(adds[k])
			}
			row.Why = append(row.Why, w)
			desc = append(desc, factorName(f.Name)+" "+w.Adds)
		}
		if n := praiseNote(is.Praise); n != "" {
			row.Why = append(row.Why, whyRow{Name: "praise", Value: say.Factor(is.Praise), Means: n + ", so the score is multiplied by " + say.Factor(1-is.Praise)})
		}
		row.Desc = "Score " + row.Score + " of 100"
		if sum {
			row.Desc += ": " + strings.Join(desc, ", ")
		}
		if i < maxIssuesOpen {
			p.Open = append(p.Open, row)
		} else {
			p.Folded = append(p.Folded, row)
		}
	}
	return p
}

// formulaLines puts each sentence of the formula on a line of its own.
func formulaLines(text string) []string {
	var out []string
	for _, part := range strings.Split(text, ". ") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, say.Sentence(part))
		}
	}
	return out
}

type alertRow struct {
	Kind, Statement, Anchor, Label, Period, Change, Test, Sure, Validated string
	Count                                                                 string
}

func (v *View) alertRows() []alertRow {
	anchors, themes := v.themeAnchors(), v.themes()
	var out []alertRow
	for _, a := range v.Synthesis.Alerts {
		r := alertRow{
			Kind: kindWord(a.Kind), Statement: a.Statement, Anchor: anchors[a.ThemeID], Period: v.periodNamed(a.Period),
			Change: fmt.Sprintf("%s, %s before (%s)", say.Share(a.Share), say.Share(a.Before), say.Times(a.Ratio)),
			Count:  say.Plural(a.Count, "record", "records"), Test: a.Test, Validated: a.Validated,
			Sure: say.Sureness("p", a.P) + ", " + say.Sureness("q", a.Q),
		}
		if t := themes[a.ThemeID]; t != nil {
			r.Label = label(t.Label)
		}
		out = append(out, r)
	}
	return out
}
