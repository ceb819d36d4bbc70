package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/chart"
	"roleos/internal/report/say"
)

type themesPart struct {
	Groups   []groupRow
	Open     []themeRow
	Folded   []themeRow
	Sections []section // open
	More     []section // each folded
	Without  string    // count of themes without a section, or ""
}

type groupRow struct {
	Label, Count, Share string
	Bar                 chart.Bar
	Themes              []link
}

type link struct{ Label, Anchor string }

type themeRow struct {
	ID                          string
	Label, Anchor, Group        string
	Count, Share, Interval      string
	Bar                         chart.Bar
	Spark                       *chart.Sparkline
	Trend, TrendSign, SparkDesc string
	Level, Confidence           string
	Check                       bool
	Validated                   string // "validated by ...", or ""
	Records                     string // count with its word: "1 record"
	SortShare, SortConf         string
}

type section struct {
	themeRow
	Statement    string
	Says         *quoteRow
	Quotes       []quoteRow
	Phrases      []string
	Facts        []pair
	TrendNote    string
	First, Last  string // period labels
	Periods      []periodRow
	Over, Under  []cellRow
	Signals      []pair
	Praise       string
	Edited       bool
	AlsoIn       string
	Alerts       []string
	EvidenceNote string
}

type periodRow struct {
	Label, Count, Share string
	Thin                bool
}

type cellRow struct{ Who, Says, Sure string }

type quoteRow struct {
	Text, ID, Anchor, Place string
	Cut                     bool
}

// themesPart shows every theme in the overview and the largest in sections.
func (v *View) themesPart(a *appendix) themesPart {
	var p themesPart
	s := &v.Synthesis
	anchors, groups := v.themeAnchors(), map[string]string{}
	themes := v.themes()
	most := 0.0
	for _, g := range s.Groups {
		most = max(most, g.Share)
	}
	for _, g := range s.Groups {
		groups[g.ID] = label(g.Label)
		row := groupRow{Label: label(g.Label), Count: say.Count(g.Count), Share: say.Share(g.Share), Bar: chart.NewBar(g.Share, 0, 0, most, barWidth, 14)}
		for _, id := range g.ThemeIDs {
			if t := themes[id]; t != nil {
				row.Themes = append(row.Themes, link{label(t.Label), anchors[id]})
			}
		}
		p.Groups = append(p.Groups, row)
	}
	most = 0
	for _, t := range s.Themes {
		most = max(most, t.ShareHigh, t.Share)
	}
	thin := make([]bool, len(s.Periods))
	for i, pd := range s.Periods {
		thin[i] = pd.Thin
	}
	for i := range s.Themes {
		t := &s.Themes[i]
		row := v.themeRow(t, most, thin)
		row.Anchor, row.Group = anchors[t.ID], groups[t.Parent]
		if row.Group == row.Label {
			row.Group = "" // alone in its group, which is named after it
		}
		if i < maxThemesOpen {
			p.Open = append(p.Open, row)
		} else {
			p.Folded = append(p.Folded, row)
		}
		switch {
		case i >= maxThemeSections:
		case i < maxSectionsOpen:
			p.Sections = append(p.Sections, v.section(t, row, thin, a))
		default:
			p.More = append(p.More, v.section(t, row, thin, a))
		}
	}
	if n := len(s.Themes) - maxThemeSections; n > 0 {
		p.Without = say.Plural(n, "theme has", "themes have")
	}
	return p
}

// Sizes of the charts in pixels.
const (
	barWidth    = 170
	sparkWidth  = 84
	sparkHeight = 26
	trendWidth  = 300
	trendHeight = 72
)

func (v *View) themeRow(t *artefact.Theme, most float64, thin []bool) themeRow {
	r := themeRow{
		ID:    t.ID,
		Label: label(t.Label), Count: say.Count(t.Count), Share: say.Share(t.Share), Interval: say.Interval(t.ShareLow, t.ShareHigh),
		Bar: chart.NewBar(t.Share, t.ShareLow, t.ShareHigh, most, barWidth, 14), Level: levelWord(t.Level), Confidence: say.Factor(t.Confidence),
		Check: t.NeedsCheck, Validated: validated(t), Records: say.Plural(t.Count, "record", "records"), SortShare: sortKey(t.Share), SortConf: sortKey(t.Confidence),
	}
	if t.Trend != nil {
		r.Trend, r.TrendSign = directionWord(t.Trend.Direction)
		sp := chart.Spark(t.Trend.Shares, thin, v.marks(t.ID), sparkWidth, sparkHeight, 5)
		r.Spark = &sp
		r.SparkDesc = v.sparkDesc(t.Trend)
	}
	return r
}

// sortKey writes a number for the page's script to sort by.
func sortKey(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}

