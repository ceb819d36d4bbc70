package evidence

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"roleos/internal/stat"
)

// Measure is a declared number per record, such as its intensity.
type Measure func(*Record) float64

// Method is a declared function from named inputs to a number.
type Method func(inputs map[string]float64) float64

// Corpus answers queries over the records of one draft. It is built once and
// read only afterwards; it is not safe for concurrent use because it remembers
// counts it was asked for.
type Corpus struct {
	records      []Record
	index        map[string]int
	themes       map[string][]int // record positions, ascending
	mentions     map[string][]int
	assigned     []int
	loose        []int
	measures     map[string]Measure
	methods      map[string]Method
	measurements map[string][]float64
	all          []int
	counts       map[Selector]int
	columns      map[string]column
	periods      map[string]periods
}

// column holds one segment's value of every record as a code; 0 is no value.
type column struct {
	codes []int32
	of    map[string]int32
}

// periods holds every record's period under one set of edges, -1 for none, and
// the rows counted so far.
type periods struct {
	of   []int32
	rows map[Selector][]int
}

// Membership says which records a theme counts, and which only mention it.
type Membership struct {
	Theme    string
	Records  []string
	Mentions []string
}

// NewCorpus returns a corpus over records with the given themes. It refuses a
// record id that occurs twice, a member that is no record, and a record that
// two themes count.
func NewCorpus(records []Record, themes []Membership) (*Corpus, error) {
	c := &Corpus{
		records: records, index: make(map[string]int, len(records)),
		themes: map[string][]int{}, mentions: map[string][]int{},
		measures: map[string]Measure{}, methods: map[string]Method{}, counts: map[Selector]int{},
		measurements: map[string][]float64{}, all: make([]int, len(records)),
		columns: map[string]column{}, periods: map[string]periods{},
	}
	for i := range records {
		if _, dup := c.index[records[i].ID]; dup {
			return nil, fmt.Errorf("record id %q occurs twice", records[i].ID)
		}
		c.index[records[i].ID] = i
		c.all[i] = i
	}
	counted := make([]bool, len(records))
	for _, m := range themes {
		if _, dup := c.themes[m.Theme]; dup {
			return nil, fmt.Errorf("theme %q occurs twice", m.Theme)
		}
		own, err := c.positions(m.Theme, m.Records)
		if err != nil {
			return nil, err
		}
		for _, i := range own {
			if counted[i] {
				return nil, fmt.Errorf("record %q is counted in theme %q and in another", records[i].ID, m.Theme)
			}
			counted[i] = true
		}
		also, err := c.positions(m.Theme, m.Mentions)
		if err != nil {
			return nil, err
		}
		c.themes[m.Theme] = own
		both := append(slices.Clone(own), also...)
		slices.Sort(both)
		c.mentions[m.Theme] = slices.Compact(both)
	}
	for i, in := range counted {
		if in {
			c.assigned = append(c.assigned, i)
		} else {
			c.loose = append(c.loose, i)
		}
	}
	return c, nil
}

func (c *Corpus) positions(theme string, ids []string) ([]int, error) {
	out := make([]int, 0, len(ids))
	for _, id := range ids {
		i, ok := c.index[id]
		if !ok {
			return nil, fmt.Errorf("theme %q names record %q, which is not among the records", theme, id)
		}
		out = append(out, i)
	}
	slices.Sort(out)
	return out, nil
}

// DefineMethod adds a method under name.
func (c *Corpus) DefineMethod(name string, m Method) { c.methods[name] = m }

// Len returns the number of records.
func (c *Corpus) Len() int { return len(c.records) }

// Record returns the record with the id, or false.
func (c *Corpus) Record(id string) (*Record, bool) {
	i, ok := c.index[id]
	if !ok {
		return nil, false
	}
	return &c.records[i], true
}

// Loose returns the ids of the records no theme counts, in record order.
func (c *Corpus) Loose() []string {
	out := make([]string, len(c.loose))
	for i, p := range c.loose {
		out[i] = c.records[p].ID
	}
	return out
}

// Count returns how many records s picks. A nil selector picks all.
func (c *Corpus) Count(s *Selector) (int, error) {
	if s == nil {
		return len(c.records), nil
	}
	if n, ok := c.counts[*s]; ok {
		return n, nil
	}
	n := 0
	err := c.each(s, func(int) { n++ })
	if err == nil {
		c.counts[*s] = n
	}
	return n, err
}

