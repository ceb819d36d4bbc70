package evidence

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/stat"
)

// Document is a draft as its reader sees it: decoded JSON, addressed by JSON
// pointers. It is not safe for concurrent use.
type Document struct {
	root     any
	families map[string]map[string]float64 // patterns -> pointer -> q
}

// NewDocument returns the document in data.
func NewDocument(data []byte) (*Document, error) {
	d := &Document{families: map[string]map[string]float64{}}
	if err := json.Unmarshal(data, &d.root); err != nil {
		return nil, fmt.Errorf("draft is no JSON document: %w", err)
	}
	return d, nil
}

// Root returns the decoded value; nobody may change it.
func (d *Document) Root() any { return d.root }

// Lookup returns the value at a JSON pointer (RFC 6901).
func (d *Document) Lookup(at string) (any, bool) {
	if d == nil {
		return nil, false
	}
	return lookup(d.root, at)
}

// Mismatch is one number of a draft that the records do not bear out.
type Mismatch struct {
	At       string  // JSON pointer in the draft
	Figure   string  // figure id; "" when no figure backs the number
	Stated   float64 // what the draft says
	Computed float64 // what the query gives
	Why      string
	Erased   bool // the words that it was read from were erased, so nothing can be said
}

// Recompute checks every figure against the corpus and against the number it
// stands for in the draft. It returns all mismatches in figure order; none means every figure holds.
func (c *Corpus) Recompute(draft *Document, figures []Figure) []Mismatch {
	var out []Mismatch
	for _, f := range figures {
		bad := func(stated, computed float64, format string, args ...any) {
			out = append(out, Mismatch{At: f.At, Figure: f.ID, Stated: stated, Computed: computed, Why: fmt.Sprintf(format, args...)})
		}
		got, err := c.Eval(f.Query, draft)
		if err != nil && f.Query.Op == OpStated && c.erasedAt(f.Query.Number, draft) {
			out = append(out, Mismatch{At: f.At, Figure: f.ID, Stated: f.Value, Why: err.Error(), Erased: true})
			continue
		}
		if err != nil {
			bad(f.Value, 0, "cannot be recomputed: %v", err)
			continue
		}
		for _, place := range f.places() {
			want, computed := f.at(place), got.at(place)
			v, ok := draft.Lookup(f.At + place)
			stated, isNumber := v.(float64)
			switch {
			case computed == nil:
				bad(*want, 0, "the query gives no number for %s", f.At+place)
			case !ok || !isNumber:
				bad(*want, *computed, "the draft has no number at %s", f.At+place)
			case !same(*want, *computed):
				bad(*want, *computed, "the records give another number for %s", f.At+place)
			case !same(stated, *computed):
				bad(stated, *computed, "the draft states another number at %s than its figure", f.At+place)
			default:
				continue
			}
			break
		}
		if row, ok := draft.Lookup(f.At); ok && f.Values != nil {
			if a, _ := row.([]any); len(a) != len(got.Values) {
				bad(float64(len(a)), float64(len(got.Values)), "the row at %s has another length than its figure", f.At)
			}
			if !same(f.Value, got.Value) {
				bad(f.Value, got.Value, "the figure's value is not the sum of its row")
			}
		}
	}
	return out
}

// Define adds a measure under name. A record that was erased has the number that
// its text gave before.
func (c *Corpus) Define(name string, m Measure) {
	c.measures[name] = func(r *Record) float64 {
		if r.Erased != nil {
			if v, ok := r.Erased.Measures[name]; ok {
				return v
			}
		}
		return m(r)
	}
}

// erasedAt reports whether the draft's text there holds the notice of one of the
// records that were erased.
func (c *Corpus) erasedAt(place string, draft *Document) bool {
	v, _ := draft.Lookup(place)
	text, _ := v.(string)
	return slices.ContainsFunc(c.records, func(r Record) bool { return r.Erased != nil && strings.Contains(text, r.Erased.Notice()) })
}

// places returns the pointers below At that the figure backs.
func (f Figure) places() []string {
	switch {
	case f.Parts != nil:
		out := make([]string, 0, len(f.Parts))
		for name := range f.Parts {
			out = append(out, "/"+name)
		}
		slices.Sort(out)
		return out
	case f.Values != nil:
		out := make([]string, len(f.Values))
		for i := range out {
			out[i] = "/" + strconv.Itoa(i)
		}
		return out
	}
	return []string{""}
}

func (f Figure) at(place string) *float64 {
	return Result{Value: f.Value, Values: f.Values, Parts: f.Parts}.at(place)
}

func (r Result) at(place string) *float64 {
	switch {
	case place == "":
		return &r.Value
	case r.Parts != nil:
		if v, ok := r.Parts[place[1:]]; ok {
			return &v
		}
	case r.Values != nil:
		if i, err := strconv.Atoi(place[1:]); err == nil && i < len(r.Values) {
			return &r.Values[i]
		}
	}
	return nil
}

