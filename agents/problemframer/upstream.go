package problemframer

import (
	"encoding/json"
	"fmt"
	"slices"

	"roleos/agents"
	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/scaffold"
)

// Kinds of artefact that a brief builds on.
const (
	synthesis = "feedback-synthesis"
	landscape = "stakeholder-landscape"
	market    = "market-brief"
)

// upstream reads artefacts of other agents by the part of their JSON that every
// version of them has, so that a field more does no harm here.
type upstream struct {
	records map[string]*evidence.Record
}

func newUpstream(records []evidence.Record) *upstream {
	u := &upstream{records: make(map[string]*evidence.Record, len(records))}
	for i := range records {
		u.records[records[i].ID] = &records[i]
	}
	return u
}

func (u *upstream) read(o *brief.Outline, a agents.Artefact) error {
	var err error
	switch a.Kind {
	case synthesis:
		err = u.synthesis(o, a)
	case landscape:
		err = u.landscape(o, a)
	case market:
		err = u.market(o, a)
	}
	if err != nil {
		return err
	}
	return u.carry(o, a)
}

// carry takes over the constraints that an artefact hands on, and says of its
// evidence, which belongs to it and not to this problem, that it stays behind.
func (u *upstream) carry(o *brief.Outline, a agents.Artefact) error {
	var items struct {
		Evidence    []any `json:"evidence"`
		Constraints []struct {
			ID    string          `json:"id"`
			Kind  string          `json:"kind"`
			Text  string          `json:"text"`
			Owner string          `json:"owner"`
			Quote *evidence.Quote `json:"quote"`
		} `json:"constraints"`
	}
	if json.Unmarshal(a.Body, &items) != nil {
		return nil // lists of another form are no items to carry
	}
	for _, e := range items.Evidence {
		m, _ := e.(map[string]any)
		if id, _ := m["id"].(string); id != "" {
			o.Dropped = append(o.Dropped, brief.Dropped{ID: id, Reason: "Evidence of the " + a.Kind + ", which stays there."})
		}
	}
	for _, c := range items.Constraints {
		if c.ID == "" || c.Text == "" {
			continue
		}
		x := brief.Constraint{ID: c.ID, Kind: c.Kind, Text: c.Text, Owner: c.Owner}
		if !slices.Contains(brief.Classes(), x.Kind) {
			x.Kind = scaffold.ClassOf(c.Text)
		}
		if x.Owner == "" {
			x.Owner = a.Kind + " " + a.Draft
		}
		if c.Quote != nil {
			if q, ok := u.quote(a, *c.Quote); ok {
				x.Quote = &q
			}
		}
		o.Constraints = append(o.Constraints, x)
	}
	return nil
}

// quote moves a quote to the record ids of the task; false when it does not stand there.
func (u *upstream) quote(a agents.Artefact, q evidence.Quote) (evidence.Quote, bool) {
	q.RecordID = a.RecordID(q.RecordID)
	r, ok := u.records[q.RecordID]
	return q, ok && evidence.CheckQuote(r, q) == nil
}

// ids moves record ids to those of the task.
func (u *upstream) ids(a agents.Artefact, in []string) []string {
	out := make([]string, 0, len(in))
	for _, id := range in {
		if id = a.RecordID(id); u.records[id] != nil {
			out = append(out, id)
		}
	}
	return out
}

func (u *upstream) synthesis(o *brief.Outline, a agents.Artefact) error {
	var s artefact.FeedbackSynthesis
	if err := json.Unmarshal(a.Body, &s); err != nil {
		return err
	}
	if len(o.Themes) > 0 {
		return fmt.Errorf("a brief builds on one feedback synthesis, and this is the second")
	}
	rank := map[string]int{}
	for _, i := range s.Issues {
		rank[i.ThemeID] = i.Rank
	}
	for _, t := range s.Themes {
		x := brief.Theme{
			ID: t.ID, Label: t.Label, Rank: rank[t.ID], RecordIDs: u.ids(a, t.RecordIDs), Mentions: u.ids(a, t.AlsoIn),
			Phrases: t.Phrases, Confidence: t.Level, Validated: t.Validated,
		}
		if t.Trend != nil {
			x.Trend = string(t.Trend.Direction)
		}
		quotes := t.Quotes
		if t.Says != nil {
			quotes = append([]evidence.Quote{*t.Says}, quotes...)
		}
		for _, q := range quotes {
			if q, ok := u.quote(a, q); ok && !holds(x.Quotes, q) {
				x.Quotes = append(x.Quotes, q)
			}
		}
		o.Themes = append(o.Themes, x)
	}
	o.Themes = append(o.Themes, brief.Theme{ID: artefact.Unassigned, Label: "Fits nowhere", RecordIDs: u.ids(a, s.Unassigned)})
	for _, d := range s.Segments {
		x := brief.Dimension{Name: d.Name}
		for _, v := range d.Values {
			x.Cells = append(x.Cells, brief.Cell{Value: v.Value})
		}
		o.Dimensions = append(o.Dimensions, x)
	}
	o.Sample = o.Sample || s.Sample
	return nil
}