// marks says which periods an alert of the theme stands on.
func (v *View) marks(theme string) []bool {
	var out []bool
	for _, a := range v.Synthesis.Alerts {
		if a.ThemeID != theme || theme == "" {
			continue
		}
		if out == nil {
			out = make([]bool, len(v.Synthesis.Periods))
		}
		for i, p := range v.Synthesis.Periods {
			out[i] = out[i] || p.Label == a.Period
		}
	}
	return out
}

func (v *View) periodLabel(i int) string {
	if i < 0 || i >= len(v.Synthesis.Periods) {
		return "period " + say.Count(i+1)
	}
	p := v.Synthesis.Periods[i]
	if d := p.Day(); d != "" {
		return p.Label + " (" + d + ")"
	}
	return p.Label
}

// periodNamed returns what periodLabel says of the period with the label.
func (v *View) periodNamed(label string) string {
	for i, p := range v.Synthesis.Periods {
		if p.Label == label {
			return v.periodLabel(i)
		}
	}
	return label
}

func (v *View) sparkDesc(tr *artefact.Trend) string {
	parts := make([]string, len(tr.Shares))
	for i, x := range tr.Shares {
		parts[i] = v.periodLabel(i) + " " + say.Share(x)
	}
	return strings.Join(parts, ", ")
}

func levelWord(level string) string {
	if level == "" {
		return "unknown"
	}
	return level
}

// directionWord names a direction and gives a sign for it, so that it does not
// rest on colour.
func directionWord(d artefact.Direction) (word, sign string) {
	switch d {
	case artefact.Rising:
		return "rising", "↗"
	case artefact.Falling:
		return "falling", "↘"
	case artefact.Steady:
		return "steady", "→"
	case artefact.TooLittle:
		return "too little data", "·"
	}
	return string(d), ""
}

func (v *View) section(t *artefact.Theme, row themeRow, thin []bool, a *appendix) section {
	s := section{themeRow: row, Statement: t.Statement, Phrases: t.Phrases, Praise: praiseNote(t.Praise), Edited: t.Edited}
	if t.Says != nil {
		q := a.quote(*t.Says, row)
		s.Says = &q
	}
	for _, q := range t.Quotes {
		if t.Says != nil && q == *t.Says && strings.Contains(t.Statement, q.Text) {
			continue // it stands in the statement
		}
		s.Quotes = append(s.Quotes, a.quote(q, row))
	}
	if n := len(t.AlsoIn); n > 0 {
		s.AlsoIn = say.Plural(n, "record counted elsewhere raises this too", "records counted elsewhere raise this too")
	}
	if tr := t.Trend; tr != nil && len(tr.Shares) > 0 {
		sp := chart.Spark(tr.Shares, thin, v.marks(t.ID), trendWidth, trendHeight, 5)
		s.Spark = &sp
		s.First, s.Last = v.periodLabel(0), v.periodLabel(len(tr.Shares)-1)
		if i := chart.Peak(tr.Shares, thin); i >= 0 {
			s.TrendNote = fmt.Sprintf("Peak %s in %s, last %s.", say.Share(tr.Shares[i]), v.periodLabel(i), say.Share(tr.Shares[len(tr.Shares)-1]))
		}
		if tr.Direction != artefact.TooLittle {
			s.TrendNote += " Later half against earlier half: " + say.Sureness("q", tr.Q) + "."
		}
		for i, x := range tr.Shares {
			p := periodRow{Label: v.periodLabel(i), Share: say.Share(x), Thin: i < len(thin) && thin[i]}
			if i < len(tr.Counts) {
				p.Count = say.Count(tr.Counts[i])
			}
			s.Periods = append(s.Periods, p)
		}
	}
	for _, al := range v.Synthesis.Alerts {
		if al.ThemeID == t.ID && t.ID != "" {
			s.Alerts = append(s.Alerts, al.Statement)
		}
	}
	for _, c := range t.Segments {
		if !told(c) {
			continue
		}
		r := cellRow{Who: c.Segment + " " + c.Value, Says: versus(c), Sure: say.Times(c.Lift) + ", " + say.Sureness("q", c.Q)}
		if c.Verdict == artefact.Over {
			s.Over = append(s.Over, r)
		} else {
			s.Under = append(s.Under, r)
		}
	}
	g := t.Signals
	s.Signals = []pair{
		{Name: "silhouette", Value: say.Factor(g.Silhouette)},
		{Name: "stability", Value: say.Factor(g.Stability)},
		{Name: "inner edges", Value: say.Factor(g.InnerEdges)},
		{Name: "cohesion", Value: say.Factor(g.Cohesion)},
		{Name: "margin", Value: say.Factor(g.Margin)},
		{Name: "intensity", Value: say.Factor(t.Intensity)},
		{Name: "praise", Value: say.Factor(t.Praise)},
	}
	return s
}
