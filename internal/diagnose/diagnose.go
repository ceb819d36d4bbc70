package diagnose

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/yamlfile"
)

// Answer is what a team says to one question. The zero value is no answer.
type Answer string

// The answers.
const (
	Yes    Answer = "yes"
	Partly Answer = "partly" // counts half
	No     Answer = "no"
)

// Deep is the score from which on a team is deep in it, of thirteen.
const Deep = 8.0

// several is the score from which on the signs are a pattern: a half of Deep.
const several = 4.0

// Result is what the answers come to.
type Result struct {
	Schema string   `json:"schema"` // roleos/diagnosis/v1
	Score  float64  `json:"score"`  // signs found; partly counts half
	Most   float64  `json:"most"`   // the score if everything unanswered were a yes
	Of     int      `json:"of"`     // 13
	Level  string   `json:"level"`  // few, several, deep, open
	Says   string   `json:"says"`
	Signs  []Found  `json:"signs"`
	Gaps   []string `json:"gaps"`  // ids of the signs nobody answered for
	First  []Lever  `json:"first"` // what addresses most of what was found, most first
}

// Found is one sign with its answer.
type Found struct {
	Sign
	Answer Answer `json:"answer,omitempty"`
	Found  bool   `json:"found"`
}

// Lever is something that addresses several signs.
type Lever struct {
	Kind    string  `json:"kind"`
	ID      string  `json:"id"`
	Command string  `json:"command"`
	Weight  float64 `json:"weight"` // sum of the signs found that it addresses
	Signs   []int   `json:"signs"`
}

// Schema names the result's shape.
const Schema = "roleos/diagnosis/v1"

// Score weighs the answers, by the signs' ids.
func Score(answers map[string]Answer) Result {
	r := Result{Schema: Schema, Signs: []Found{}, Gaps: []string{}, First: []Lever{}}
	levers := map[string]*Lever{}
	for _, s := range Signs() {
		r.Of++
		a := answers[s.ID]
		weight := map[Answer]float64{Yes: 1, Partly: 0.5}[a]
		r.Score, r.Most = r.Score+weight, r.Most+weight
		if a == "" {
			r.Gaps = append(r.Gaps, s.ID)
			r.Most++
		}
		r.Signs = append(r.Signs, Found{Sign: s, Answer: a, Found: weight > 0})
		for _, p := range s.Addressed {
			if weight == 0 {
				continue
			}
			l := levers[p.Command]
			if l == nil {
				l = &Lever{Kind: p.Kind, ID: p.ID, Command: p.Command}
				levers[p.Command] = l
			}
			l.Weight += weight
			l.Signs = append(l.Signs, s.N)
		}
	}
	for _, l := range levers {
		r.First = append(r.First, *l)
	}
	slices.SortFunc(r.First, func(a, b Lever) int {
		if a.Weight != b.Weight {
			return map[bool]int{true: -1, false: 1}[a.Weight > b.Weight]
		}
		return strings.Compare(a.Command, b.Command)
	})
	r.Level, r.Says = level(r)
	return r
}

func level(r Result) (name, says string) {
	of := func(s string) string { return fmt.Sprintf("%s of %d signs: %s", number(r.Score), r.Of, s) }
	switch {
	case r.Score >= Deep:
		return "deep", of("the team is run as a service desk for reports. No single tool mends that; begin with one handoff.")
	case r.Most >= Deep && len(r.Gaps) > 0:
		return "open", fmt.Sprintf("Between %s and %s of %d signs: answer the rest to know.", number(r.Score), number(r.Most), r.Of)
	case r.Score >= several:
		return "several", of("there is a pattern. Begin with what addresses most of it.")
	}
	return "few", of("single signs, no pattern.")
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// ParseAnswer reads one answer as people type it; false for anything else.
func ParseAnswer(s string) (Answer, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "y", "yes", "true":
		return Yes, true
	case "p", "partly", "sometimes", "s":
		return Partly, true
	case "n", "no", "false":
		return No, true
	}
	return "", false
}

// ReadAnswers reads a file of answers by the signs' ids or numbers:
//
//	answers:
//	  unused-reports: yes
//	  3: partly
//	  9: no
//
// A sign that is not there stays unanswered.
func ReadAnswers(files fs.FS, name string) (map[string]Answer, error) {
	var file struct {
		Answers map[string]any `yaml:"answers"`
	}
	d, err := yamlfile.Read(files, name, &file)
	if err != nil {
		return nil, err
	}
	out := map[string]Answer{}
	keys := make([]string, 0, len(file.Answers))
	for key := range file.Answers {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		i := slices.IndexFunc(Signs(), func(s Sign) bool { return s.ID == key || strconv.Itoa(s.N) == key })
		if i < 0 {
			return nil, d.Refuse([]any{"answers", key}, "there is no sign %q", key).WithMend("Signs: %s.", strings.Join(ids(), ", "))
		}
		id := Signs()[i].ID
		a, ok := ParseAnswer(fmt.Sprint(file.Answers[key]))
		if !ok {
			return nil, d.Refuse([]any{"answers", key}, "%v is no answer; expected yes, partly or no", file.Answers[key])
		}
		if _, twice := out[id]; twice {
			return nil, d.Refuse([]any{"answers", key}, "sign %s is answered twice, by its id and by its number", id)
		}
		out[id] = a
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "diagnose.read", "%s holds no answers", name).
			WithMend("For example:\nanswers:\n  unused-reports: yes\n  3: partly")
	}
	return out, nil
}

func ids() []string {
	var out []string
	for _, s := range Signs() {
		out = append(out, s.ID)
	}
	return out
}
