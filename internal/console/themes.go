package console

import (
	"html/template"
	"net/http"
	"slices"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/report"
	"roleos/internal/report/chart"
	"roleos/internal/report/say"
)

// maxListed is how many records of a theme can be ticked on its page; more are
// split off by words.
const maxListed = 100

type themesPage struct {
	opened
	Rows     []themeRow
	Picked   *pickedTheme
	Segments template.HTML
	Loose    int
}

type themeRow struct {
	ID, Label, Statement string
	Records, Share       string
	Bar                  chart.Bar
	Spark                *chart.Sparkline
	Trend, Sign          string
	Level, Confidence    string
	Check                bool
	Validated            string
	Picked               bool
}

type pickedTheme struct {
	artefact.Theme
	Listed []evidence.Record
	Rest   int
}

func (c *Console) themes(w http.ResponseWriter, r *http.Request, s session) error {
	o, err := c.open(r, s, "themes")
	if err != nil {
		return err
	}
	if !o.Themes {
		return fault.New(fault.NotFound, "console.themes", "a %s has no themes", o.Kind)
	}
	p := themesPage{opened: o, Loose: len(o.Doc.Synthesis.Unassigned)}
	most := 0.0
	for _, t := range o.Doc.Synthesis.Themes {
		most = max(most, t.ShareHigh, t.Share)
	}
	want := r.URL.Query().Get("theme")
	for _, t := range o.Doc.Synthesis.Themes {
		row := themeRowOf(t, most)
		if row.Picked = t.ID == want; row.Picked {
			p.Picked = picked(t, o.Doc.Records)
		}
		p.Rows = append(p.Rows, row)
	}
	if want != "" && p.Picked == nil {
		return fault.New(fault.NotFound, "console.themes", "revision %s has no theme %q; it may have been merged", o.Frame.Revision, want)
	}
	if p.Segments, err = c.bodies.get("segments "+bodyKey(o.Doc), func() (template.HTML, error) { return report.Segments(o.Doc.View) }); err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "themes", layout{Title: "Themes of " + o.Draft.Title, Active: "queue", Page: p})
}

func themeRowOf(t artefact.Theme, most float64) themeRow {
	row := themeRow{
		ID: t.ID, Label: t.Label, Statement: t.Statement, Records: say.Count(t.Count), Share: say.Share(t.Share),
		Bar: chart.NewBar(t.Share, t.ShareLow, t.ShareHigh, most, 120, 12), Level: t.Level, Confidence: say.Factor(t.Confidence),
		Check: t.NeedsCheck, Validated: person(t.Validated),
	}
	if t.Trend != nil && len(t.Trend.Shares) > 1 {
		spark := chart.Spark(t.Trend.Shares, nil, nil, 84, 22, 3)
		row.Spark, row.Trend = &spark, string(t.Trend.Direction)
		row.Sign = map[artefact.Direction]string{artefact.Rising: "↗", artefact.Falling: "↘", artefact.Steady: "→"}[t.Trend.Direction]
	}
	return row
}

func picked(t artefact.Theme, find func(string) (evidence.Record, bool)) *pickedTheme {
	p := &pickedTheme{Theme: t}
	ids := slices.Clone(t.RecordIDs)
	for _, id := range ids[:min(len(ids), maxListed)] {
		if rec, ok := find(id); ok {
			if text, cut := say.Clip(rec.Text, 400); cut {
				rec.Text = text + "…"
			}
			p.Listed = append(p.Listed, rec)
		}
	}
	p.Rest = len(ids) - len(p.Listed)
	return p
}
