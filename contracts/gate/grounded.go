package gate

import (
	"context"
	"encoding/json"
	"fmt"

	"roleos/internal/evidence"
)

// quotes checks that every quote stands in its record, word for word.
func (c *Compiler) quotes(s Spec) (*Gate, error) {
	for _, at := range s.Over {
		t, _ := c.types.at(at)
		for _, field := range []string{"record_id", "text", "start", "end"} {
			if !c.types.has(t, field) {
				return nil, wrong("over", "%s is no quote: it has no %s", at, field)
			}
		}
	}
	return &Gate{reads: c.types.listed(s.Over), check: func(_ context.Context, in *Input) (o Outcome) {
		gaps := 0
		for _, pattern := range s.Over {
			for at, v := range matches(in.Document.Root(), pattern) {
				q, ok := quote(v)
				if !ok {
					o.add(at, "this is no quote with record_id, text, start and end")
					continue
				}
				r, ok := in.record(q.RecordID)
				if !ok {
					o.add(at, "it cites record %q, which is not among the records", q.RecordID)
					continue
				}
				if r.Erased != nil && q.Text == r.Erased.Notice() {
					gaps++
					continue
				}
				if err := evidence.CheckQuote(r, q); err != nil {
					o.add(at, "%v", err)
				}
			}
		}
		if gaps > 0 {
			o.Gap = fmt.Sprintf("a gap: %d quotes are of records that were erased since", gaps)
		}
		return o
	}}, nil
}

func quote(v any) (evidence.Quote, bool) {
	m, _ := v.(map[string]any)
	id, a := m["record_id"].(string)
	text, b := m["text"].(string)
	start, c := m["start"].(float64)
	end, d := m["end"].(float64)
	whole := start == float64(int(start)) && end == float64(int(end))
	return evidence.Quote{RecordID: id, Text: text, Start: int(start), End: int(end)}, a && b && c && d && whole
}

// figures checks that every number is backed and every figure recomputes.
func figures(s Spec) *Gate {
	return &Gate{check: func(_ context.Context, in *Input) (o Outcome) {
		var draft struct {
			Figures []evidence.Figure `json:"figures"`
		}
		if err := json.Unmarshal(in.Body, &draft); err != nil {
			return Outcome{Err: fmt.Errorf("the figures cannot be read: %w", err)}
		}
		for _, at := range evidence.Unbacked(in.Document, draft.Figures, s.Exempt) {
			v, _ := in.Document.Lookup(at)
			o.add(at, "%v is stated, and no figure backs it", v)
		}
		for _, pattern := range s.Cites {
			for at, v := range matches(in.Document.Root(), pattern) {
				to, _ := v.(string)
				n, _ := in.Document.Lookup(to)
				if _, ok := n.(float64); !ok || to == "" {
					o.add(at, "it points to %q, where the draft has no number", to)
				}
			}
		}
		corpus, err := in.Corpus()
		if err != nil {
			o.add("", "the figures cannot be recomputed: %v", err)
			return o
		}
		gaps := 0
		for _, m := range corpus.Recompute(in.Document, draft.Figures) {
			if m.Erased {
				gaps++
				continue
			}
			o.add(m.At, "%v stated, %v computed: %s", m.Stated, m.Computed, m.Why)
		}
		if gaps > 0 {
			o.Gap = fmt.Sprintf("a gap: %d figures are read from words that were erased since", gaps)
		}
		return o
	}}
}

// partition checks that the ids at Over are all records, each exactly once.
func (c *Compiler) partition(s Spec) (*Gate, error) {
	for _, at := range s.Over {
		if t, _ := c.types.at(at); !isStrings(t) {
			return nil, wrong("over", "%s is no list of record ids, it is %s", at, name(t))
		}
	}
	return &Gate{check: func(_ context.Context, in *Input) (o Outcome) {
		seen := make(map[string]string, len(in.Records))
		for _, pattern := range s.Over {
			for at, v := range matches(in.Document.Root(), pattern) {
				ids, ok := v.([]any)
				if !ok {
					o.add(at, "this is no list of record ids")
					continue
				}
				for i, x := range ids {
					id, _ := x.(string)
					first, twice := seen[id]
					_, known := in.record(id)
					switch {
					case !known:
						o.add(fmt.Sprintf("%s/%d", at, i), "%q is not among the records", id)
					case twice:
						o.add(fmt.Sprintf("%s/%d", at, i), "record %q is counted in %s already", id, first)
					default:
						seen[id] = at
					}
				}
			}
		}
		for i := range in.Records {
			if _, ok := seen[in.Records[i].ID]; !ok {
				o.add("", "record %q is counted nowhere", in.Records[i].ID)
			}
		}
		return o
	}}, nil
}
