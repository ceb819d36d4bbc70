package report

import (
	"maps"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

type heatPart struct {
	Tables    []heatTable
	Standouts []standoutRow
	Rest      string // count of further differences, or ""
	Omitted   []string
	RowsLeft  string // count of themes in no heat table, or ""
}

type heatTable struct {
	Dims   []heatDim
	Open   []heatRow
	Folded []heatRow
}

type heatDim struct {
	Name, Known string
	Values      []pair // value, count
}

type heatRow struct {
	Label, Anchor string
	Cells         []heatCell
}

// heatCell is one theme in one segment. Class is its shade, empty when the test
// found nothing.
type heatCell struct{ Share, Class, Sign, Word string }

type standoutRow struct{ Sign, Word, Who, Label, Anchor, Share, Rest, Times, Q string }

// heatPart cuts the dimensions into tables of a readable width.
func (v *View) heatPart() heatPart {
	var p heatPart
	s := &v.Synthesis
	anchors := v.themeAnchors()
	var batch []artefact.Dimension
	columns := 0
	flush := func() {
		if len(batch) > 0 {
			p.Tables = append(p.Tables, v.heatTable(batch, anchors))
		}
		batch, columns = nil, 0
	}
	for _, d := range s.Segments {
		if columns+len(d.Values) > maxHeatColumns {
			flush()
		}
		batch, columns = append(batch, d), columns+len(d.Values)
		if d.Omitted > 0 {
			p.Omitted = append(p.Omitted, d.Name+": "+say.Plural(d.Omitted, "rarer value is", "rarer values are")+" not broken down.")
		}
	}
	flush()
	list := v.standouts()
	for i, so := range list {
		if i == maxStandouts {
			p.Rest = say.Plural(len(list)-maxStandouts, "further difference is", "further differences are")
			break
		}
		r := standoutRow{
			Sign: "▲", Word: "over", Who: so.Cell.Segment + " " + so.Cell.Value, Label: label(so.Theme.Label),
			Anchor: anchors[so.Theme.ID], Share: say.Share(so.Cell.Share), Rest: say.Share(so.Cell.RestShare),
			Times: say.Times(so.Cell.Lift), Q: strings.TrimPrefix(strings.TrimPrefix(say.Sureness("", so.Cell.Q), " "), "= "),
		}
		if so.Cell.Verdict == artefact.Under {
			r.Sign, r.Word = "▼", "under"
		}
		p.Standouts = append(p.Standouts, r)
	}
	if n := len(s.Themes) - maxHeatRows; n > 0 && len(p.Tables) > 0 {
		p.RowsLeft = say.Plural(n, "smaller theme is", "smaller themes are")
	}
	return p
}

func (v *View) heatTable(dims []artefact.Dimension, anchors map[string]string) heatTable {
	var h heatTable
	type key struct{ segment, value string }
	for _, d := range dims {
		hd := heatDim{Name: d.Name, Known: say.Count(d.Known)}
		for _, x := range d.Values {
			hd.Values = append(hd.Values, pair{Name: x.Value, Value: say.Count(x.Count)})
		}
		h.Dims = append(h.Dims, hd)
	}
	for i, t := range v.Synthesis.Themes {
		if i == maxHeatRows {
			break
		}
		cells := make(map[key]artefact.Cell, len(t.Segments))
		for _, c := range t.Segments {
			cells[key{c.Segment, c.Value}] = c
		}
		row := heatRow{Label: label(t.Label), Anchor: anchors[t.ID]}
		for _, d := range dims {
			for _, x := range d.Values {
				c, ok := cells[key{d.Name, x.Value}]
				row.Cells = append(row.Cells, heat(c, ok))
			}
		}
		if i < maxHeatOpen {
			h.Open = append(h.Open, row)
		} else {
			h.Folded = append(h.Folded, row)
		}
	}
	return h
}

// heat shades a cell by its lift, and only where its test found something.
func heat(c artefact.Cell, ok bool) heatCell {
	if !ok {
		return heatCell{Share: "–", Word: "too few to test"}
	}
	h := heatCell{Share: say.Share(c.Share)}
	lift := c.Lift
	switch c.Verdict {
	case artefact.Over:
		h.Sign, h.Word, h.Class = "▲", "over", "o"
	case artefact.Under:
		h.Sign, h.Word, h.Class = "▼", "under", "u"
		if lift > 0 {
			lift = 1 / lift
		} else {
			lift = 3
		}
	case artefact.AsExpected:
		return h
	default:
		return h
	}
	switch {
	case lift >= 3:
		h.Class += "3"
	case lift >= 2:
		h.Class += "2"
	default:
		h.Class += "1"
	}
	return h
}

type loosePart struct {
	Total        string
	Open, Folded []looseRow
	Rest         string // count of those not listed, or ""
}

type looseRow struct{ ID, Place, Text string }

func (v *View) loosePart() loosePart {
	ids := v.Synthesis.Unassigned
	p := loosePart{}
	if len(ids) == 0 {
		return p
	}
	p.Total = say.Plural(len(ids), "record fits", "records fit")
	for i, id := range ids {
		if i == maxLoose {
			p.Rest = say.Count(len(ids) - maxLoose)
			break
		}
		r, _ := v.record(id)
		text, cut := say.Clip(r.Text, maxQuoteBytes)
		if cut {
			text += "…"
		}
		row := looseRow{ID: id, Place: v.place(id), Text: text}
		if i < maxLooseOpen {
			p.Open = append(p.Open, row)
		} else {
			p.Folded = append(p.Folded, row)
		}
	}
	return p
}

type findingRow struct {
	Message, Severity, Kind string
	Where                   []string
	Warning                 bool
}

func findingRows(list []artefact.Finding) []findingRow {
	var out []findingRow
	for _, f := range warningsFirst(list) {
		out = append(out, findingRow{
			Message: f.Message, Severity: f.Severity, Kind: factorName(f.Kind), Where: f.Where, Warning: f.Severity == "warning",
		})
	}
	return out
}

type methodPart struct {
	Analyst              string
	Steps, Limits, Notes []string
	Sources              []sourceRow
	Redaction            string
	Redirects            []pair
}

type sourceRow struct{ Name, Format, Size, Records, Digest string }

func (v *View) methodPart() methodPart {
	s := &v.Synthesis
	m := methodPart{Steps: s.Method.Steps, Limits: s.Method.Limits, Notes: s.Method.Notes, Redaction: redactionLine(s.Redaction)}
	if s.Method.Analyst != "" {
		m.Analyst = "Analyst: " + s.Method.Analyst
		if s.Method.Version != "" {
			m.Analyst += ", version " + s.Method.Version
		}
		m.Analyst += "."
		if s.Method.Analyst == "offline" {
			m.Analyst += " The same records give the same report."
		}
	}
	for _, x := range s.Sources {
		format := x.Format
		if x.Encoding != "" {
			format += ", " + x.Encoding
		}
		m.Sources = append(m.Sources, sourceRow{x.Name, format, say.Bytes(x.Bytes), say.Count(x.Records), x.Digest})
	}
	for _, k := range slices.Sorted(maps.Keys(s.Redirects)) {
		m.Redirects = append(m.Redirects, pair{Name: k, Value: s.Redirects[k]})
	}
	return m
}

// redactionLine says what was masked.
func redactionLine(r artefact.Redaction) string {
	if !r.On {
		return "Personal data was not masked: redaction was switched off."
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(r.Masked)) {
		if n := r.Masked[k]; n > 0 {
			parts = append(parts, say.Count(n)+" "+k)
		}
	}
	if len(parts) == 0 {
		return "Personal data is masked before anything is read; none was found."
	}
	return "Personal data is masked before anything is read: " + strings.Join(parts, ", ") + "."
}
