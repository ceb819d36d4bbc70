package loss

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"roleos/contracts"
)

// Entry is one statement in an artefact. Planted facts have an id and stand
// under facts; everything else stands under notes.
type Entry struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Drop is what a stage leaves behind in the open.
type Drop struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Artefact is what one stage hands to the next.
type Artefact struct {
	Stage   string   `json:"stage"`
	Facts   []Entry  `json:"facts"`
	Notes   []string `json:"notes"`
	Dropped []Drop   `json:"dropped"`
}

// Bytes is how long the artefact is for somebody who reads it.
func (a Artefact) Bytes() int {
	n := 0
	for _, f := range a.Facts {
		n += len(f.Text)
	}
	for _, s := range a.Notes {
		n += len(s)
	}
	for _, d := range a.Dropped {
		n += len(d.Reason)
	}
	return n
}

// Stage is one role's work: what it writes of its own decides what of the
// upstream artefact matters to it.
type Stage struct {
	Name string
	Own  []string
}

// Rules is under what a chain of handoffs works.
type Rules struct {
	Page     int                        // bytes that a stage's page has for statements
	Cell     int                        // bytes after which a statement is cut; 0 is never
	Contract *contracts.HandoffContract // nil: whatever the stage writes crosses
	List     int                        // entries that facts may have at most; 0 is any number
}

// Handed is what became of one boundary.
type Handed struct {
	Artefact Artefact
	Refused  int // how often the contract sent the draft back
}

// Write is what a stage makes of an upstream artefact. Without a contract it is
// the summary. With one the draft is checked, and mended by what the gates say,
// until it passes; a draft that cannot be mended is an error.
func (s Stage) Write(ctx context.Context, up Artefact, r Rules) (Handed, error) {
	ranked := s.rank(up)
	draft := s.summarise(ranked, r)
	if r.Contract == nil {
		return Handed{Artefact: draft}, nil
	}
	upstream, err := json.Marshal(up)
	if err != nil {
		return Handed{}, err
	}
	for refused := 0; refused < 50; refused++ {
		body, err := json.Marshal(draft)
		if err != nil {
			return Handed{}, err
		}
		result := contracts.Check(ctx, r.Contract, contracts.Subject{
			Body: body, Upstream: []contracts.Upstream{{Kind: "note", Draft: up.Stage, Body: upstream}},
		})
		if result.Passed() {
			return Handed{Artefact: draft, Refused: refused}, nil
		}
		if !s.mend(&draft, result, ranked, r) {
			return Handed{}, fmt.Errorf("%s cannot mend its draft: %+v", s.Name, result.Open())
		}
	}
	return Handed{}, fmt.Errorf("%s is refused again and again", s.Name)
}

// candidate is a statement of the upstream artefact or of the stage's own.
type candidate struct {
	id    string // "" for notes
	text  string
	score float64
}

// rank orders what the stage knows by what it is to the stage: near to what it
// writes itself, and central in what it was given. Own statements are not
// favoured, and nothing tells facts from notes.
func (s Stage) rank(up Artefact) []candidate {
	var out []candidate
	for _, f := range up.Facts {
		out = append(out, candidate{id: f.ID, text: f.Text})
	}
	for _, t := range up.Notes {
		out = append(out, candidate{text: t})
	}
	for _, t := range s.Own {
		out = append(out, candidate{text: t})
	}
	docs := make([]map[string]float64, len(out))
	seen := map[string]float64{}
	for i, c := range out {
		docs[i] = words(c.text)
		for w := range docs[i] {
			seen[w]++
		}
	}
	for _, d := range docs {
		for w := range d {
			d[w] *= math.Log(1 + float64(len(docs))/seen[w])
		}
		unit(d)
	}
	given, own := map[string]float64{}, map[string]float64{}
	for i, d := range docs {
		to := given
		if i >= len(out)-len(s.Own) {
			to = own
		}
		for _, w := range sortedKeys(d) {
			to[w] += d[w]
		}
	}
	unit(given)
	unit(own)
	for i := range out {
		out[i].score = math.Round(1e9 * (dot(docs[i], own) + 0.5*dot(docs[i], given)))
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return int(b.score - a.score) })
	return out
}

// summarise keeps the best candidates that fit the page.
func (s Stage) summarise(ranked []candidate, r Rules) Artefact {
	a := Artefact{Stage: s.Name, Facts: []Entry{}, Notes: []string{}, Dropped: []Drop{}}
	left := r.Page
	for _, c := range ranked {
		text := c.text
		if r.Cell > 0 && len(text) > r.Cell {
			text = text[:r.Cell] // the sample is ASCII
		}
		if len(text) > left || r.List > 0 && c.id != "" && len(a.Facts) == r.List {
			continue
		}
		left -= len(text)
		if c.id != "" {
			a.Facts = append(a.Facts, Entry{ID: c.id, Text: text})
		} else {
			a.Notes = append(a.Notes, text)
		}
	}
	return a
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// mend takes over what the carry gate misses, whole, or drops it with the reason
// when the list is full. It knows no more than what the gate says.
func (s Stage) mend(a *Artefact, r contracts.Result, ranked []candidate, rules Rules) bool {
	mended := false
	for _, g := range r.Open() {
		said := []string{g.Observed}
		for _, v := range g.Also {
			said = append(said, v.Observed)
		}
		for _, observed := range said {
			m := quoted.FindStringSubmatch(observed)
			if m == nil {
				continue
			}
			i := slices.IndexFunc(ranked, func(c candidate) bool { return c.id == m[1] })
			if i < 0 {
				continue
			}
			mended = true
			if at := slices.IndexFunc(a.Facts, func(e Entry) bool { return e.ID == m[1] }); at >= 0 {
				a.Facts[at].Text = ranked[i].text
				continue
			}
			if rules.List == 0 || len(a.Facts) < rules.List {
				a.Facts = append(a.Facts, Entry{ID: m[1], Text: ranked[i].text})
				continue
			}
			a.Dropped = append(a.Dropped, Drop{ID: m[1], Reason: fmt.Sprintf(
				"the list of %s holds %d entries, and this is number %d of %d by what the stage writes about", s.Name, rules.List, i+1, len(ranked))})
		}
	}
	return mended
}

var word = regexp.MustCompile(`[a-z0-9]+`)

// words counts the words of a text that are longer than three letters.
func words(text string) map[string]float64 {
	out := map[string]float64{}
	for _, w := range word.FindAllString(strings.ToLower(text), -1) {
		if len(w) > 3 {
			out[w]++
		}
	}
	return out
}

func unit(v map[string]float64) {
	if n := math.Sqrt(dot(v, v)); n > 0 {
		for w := range v {
			v[w] /= n
		}
	}
}

// dot adds in a fixed order, so that the same input ranks the same everywhere.
func dot(a, b map[string]float64) float64 {
	sum := 0.0
	for _, w := range sortedKeys(a) {
		sum += a[w] * b[w]
	}
	return sum
}

func sortedKeys(m map[string]float64) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