// each visits the positions of the records that s picks, in record order.
func (c *Corpus) each(s *Selector, visit func(int)) error {
	if s == nil {
		s = &Selector{}
	}
	groups := 0
	for _, set := range []bool{s.Theme != "", s.Mentions != "", s.Assigned, s.Unassigned} {
		if set {
			groups++
		}
	}
	if groups > 1 {
		return fmt.Errorf("query selects by more than one of theme, mentions, assigned and unassigned")
	}
	var base []int
	var ok bool
	switch {
	case s.Theme != "":
		if base, ok = c.themes[s.Theme]; !ok {
			return fmt.Errorf("query names theme %q, which the draft does not have", s.Theme)
		}
	case s.Mentions != "":
		if base, ok = c.mentions[s.Mentions]; !ok {
			return fmt.Errorf("query names theme %q, which the draft does not have", s.Mentions)
		}
	case s.Assigned:
		base = c.assigned
	case s.Unassigned:
		base = c.loose
	default:
		base = c.all
	}
	holds := c.condition(s)
	for _, i := range base {
		if holds(i) {
			visit(i)
		}
	}
	return nil
}

// condition returns the check of everything in s but theme membership.
func (c *Corpus) condition(s *Selector) func(int) bool {
	inTime := func(i int) bool {
		t := c.records[i].Time
		if !s.From.IsZero() && (t.IsZero() || t.Before(s.From)) {
			return false
		}
		return s.To.IsZero() || !t.IsZero() && t.Before(s.To)
	}
	if s.Segment == "" {
		return inTime
	}
	col := c.column(s.Segment)
	want, not := int32(-1), int32(-1)
	if s.Value != "" {
		if want = col.of[s.Value]; want == 0 {
			return func(int) bool { return false } // no record has it
		}
	}
	if s.NotValue != "" {
		not = col.of[s.NotValue]
	}
	return func(i int) bool {
		v := col.codes[i]
		return v != 0 && (want < 0 || v == want) && v != not && inTime(i)
	}
}

func (c *Corpus) column(segment string) column {
	col, ok := c.columns[segment]
	if !ok {
		col = column{codes: make([]int32, len(c.records)), of: map[string]int32{}}
		for i := range c.records {
			v := c.records[i].Segment(segment)
			if v == "" {
				continue
			}
			code, ok := col.of[v]
			if !ok {
				code = int32(len(col.of) + 1)
				col.of[v] = code
			}
			col.codes[i] = code
		}
		c.columns[segment] = col
	}
	return col
}

// perPeriod counts the records s picks in each period. The row is shared: callers only read it.
func (c *Corpus) perPeriod(s *Selector, edges []time.Time) ([]int, error) {
	if len(edges) < 2 {
		return nil, fmt.Errorf("a row by period needs at least two edges, has %d", len(edges))
	}
	if s == nil {
		s = &Selector{}
	}
	p := c.period(edges)
	if row, ok := p.rows[*s]; ok {
		return row, nil
	}
	row := make([]int, len(edges)-1)
	err := c.each(s, func(i int) {
		if at := p.of[i]; at >= 0 {
			row[at]++
		}
	})
	if err == nil {
		p.rows[*s] = row
	}
	return row, err
}

func (c *Corpus) period(edges []time.Time) periods {
	var name []byte
	for _, e := range edges {
		name = strconv.AppendInt(append(name, ' '), e.UnixNano(), 36)
	}
	p, ok := c.periods[string(name)]
	if !ok {
		p = periods{of: make([]int32, len(c.records)), rows: map[Selector][]int{}}
		for i := range c.records {
			p.of[i] = -1
			if c.records[i].Time.IsZero() {
				continue
			}
			at, exact := slices.BinarySearchFunc(edges, c.records[i].Time, time.Time.Compare)
			if !exact {
				at--
			}
			if at >= 0 && at < len(edges)-1 {
				p.of[i] = int32(at)
			}
		}
		c.periods[string(name)] = p
	}
	return p
}

// Result is what a query gives: one number, a row of them, or named parts.
type Result struct {
	Value  float64
	Values []float64
	Parts  map[string]float64
}

