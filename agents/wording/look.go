package wording

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/evidence"
	"roleos/internal/llm"
)

// Bounds of looking through records.
const (
	mostSteps  = 4
	mostHits   = 6    // records that a search shows
	readBytes  = 1500 // of a record that is read
	mostFound  = 5
	leastWords = 2 // of a search that a record has to hold, unless it has only one
)

// The tools. What is not listed as reading is refused, whatever a model calls it.
const (
	searchRecords = "search_records"
	readRecord    = "read_record"
	done          = "done"
)

func reading() guardrails.Manifest {
	return guardrails.Manifest{Name: "records", Version: "1", Operations: []guardrails.Operation{
		{Name: searchRecords, Class: guardrails.Read}, {Name: readRecord, Class: guardrails.Read},
	}}
}

// wish is one answer: a reader to call, or an end with what was found.
type wish struct {
	Do       string  `json:"do"`
	Argument string  `json:"argument"`
	Found    []found `json:"found"`
}

type found struct {
	Block string `json:"block"`
	Quote string `json:"quote"`
}

// Look lets a model look through records in a few steps and returns quotes of
// them that hold. The steps are ours: the model says which of two readers to
// call, the readers see the records given here and nothing else, and every call
// has to be one that only reads. records are what may be found, without what is
// known already.
func Look(ctx context.Context, d *Desk, prompt string, known []llm.Block, records []*evidence.Record) ([]evidence.Quote, error) {
	p, err := d.prompts.Find(prompt)
	if err != nil {
		return nil, err
	}
	req, err := p.Request(map[string]string{"steps": fmt.Sprint(mostSteps)}, known)
	if err != nil {
		return nil, err
	}
	s := shelf{records: records, shown: map[string]*evidence.Record{}, handle: map[string]string{}}
	for left := mostSteps - 1; ; left-- {
		d.step(0, 1)
		a, err := put[wish](ctx, d, req)
		d.step(1, 0)
		switch {
		case err != nil && content(err):
			d.mu.Lock()
			d.unanswered++
			d.mu.Unlock()
			return nil, nil
		case err != nil:
			return nil, err
		}
		if a.Do == done || left == 0 {
			if a.Do != done {
				d.Reject(a.Do+" "+a.Argument, "There was no step left for it.")
			}
			var out []evidence.Quote
			for _, f := range a.Found {
				if q := d.quoted("“"+f.Quote+"”", f.Quote, f.Block, "R", s.shown); q != nil && len(out) < mostFound && !slices.Contains(out, *q) {
					out = append(out, *q)
				}
			}
			return out, nil
		}
		answer, blocks := "That is no reader.", []llm.Block(nil)
		if reading().Class(a.Do) == guardrails.Read {
			answer, blocks = s.read(a.Do, a.Argument)
		} else {
			d.Reject(a.Do+" "+a.Argument, "It may only read.")
		}
		said, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		req.Messages = append(slices.Clone(req.Messages), llm.Message{Role: llm.Assistant, Text: string(said)},
			llm.Message{Role: llm.User, Text: fmt.Sprintf("%s Steps left: %d, the last of which has to be done.", answer, left), Data: blocks})
	}
}

// step counts questions.
func (d *Desk) step(done, more int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done, d.total = d.done+done, d.total+more
	if done > 0 && d.progress != nil {
		d.progress(d.done, d.total)
	}
}

// shelf is what the readers read.
type shelf struct {
	records []*evidence.Record
	shown   map[string]*evidence.Record // by handle
	handle  map[string]string           // by record
}

func (s *shelf) read(do, argument string) (string, []llm.Block) {
	if do == readRecord {
		r, ok := s.shown[argument]
		if !ok {
			return "There is no such record; search first.", nil
		}
		text := Unmasked(r)
		return "The record:", []llm.Block{{ID: argument, Text: strings.ToValidUTF8(text[:min(len(text), readBytes)], "")}}
	}
	var blocks []llm.Block
	for _, r := range s.search(argument) {
		h, ok := s.handle[r.ID]
		if !ok {
			h = fmt.Sprintf("R%d", len(s.shown)+1)
			s.handle[r.ID], s.shown[h] = h, r
		}
		blocks = append(blocks, Block(h, Unmasked(r)))
	}
	if len(blocks) == 0 {
		return "No record holds these words.", nil
	}
	return "The records that hold most of these words:", blocks
}

// search returns the records that hold most of the words, the shorter first where
// they hold as many.
func (s *shelf) search(argument string) []*evidence.Record {
	want := map[string]bool{}
	for _, w := range words(argument) {
		if !slices.Contains(plain, w) && len(w) > 2 {
			want[beginning(w)] = true
		}
	}
	type hit struct {
		r *evidence.Record
		n int
	}
	var hits []hit
	for _, r := range s.records {
		have := map[string]bool{}
		for _, w := range words(Unmasked(r)) {
			if b := beginning(w); want[b] {
				have[b] = true
			}
		}
		if len(have) >= min(leastWords, len(want)) && len(have) > 0 {
			hits = append(hits, hit{r, len(have)})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Or(b.n-a.n, len(a.r.Text)-len(b.r.Text)) })
	var out []*evidence.Record
	for _, h := range hits[:min(len(hits), mostHits)] {
		out = append(out, h.r)
	}
	return out
}
