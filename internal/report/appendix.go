package report

import (
	"slices"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/report/say"
)

// appendix collects the records that are quoted, each once.
type appendix struct {
	v     *View
	order []string
	spans map[string][]evidence.Span
	theme map[string]link
	at    map[string]string
}

func newAppendix(v *View) *appendix {
	return &appendix{v: v, spans: map[string][]evidence.Span{}, theme: map[string]link{}, at: map[string]string{}}
}

func (a *appendix) quote(q evidence.Quote, in themeRow) quoteRow {
	r := quoteRow{ID: q.RecordID, Place: a.v.place(q.RecordID)}
	r.Text, r.Cut = say.Clip(q.Text, maxQuoteBytes)
	if _, ok := a.v.record(q.RecordID); !ok {
		return r
	}
	if _, seen := a.at[q.RecordID]; !seen {
		a.order = append(a.order, q.RecordID)
		a.at[q.RecordID] = anchor("record", q.RecordID, len(a.order))
		a.theme[q.RecordID] = link{in.Label, in.Anchor}
	}
	r.Anchor = a.at[q.RecordID]
	a.spans[q.RecordID] = append(a.spans[q.RecordID], evidence.Span{Start: q.Start, End: q.End})
	return r
}

type evidenceRow struct {
	ID, Anchor, Place, Time, About string
	Theme                          link
	Runs                           []textRun
}

// textRun is a stretch of a record's text, quoted or not.
type textRun struct {
	Text string
	Mark bool
}

func (a *appendix) rows() []evidenceRow {
	out := make([]evidenceRow, 0, len(a.order))
	for _, id := range a.order {
		r, _ := a.v.record(id)
		row := evidenceRow{ID: id, Anchor: a.at[id], Place: a.v.place(id), Theme: a.theme[id], Runs: excerpt(r.Text, a.spans[id], maxTextBytes)}
		if !r.Time.IsZero() {
			row.Time = r.Time.Format("2 Jan 2006 15:04")
		}
		var about []string
		if r.Channel != "" {
			about = append(about, r.Channel)
		}
		for _, s := range r.Segments {
			if s.Value != "" {
				about = append(about, s.Name+" "+s.Value)
			}
		}
		row.About = strings.Join(about, ", ")
		out = append(out, row)
	}
	return out
}

// excerpt cuts text into runs, quoted or not, of about most bytes in all: text
// far from any quote is left out and marked with an ellipsis.
func excerpt(text string, spans []evidence.Span, most int) []textRun {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b evidence.Span) int { return a.Start - b.Start })
	room := len(text)
	if len(text) > most {
		room = most / (2 * max(1, len(spans)))
	}
	var out []textRun
	add := func(s string, mark bool) {
		if s != "" {
			out = append(out, textRun{s, mark})
		}
	}
	at := 0
	for _, sp := range spans {
		start, end := max(sp.Start, at), min(sp.End, len(text))
		if start >= end {
			continue
		}
		between := text[at:start]
		switch {
		case len(between) <= 2*room:
			add(between, false)
		case at == 0:
			add("… "+say.Tail(between, room), false)
		default:
			head, _ := say.Clip(between, room)
			add(head+" … "+say.Tail(between, room), false)
		}
		quoted, cut := say.Clip(text[start:end], most)
		if cut {
			quoted += " …"
		}
		add(quoted, true)
		at = end
	}
	rest, cut := say.Clip(text[at:], room)
	if cut {
		rest += " …"
	}
	add(rest, false)
	return out
}
