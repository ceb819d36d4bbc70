package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"roleos/internal/app"
	"roleos/internal/evidence"
	"roleos/internal/report/say"
)

// source is a record behind a claim, cut where its quote begins and ends.
type source struct {
	Draft    string   `json:"draft"`
	Record   string   `json:"record"`
	Place    string   `json:"place"`
	When     string   `json:"when,omitempty"`
	Before   string   `json:"before"`
	Quote    string   `json:"quote"`
	After    string   `json:"after"`
	Facts    []string `json:"facts,omitempty"`
	Themes   []string `json:"themes,omitempty"`
	Masked   bool     `json:"masked"` // personal data in it is hidden
	Address  string   `json:"address"`
	Original bool     `json:"-"`
}

type evidencePage struct {
	opened
	Source source
	Which  string
}

// lookUp reads the record that the address names: a quote's number, or a record's id.
func (c *Console) lookUp(r *http.Request, original bool) (source, error) {
	id, which := r.PathValue("id"), r.PathValue("which")
	n, _ := strconv.Atoi(r.FormValue("rev"))
	row, err := c.o.App.Evidence(r.Context(), id, max(n, 0), which, original)
	if err != nil {
		return source{}, err
	}
	if row.Quote == nil {
		row.Quote = c.quoteOf(r, id, n, row.Record.ID)
	}
	s := sourceOf(row)
	s.Draft, s.Address, s.Original = id, r.URL.RequestURI(), original
	return s, nil
}

// quoteOf returns the first quote of the draft from the record, nil when it has none.
func (c *Console) quoteOf(r *http.Request, draft string, n int, record string) *evidence.Quote {
	quotes, err := c.o.App.Quotes(r.Context(), draft, n)
	if err != nil {
		return nil
	}
	for _, q := range quotes {
		if q.Quote.RecordID == record {
			return &q.Quote
		}
	}
	return nil
}

// sourceOf cuts a record around its quote. The quote's offsets hold in the masked
// text and in the original alike.
func sourceOf(row app.Row) source {
	s := source{Record: row.Record.ID, Place: row.Place, When: stamp(row.Record.Time), Before: row.Text, Masked: len(row.Record.Masks) > 0}
	if q := row.Quote; q != nil && q.Start >= 0 && q.Start <= q.End && q.End <= len(row.Text) {
		s.Before, s.Quote, s.After = row.Text[:q.Start], row.Text[q.Start:q.End], row.Text[q.End:]
	}
	for _, x := range []struct{ name, value string }{{"channel", row.Record.Channel}, {"account", row.Record.Account}, {"speaker", row.Record.Origin.Speaker}} {
		if x.value != "" {
			s.Facts = append(s.Facts, x.name+": "+x.value)
		}
	}
	for _, x := range row.Record.Segments {
		s.Facts = append(s.Facts, x.Name+": "+x.Value)
	}
	for _, t := range row.Themes {
		s.Themes = append(s.Themes, t.Label)
	}
	return s
}

func (c *Console) evidence(w http.ResponseWriter, r *http.Request, s session) error {
	src, err := c.lookUp(r, false)
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		for _, part := range []*string{&src.Before, &src.Quote, &src.After, &src.Place, &src.Record} {
			*part = say.Reveal(*part)
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(src)
	}
	return c.showSource(w, r, s, src)
}

// original shows the record as it was before personal data was masked. That is
// written down, so it is a form and no link.
func (c *Console) original(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
	src, err := c.lookUp(r, true)
	if err != nil {
		return "", "", err
	}
	return "", "", c.showSource(w, r, s, src)
}

func (c *Console) showSource(w http.ResponseWriter, r *http.Request, s session, src source) error {
	o, err := c.open(r, s, "evidence")
	if err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "evidence", layout{
		Title: "Record " + src.Record, Active: "queue", Page: evidencePage{opened: o, Source: src, Which: r.PathValue("which")},
	})
}
