package discourse

import (
	"cmp"
	"math"
	"slices"
)

// Reply is a turn that takes a stance towards what another said shortly before.
type Reply struct {
	Turn   int // who replies
	Span   Span
	To     int // the turn replied to
	ToSpan Span
	Stance Act // Agree or Disagree
	Score  float64
	Cue    string
	Shared []int32 // content words of both

	sentence, target int
}

// Kind says why two sides stand against each other.
type Kind string

// The kinds of conflict.
const (
	Opposed      Kind = "opposed stances"
	Incompatible Kind = "incompatible numbers"
	Overruled    Kind = "decision against request"
)

// Conflict is one object on which people stand against each other.
type Conflict struct {
	Kind  Kind
	About []int32 // its words, most telling first
	Score float64 // 0..1
	Sides []Side  // at least two, of different people; in order of the turns
}

// Side is what one person said in a conflict.
type Side struct {
	Person int
	Turns  []Passage // at most three, in order
	Stance Act       // Agree: for the object; Disagree: against it; "" for a number of their own
}

// Passage is a part of a turn.
type Passage struct {
	Turn int
	Span
	Stance Act // Agree: it puts something forward; Disagree: it takes a stance against what was said before; "" otherwise
}

//nolint:gochecknoglobals // an immutable table
var questionOpen = set("what who when where how which whose whom")

const (
	lookBack   = 5   // turns that a reply may reach back over
	near       = 14  // turns within which replies are about one object
	opposition = .55 // score from which a disagreement counts
	edge       = .7  // force from which a stance shows in a question without a question word
)

// oppose finds the replies and the conflicts in them.
func (a *analysis) oppose() {
	for i := range a.turns {
		if a.speaker[i] < 0 {
			continue
		}
		from, to := a.of[i][0], min(a.of[i][1], a.of[i][0]+5)
		for k := from; k < to; k++ {
			x := &a.sentences[k]
			if x.reply == "" || x.reply == Agree && k > from+1 {
				continue
			}
			if r, ok := a.answer(i, k); ok {
				a.res.Replies = append(a.res.Replies, r)
			}
		}
	}
	a.clash()
	a.res.Conflicts = append(a.res.Conflicts, a.numbersApart()...)
}

// weight is how telling a word is: rare words are.
func (a *analysis) weight(id int32) float64 {
	n := float64(len(a.sentences)) + 30 // in a short talk no word is common yet
	return math.Log(n/(float64(a.res.stems.df[id])+1)) / math.Log(n+1)
}

// answer finds what sentence k of turn i replies to.
func (a *analysis) answer(i, k int) (Reply, bool) {
	x := &a.sentences[k]
	words := x.content
	if k > a.of[i][0] {
		words = slices.Concat(words, a.sentences[k-1].content)
	}
	if k+1 < a.of[i][1] {
		words = slices.Concat(words, a.sentences[k+1].content)
	}
	best, value := -1, 0.0
	var shared []int32
	adjacent := true
	for n, j := 0, a.prev[i]; n < lookBack && j >= 0; n, j = n+1, a.prev[j] {
		if a.speaker[j] == a.speaker[i] || a.speaker[j] < 0 {
			continue
		}
		for m := max(a.of[j][0], a.of[j][1]-longAnswer); m < a.of[j][1]; m++ {
			y := &a.sentences[m]
			if y.count < 4 || len(y.content) == 0 {
				continue
			}
			v := 0.0
			var both []int32
			for _, id := range y.content {
				if has(words, id) && !has(both, id) {
					both = append(both, id)
					v += a.weight(id)
				}
			}
			v = v * math.Pow(.85, float64(n))
			if adjacent {
				v += .3
			}
			if v > value {
				best, value, shared = m, v, both
			}
		}
		if a.of[j][1]-a.of[j][0] > 0 && longTurn(a.sentences[a.of[j][0]:a.of[j][1]]) {
			adjacent = false
		}
	}
	if best < 0 || value < .25 {
		return Reply{}, false
	}
	y := &a.sentences[best]
	if x.reply == Disagree && y.asks && questionOpen[y.opens] {
		value *= .5 // who only asks for information takes no side
	}
	score := x.force * (.65 + .35*math.Min(1, value/1.5))
	if k > a.of[i][0]+1 {
		score *= .85
	}
	return Reply{
		Turn: i, Span: x.Span, To: y.turn, ToSpan: y.Span, Stance: x.reply, Score: score, Cue: x.why,
		Shared: shared, sentence: k, target: best,
	}, true
}