// Unbacked returns the places of all numbers in the draft that no figure backs, sorted. exempt holds pointers, with * for any one step, whose
// whole subtree is not a claim about the records (offsets, parameters).
func Unbacked(draft *Document, figures []Figure, exempt []string) []string {
	backed := make(map[string]bool, len(figures))
	for _, f := range figures {
		for _, place := range f.places() {
			backed[f.At+place] = true
		}
	}
	var skip [][]string
	for _, e := range exempt {
		skip = append(skip, steps(e))
	}
	var out []string
	walk(draft.root, nil, func(path []string, v any) bool {
		if slices.ContainsFunc(skip, func(p []string) bool { return matches(p, path) }) {
			return false
		}
		if backed[pointer(path)] {
			return false
		}
		if _, ok := v.(float64); ok {
			out = append(out, pointer(path))
		}
		return true
	})
	slices.Sort(out)
	return out
}

func lookup(doc any, at string) (any, bool) {
	for _, s := range steps(at) {
		switch d := doc.(type) {
		case map[string]any:
			v, ok := d[s]
			if !ok {
				return nil, false
			}
			doc = v
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(d) {
				return nil, false
			}
			doc = d[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

func fdr(number string, family []string, draft *Document) (float64, error) {
	if draft == nil {
		return 0, fmt.Errorf("%s needs a draft to look in", number)
	}
	name := strings.Join(family, " ")
	if draft.families[name] == nil {
		var patterns [][]string
		for _, f := range family {
			patterns = append(patterns, steps(f))
		}
		var ps []float64
		var at []string
		walk(draft.root, nil, func(path []string, v any) bool {
			f, ok := v.(float64)
			if ok && slices.ContainsFunc(patterns, func(p []string) bool { return matches(p, path) }) {
				ps, at = append(ps, f), append(at, pointer(path))
			}
			return true
		})
		qs := make(map[string]float64, len(ps))
		for i, v := range stat.BenjaminiHochberg(ps) {
			qs[at[i]] = v
		}
		draft.families[name] = qs
	}
	v, ok := draft.families[name][number]
	if !ok {
		return 0, fmt.Errorf("%s is not a number of the family %s", number, name)
	}
	return v, nil
}

// terms returns the weighted sum of q's terms and the sum of their weights.
func terms(q Query, draft *Document) (sum, total float64, err error) {
	for _, t := range q.Terms {
		v, _ := draft.Lookup(t.Number)
		f, ok := v.(float64)
		if !ok {
			return 0, 0, fmt.Errorf("the draft has no number at %s", t.Number)
		}
		sum += t.Weight * f
		total += t.Weight
	}
	return sum, total, nil
}

// weighted returns the weighted mean of q's terms in 0..100, damped by the number at q.Number.
func weighted(q Query, draft *Document) (float64, error) {
	sum, total, err := terms(q, draft)
	if err != nil || total == 0 {
		return 0, err
	}
	mean := 100 * sum / total
	if q.Number == "" {
		return mean, nil
	}
	v, _ := draft.Lookup(q.Number)
	damp, ok := v.(float64)
	if !ok {
		return 0, fmt.Errorf("the draft has no number at %s", q.Number)
	}
	return mean * (1 - damp), nil
}

func items(q Query, draft *Document) (float64, error) {
	v, _ := draft.Lookup(q.Number)
	list, ok := v.([]any)
	if !ok {
		return 0, fmt.Errorf("the draft has no list at %s", q.Number)
	}
	if q.Measure == "" {
		return float64(len(list)), nil
	}
	n := 0.0
	for _, x := range list {
		if m, _ := x.(map[string]any); m[q.Measure] == true {
			n++
		}
	}
	return n, nil
}

func numbersOf(draft *Document, at string) (map[string]float64, error) {
	v, _ := draft.Lookup(at)
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the draft has no object at %s", at)
	}
	out := map[string]float64{}
	for k, x := range m {
		if f, ok := x.(float64); ok {
			out[k] = f
		}
	}
	return out, nil
}

// same allows for the last digit that Round keeps.
func same(a, b float64) bool { return math.Abs(a-b) <= 1.5e-6 }

// walk visits every value, parents first, keys sorted; visit says whether to go deeper.
func walk(v any, path []string, visit func([]string, any) bool) {
	if !visit(path, v) {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			walk(v[k], append(path, k), visit)
		}
	case []any:
		for i, x := range v {
			walk(x, append(path, strconv.Itoa(i)), visit)
		}
	}
}

func matches(pattern, path []string) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, p := range pattern {
		if p != "*" && p != path[i] {
			return false
		}
	}
	return true
}

// Escapes of RFC 6901, section 3.
var (
	unescape = strings.NewReplacer("~1", "/", "~0", "~") //nolint:gochecknoglobals // an immutable table
	escape   = strings.NewReplacer("~", "~0", "/", "~1") //nolint:gochecknoglobals // an immutable table
)

func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := range parts {
		parts[i] = unescape.Replace(parts[i])
	}
	return parts
}

func pointer(path []string) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(s))
	}
	return b.String()
}
