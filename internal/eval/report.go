package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"roleos/internal/fault"
)

// Schema names the JSON form of a Report.
const Schema = "roleos/eval/v1"

// Method says how the outcomes of a report are scored.
type Method string

// The methods.
const (
	Grouping Method = "grouping" // records in themes against labels
	Finding  Method = "finding"  // items found against items that people noted
)

// Report is one evaluation. It is saved as a baseline as it is.
type Report struct {
	Schema   string    `json:"schema"`
	Agent    string    `json:"agent"`
	Analyst  string    `json:"analyst"` // and its version: "offline textmine/1"
	Method   Method    `json:"method"`
	Gold     string    `json:"gold"`  // digest of the gold set
	Input    []string  `json:"input"` // digests of the sources
	Seed     uint64    `json:"seed"`
	Rounds   int       `json:"rounds"` // resamplings behind each interval
	Scores   []Score   `json:"scores"`
	Notes    []string  `json:"notes"`
	Spent    *Spent    `json:"spent,omitempty"` // nil: an artefact made elsewhere was scored
	Outcomes []Outcome `json:"outcomes"`
}

// Spent is what drafting took, beside how good the draft is.
type Spent struct {
	By        string `json:"by"` // offline, or the model
	Calls     int    `json:"calls"`
	FromStore int    `json:"from_store"` // answers of earlier runs, which cost nothing now
	Tokens    int    `json:"tokens"`
	Says      string `json:"says"`    // calls, tokens and cost in words: cost may be unknown
	Millis    int64  `json:"millis"`  // of reading, drafting and asking
	Dropped   int    `json:"dropped"` // of the model's statements, because the records do not bear them out
}

// Score is one number with its 95 % interval.
type Score struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Of    int     `json:"of"` // labelled things it is computed from
	Means string  `json:"means"`
	// Target is the value that is best, where that is not "the higher the better":
	// 1 for a ratio of counts.
	Target *float64 `json:"target,omitempty"`
	// Fixed says that the value has no interval: it counts what one run made.
	Fixed bool `json:"fixed,omitempty"`
}

// Outcome is what became of one labelled or found thing.
type Outcome struct {
	ID    string `json:"id"`             // record, gold line or found item
	Group string `json:"group"`          // what is resampled together: a meeting; "" for the thing itself
	Gold  string `json:"gold,omitempty"` // label; kind of what was noted; "" for something found only
	Got   string `json:"got,omitempty"`  // theme; kind of what was found; "" for something missed
	High  bool   `json:"high,omitempty"` // the artefact calls it sure
	Right bool   `json:"right,omitempty"`
	Named bool   `json:"named,omitempty"` // the theme's name has a subject word of the label
}

// rounds is how often n outcomes are resampled for an interval: a thousand
// times, less for very many, whose intervals are narrow anyway.
func rounds(n int) int { return min(1000, max(100, 20_000_000/max(n, 1))) }

// Finish computes the scores of r's outcomes.
func (r *Report) Finish() {
	r.Schema, r.Rounds = Schema, rounds(len(r.Outcomes))
	if r.Seed == 0 {
		r.Seed = 1
	}
	slices.SortStableFunc(r.Outcomes, func(a, b Outcome) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID)) })
	values := measure(r.Method, r.Outcomes)
	r.Scores = nil
	samples := map[string][]float64{}
	draws := draw(r.Method, r.Outcomes, r.Seed, r.Rounds)
	for _, o := range draws {
		for _, s := range measure(r.Method, o) {
			samples[s.Name] = append(samples[s.Name], s.Value)
		}
	}
	for _, s := range values {
		s.Low, s.High = s.Value, s.Value
		if !s.Fixed {
			s.Low, s.High = interval(r.Method, s.Value, samples[s.Name])
		}
		s.Value, s.Low, s.High = round(s.Value), round(s.Low), round(s.High)
		r.Scores = append(r.Scores, s)
	}
	if r.Notes == nil {
		r.Notes = []string{}
	}
	if r.Input == nil {
		r.Input = []string{}
	}
}

// Parse reads a saved report strictly.
func Parse(data []byte) (Report, error) {
	var r Report
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fault.Wrap(err, fault.Invalid, "eval.baseline", "the baseline is no report of an evaluation").
			WithMend("Save one with: roleos eval AGENT --in PATH --gold FILE --save baseline.json")
	}
	if r.Schema != Schema {
		return r, fault.New(fault.Invalid, "eval.baseline", "the baseline's schema is %q, expected %s", r.Schema, Schema)
	}
	return r, nil
}

// Verdict says what a comparison found.
type Verdict string

// The verdicts: better and worse are given only when the interval of the
// difference leaves 0 out.
const (
	Better       Verdict = "better"
	Worse        Verdict = "worse"
	NoDifference Verdict = "no difference shown"
	NotSampled   Verdict = "not resampled" // a count of one run each: look at it
)

// Delta compares one score with the baseline's.
type Delta struct {
	Name       string  `json:"name"`
	Before     float64 `json:"before"`
	After      float64 `json:"after"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"` // 95 % interval of the difference, on the same resamples
	High       float64 `json:"high"`
	Verdict    Verdict `json:"verdict"`
}

// Compare sets after beside before, on the same resamples of the same labelled
// things. It refuses reports of other gold sets, agents or methods.
func Compare(before, after Report) ([]Delta, error) {
	const op = "eval.compare"
	switch {
	case before.Method != after.Method || before.Agent != after.Agent:
		return nil, fault.New(fault.Invalid, op, "the baseline is of %s (%s), this is %s (%s)", before.Agent, before.Method, after.Agent, after.Method)
	case before.Gold != after.Gold:
		return nil, fault.New(fault.Invalid, op, "the baseline was scored against another gold set: %s, not %s", before.Gold, after.Gold).
			WithMend("Score both against the same labels, then compare.")
	}
	x, y := paired(before.Method, before.Outcomes, after.Outcomes, after.Seed)
	diffs := map[string][]float64{}
	for i := range x {
		b := measure(after.Method, x[i])
		for j, s := range measure(after.Method, y[i]) {
			diffs[s.Name] = append(diffs[s.Name], gain(s, b[j].Value))
		}
	}
	was := map[string]Score{}
	for _, s := range before.Scores {
		was[s.Name] = s
	}
	var out []Delta
	for _, s := range after.Scores {
		b, ok := was[s.Name]
		if !ok {
			continue
		}
		g := gain(s, b.Value)
		d := Delta{Name: s.Name, Before: b.Value, After: s.Value, Difference: round(s.Value - b.Value), Verdict: NoDifference}
		low, high := interval(after.Method, g, diffs[s.Name])
		switch {
		case s.Fixed:
			low, high, d.Verdict = g, g, NotSampled
		case low > 0:
			d.Verdict = Better
		case high < 0:
			d.Verdict = Worse
		}
		d.Low, d.High = round(low), round(high)
		out = append(out, d)
	}
	return out, nil
}

// gain is how much better s is than before: nearer to its target, or higher.
func gain(s Score, before float64) float64 {
	if s.Target != nil {
		return math.Abs(before-*s.Target) - math.Abs(s.Value-*s.Target)
	}
	return s.Value - before
}

func round(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return math.Round(v*1e4) / 1e4
}