// longTurn reports whether a turn is more than a sign of listening.
func longTurn(ss []sentence) bool {
	n := 0
	for i := range ss {
		n += ss[i].count
	}
	return n >= 5
}

// clash makes conflicts out of disagreements that stand near each other and
// are about one thing or between the same two people.
func (a *analysis) clash() {
	type group struct {
		replies []Reply
		last    int
	}
	open := map[string][]*group{}
	var all []*group
	for _, r := range a.res.Replies {
		if r.Stance != Disagree || r.Score < opposition*.8 {
			continue
		}
		thread := a.turns[r.Turn].Thread
		var into *group
		for _, g := range open[thread] {
			if r.Turn-g.last > near || a.turns[r.Turn].Topic != a.turns[g.last].Topic {
				continue
			}
			if a.related(r, g.replies) {
				into = g
			}
		}
		if into == nil {
			into = &group{}
			all = append(all, into)
			open[thread] = append(slices.DeleteFunc(open[thread], func(g *group) bool { return r.Turn-g.last > near }), into)
		}
		into.replies = append(into.replies, r)
		into.last = r.Turn
	}
	for _, g := range all {
		if c, ok := a.conflict(g.replies); ok {
			a.res.Conflicts = append(a.res.Conflicts, c)
		}
	}
}

// related reports whether a disagreement belongs to those found so far.
func (a *analysis) related(r Reply, to []Reply) bool {
	words := slices.Concat(a.sentences[r.sentence].content, a.sentences[r.target].content)
	for _, o := range to {
		if pair(a.speaker[r.Turn], a.speaker[r.To]) == pair(a.speaker[o.Turn], a.speaker[o.To]) {
			return true
		}
		v := 0.0
		for _, id := range slices.Concat(a.sentences[o.sentence].content, a.sentences[o.target].content) {
			if has(words, id) {
				v += a.weight(id)
			}
		}
		if v >= 1 {
			return true
		}
	}
	return false
}

func pair(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

func (a *analysis) conflict(rs []Reply) (Conflict, bool) {
	miss := 1.0
	sides := map[int]*Side{}
	var order []int
	add := func(person int, p Passage, stance Act) {
		s, ok := sides[person]
		if !ok {
			s = &Side{Person: person, Stance: stance}
			sides[person] = s
			order = append(order, person)
		}
		if len(s.Turns) < 3 && !slices.ContainsFunc(s.Turns, func(o Passage) bool { return o.Turn == p.Turn && o.Span == p.Span }) {
			s.Turns = append(s.Turns, p)
		}
	}
	counts := map[int32]float64{}
	for _, r := range rs {
		if a.onlyAsks(r.sentence) || a.onlyAsks(r.target) {
			continue
		}
		miss *= 1 - min(r.Score, .95)
		if !a.quotable(r.sentence) || !a.quotable(r.target) {
			continue
		}
		add(a.speaker[r.To], Passage{r.To, r.ToSpan, Agree}, Agree)
		add(a.speaker[r.Turn], Passage{r.Turn, r.Span, Disagree}, Disagree)
		for _, id := range r.Shared {
			counts[id] += 2 * a.weight(id)
		}
		for _, id := range slices.Concat(a.sentences[r.sentence].content, a.sentences[r.target].content) {
			counts[id] += a.weight(id)
		}
	}
	if len(order) < 2 || 1-miss < opposition {
		return Conflict{}, false
	}
	c := Conflict{Kind: Opposed, Score: 1 - miss, About: strongest(counts, 4)}
	for _, p := range order {
		slices.SortFunc(sides[p].Turns, func(x, y Passage) int { return cmp.Or(x.Turn-y.Turn, x.Start-y.Start) })
		c.Sides = append(c.Sides, *sides[p])
	}
	return c, true
}

// onlyAsks reports whether a sentence asks for information and so takes no side:
// not "why would we ...?" or "is that not ...?", not "that is too expensive, right?",
// and nothing that also asks for something.
func (a *analysis) onlyAsks(k int) bool {
	x := &a.sentences[k]
	if !x.asks || x.denies || x.opens == "why" || !questionWords[x.opens] && x.force >= edge {
		return false
	}
	return !slices.ContainsFunc(x.readings, func(d reading) bool {
		return (d.act == Request || d.act == Proposal) && d.score >= .5
	})
}

// quotable reports whether a sentence is long enough to be quoted on its own.
func (a *analysis) quotable(k int) bool { return a.sentences[k].count >= 4 }

func strongest(counts map[int32]float64, n int) []int32 {
	ids := make([]int32, 0, len(counts))
	for id := range counts {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y int32) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	return ids[:min(n, len(ids))]
}