func holds(quotes []evidence.Quote, q evidence.Quote) bool {
	for _, x := range quotes {
		if x.RecordID == q.RecordID {
			return true
		}
	}
	return false
}

// landscape reads stakeholders, statements, open conflicts and open questions.
func (u *upstream) landscape(o *brief.Outline, a agents.Artefact) error {
	var l struct {
		Stakeholders []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"stakeholders"`
		Statements []struct {
			ID          string `json:"id"`
			Kind        string `json:"kind"`
			Stakeholder string `json:"stakeholder"`
			Status      string `json:"status"`
			evidence.Quote
		} `json:"statements"`
		Conflicts []struct {
			ID         string                    `json:"id"`
			About      string                    `json:"about"`
			Status     string                    `json:"status"`
			Sides      []any                     `json:"sides"`
			Resolution *struct{ Why, By string } `json:"resolution"`
		} `json:"conflicts"`
	}
	if err := json.Unmarshal(a.Body, &l); err != nil {
		return err
	}
	name := map[string]string{}
	for _, s := range l.Stakeholders {
		if s.Name == "" {
			s.Name = s.ID
		}
		name[s.ID] = s.Name
		o.Heard = append(o.Heard, s.Name)
	}
	sides := map[string]bool{}
	all := map[string]bool{}
	for _, s := range l.Statements {
		all[s.ID] = true
	}
	for _, c := range l.Conflicts {
		for _, side := range c.Sides {
			for _, id := range mentioned(side, all) {
				sides[id] = true
			}
		}
	}
	known := map[string]bool{}
	for _, s := range l.Statements {
		q, ok := u.quote(a, s.Quote)
		if !ok || !sides[s.ID] && len(o.Statements) >= mostStatements {
			continue
		}
		who := s.Stakeholder
		if n := name[who]; n != "" {
			who = n
		}
		known[s.ID] = true
		o.Statements = append(o.Statements, brief.Statement{ID: s.ID, Kind: s.Kind, Who: who, Status: s.Status, Quote: q})
	}
	for i, c := range l.Conflicts {
		x := brief.Conflict{ID: c.ID, About: c.About}
		if x.ID == "" {
			x.ID = fmt.Sprintf("k-%d", i+1)
		}
		if c.Status == "resolved" {
			d := brief.Dropped{ID: x.ID, Text: c.About, Reason: "Resolved in the stakeholder landscape."}
			if c.Resolution != nil {
				d.Reason, d.By = "Resolved in the stakeholder landscape: "+c.Resolution.Why, c.Resolution.By
			}
			o.Dropped = append(o.Dropped, d)
			continue
		}
		for _, side := range c.Sides {
			x.Sides = append(x.Sides, mentioned(side, known)...)
		}
		o.Conflicts = append(o.Conflicts, x)
	}
	return nil
}

// mostStatements is how many statements of a landscape are kept for any focus,
// beside the sides of its conflicts; all of them stay in the landscape.
const mostStatements = 2000

// mentioned returns the known ids anywhere in a JSON value, in order.
func mentioned(v any, known map[string]bool) []string {
	switch v := v.(type) {
	case string:
		if known[v] {
			return []string{v}
		}
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, mentioned(x, known)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, k := range []string{"statement", "statement_id", "statement_ids", "statements"} {
			out = append(out, mentioned(v[k], known)...)
		}
		return out
	}
	return nil
}

// mostSignals is how many quotes of a market brief are kept for any focus.
const mostSignals = 60

// market reads whatever the market brief quotes, with the title beside it.
func (u *upstream) market(o *brief.Outline, a agents.Artefact) error {
	var doc map[string]any
	if err := json.Unmarshal(a.Body, &doc); err != nil {
		return err
	}
	for _, key := range []string{"developments", "signals", "items"} {
		u.signals(o, a, doc[key], "")
	}
	return nil
}

func (u *upstream) signals(o *brief.Outline, a agents.Artefact, v any, title string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			u.signals(o, a, x, title)
		}
	case map[string]any:
		if v["stale"] == true {
			return
		}
		for _, k := range []string{"title", "label", "headline"} {
			if s, ok := v[k].(string); ok && s != "" {
				title = s
				break
			}
		}
		if id, ok := v["record_id"].(string); ok {
			text, _ := v["text"].(string)
			start, _ := v["start"].(float64)
			end, _ := v["end"].(float64)
			q, fits := u.quote(a, evidence.Quote{RecordID: id, Text: text, Start: int(start), End: int(end)})
			if fits && len(o.Signals) < mostSignals && !quoted(o.Signals, q) {
				o.Signals = append(o.Signals, brief.Signal{Title: title, Quote: q})
			}
		}
		for _, k := range []string{"quote", "quotes", "says", "items", "evidence", "sources"} {
			u.signals(o, a, v[k], title)
		}
	}
}

func quoted(list []brief.Signal, q evidence.Quote) bool {
	for _, s := range list {
		if s.Quote == q {
			return true
		}
	}
	return false
}