// Eval computes q against the corpus and the draft, rounded as a figure is.
// Operations that name a place in the draft need one; the others take nil.
func (c *Corpus) Eval(q Query, draft *Document) (Result, error) {
	one := func(v float64, err error) (Result, error) { return Result{Value: Round(v)}, err }
	switch q.Op {
	case OpCount, OpShare, OpLow, OpHigh, OpLift, OpFisher, OpBalance, OpCell:
		t, err := c.table(q)
		if err != nil {
			return Result{}, err
		}
		if q.Op != OpCell {
			return one(t.number(q.Op), nil)
		}
		parts := t.parts()
		if len(q.Family) > 0 {
			if parts["q"], err = fdr(q.Number, q.Family, draft); err != nil {
				return Result{}, err
			}
			parts["q"] = Round(parts["q"])
		}
		return Result{Parts: parts}, nil
	case OpMean:
		return one(c.mean(q))
	case OpCounts, OpShares, OpChanges:
		row, err := c.row(q)
		r := Result{Values: row}
		for _, v := range row {
			r.Value += v
		}
		r.Value = Round(r.Value)
		return r, err
	case OpFDR:
		return one(fdr(q.Number, q.Family, draft))
	case OpSame:
		v, _ := draft.Lookup(q.Number)
		f, ok := v.(float64)
		if !ok {
			return Result{}, fmt.Errorf("the draft has no number at %s", q.Number)
		}
		return one(f, nil)
	case OpNeutral:
		return one(0.5, nil)
	case OpItems:
		return one(items(q, draft))
	case OpSum:
		sum, _, err := terms(q, draft)
		return one(sum, err)
	case OpWeighted:
		return one(weighted(q, draft))
	case OpStated:
		return one(stated(q, draft))
	case OpMethod:
		m, ok := c.methods[q.Measure]
		if !ok {
			return Result{}, fmt.Errorf("query names method %q, which is not declared", q.Measure)
		}
		in, err := numbersOf(draft, q.Number)
		if err != nil {
			return Result{}, err
		}
		return one(m(in), nil)
	}
	return Result{}, fmt.Errorf("unknown operation %q", q.Op)
}

// table is the four counts a query compares.
type table struct{ of, per, rest, restPer int }

func (c *Corpus) table(q Query) (table, error) {
	var n [4]int
	sel := []*Selector{q.Of, q.Per, q.Rest, q.RestPer}
	for i, s := range sel {
		if s == nil && i >= 2 && q.Rest == nil {
			continue
		}
		v, err := c.Count(s)
		if err != nil {
			return table{}, err
		}
		n[i] = v
	}
	return table{n[0], n[1], n[2], n[3]}, nil
}

func (t table) number(op Op) float64 {
	switch op {
	case OpCount:
		return float64(t.of)
	case OpShare:
		return ratio(t.of, t.per)
	case OpLow:
		lo, _ := stat.Wilson(t.of, t.per)
		return lo
	case OpHigh:
		_, hi := stat.Wilson(t.of, t.per)
		return hi
	case OpLift:
		return ((float64(t.of) + 0.5) / (float64(t.per) + 1)) / ((float64(t.rest) + 0.5) / (float64(t.restPer) + 1))
	case OpFisher:
		return stat.Fisher(t.of, t.per-t.of, t.rest, t.restPer-t.rest)
	}
	x, y := ratio(t.of, t.per), ratio(t.rest, t.restPer) // OpBalance
	if x+y == 0 {
		return 0.5
	}
	return x / (x + y)
}

// parts returns the named numbers of OpCell but q.
func (t table) parts() map[string]float64 {
	return map[string]float64{
		"count": float64(t.of), "share": Round(ratio(t.of, t.per)), "rest_share": Round(ratio(t.rest, t.restPer)),
		"lift": Round(t.number(OpLift)), "p": Round(t.number(OpFisher)),
	}
}

func (c *Corpus) mean(q Query) (float64, error) {
	m, ok := c.measures[q.Measure]
	if !ok {
		return 0, fmt.Errorf("query names measure %q, which is not declared", q.Measure)
	}
	sum, n := 0.0, 0
	values := c.measured(q.Measure, m)
	err := c.each(q.Of, func(i int) { sum += values[i]; n++ })
	if n == 0 {
		return 0, err
	}
	return sum / float64(n), err
}

// measured returns the measure of every record, computed once.
func (c *Corpus) measured(name string, m Measure) []float64 {
	v, ok := c.measurements[name]
	if !ok {
		v = make([]float64, len(c.records))
		for i := range c.records {
			v[i] = m(&c.records[i])
		}
		c.measurements[name] = v
	}
	return v
}

func (c *Corpus) row(q Query) ([]float64, error) {
	of, err := c.perPeriod(q.Of, q.Periods)
	if err != nil {
		return nil, err
	}
	per := of
	if q.Op != OpCounts {
		if per, err = c.perPeriod(q.Per, q.Periods); err != nil {
			return nil, err
		}
	}
	out := make([]float64, len(of))
	seen, total := 0, 0 // before this period
	for i := range of {
		switch q.Op {
		case OpShares:
			out[i] = Round(ratio(of[i], per[i]))
		case OpChanges:
			out[i] = 1
			if per[i] >= q.Least && total >= 2*q.Least {
				out[i] = Round(stat.Change(of[i], per[i], seen, total))
			}
		default:
			out[i] = float64(of[i])
		}
		seen += of[i]
		total += per[i]
	}
	return out, nil
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
