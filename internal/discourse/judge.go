package discourse

import (
	"cmp"
	"slices"
	"strings"
)

// judge weighs each sentence in its place in the conversation and keeps what
// does something.
func (a *analysis) judge() {
	for i := range a.turns {
		var kept []Statement
		for k := a.of[i][0]; k < a.of[i][1]; k++ {
			if s, ok := a.statement(k); ok {
				kept = append(kept, a.both(k, s)...)
			}
		}
		a.res.Statements = append(a.res.Statements, a.join(kept)...)
	}
}

// statement returns what sentence k does, in view of its neighbours.
func (a *analysis) statement(k int) (Statement, bool) {
	x := &a.sentences[k]
	if len(x.readings) == 0 || x.count < 4 || len(x.content) == 0 {
		return Statement{}, false
	}
	around := slices.Clone(a.heading[x.turn])
	if k > a.of[x.turn][0] {
		around = append(around, a.sentences[k-1].content...)
	}
	agreed, opposed := a.response(x.turn)
	if a.called(x) && opposed == 0 {
		agreed++ // silence after "any objections?" is what meetings decide by
	}
	if d, ok := accepted(x.readings, agreed, opposed); ok {
		x.readings = append(slices.Clip(x.readings), d)
	}
	best, score := -1, 0.0
	for n, d := range x.readings {
		v := a.weigh(x, d, around, agreed, opposed)
		switch {
		case d.act == Decision && v >= Decided, d.act == Action && v >= Assigned:
			v += 1 // before anything weaker that it also is
		case d.act == Decision || d.act == Action:
			continue
		case v < least:
			continue
		}
		if v > score {
			best, score = n, v
		}
	}
	if best < 0 {
		return a.weaker(x, around)
	}
	if score > 1 {
		score--
	}
	return a.made(x, x.readings[best], score, around), true
}

// both cuts a sentence in two that decides one thing and gives out work as well:
// "it closes in two weeks, I will publish the date".
func (a *analysis) both(k int, s Statement) []Statement {
	x := &a.sentences[k]
	if s.Act != Decision && s.Act != Action {
		return []Statement{s}
	}
	other := Action
	if s.Act == Action {
		other = Decision
	}
	var first, second *reading
	for n := range x.readings {
		switch d := &x.readings[n]; d.act {
		case s.Act:
			first = d
		case other:
			second = d
		}
	}
	if first == nil || second == nil {
		return []Statement{s}
	}
	agreed, opposed := a.response(x.turn)
	v := a.weigh(x, *second, s.Around, agreed, opposed)
	if other == Decision && v < Decided || other == Action && v < Assigned {
		return []Statement{s}
	}
	left, right := s, a.made(x, *second, v, s.Around)
	if second.at.Start < first.at.Start {
		left, right = right, left
		first, second = second, first
	}
	text := a.turns[x.turn].Text
	if second.at.Start <= first.at.End {
		return []Statement{s}
	}
	cut := strings.LastIndexAny(text[first.at.End:second.at.Start], ",;")
	if cut < 0 {
		return []Statement{s}
	}
	cut += first.at.End
	l, r := trim(text, Span{x.Start, cut}), trim(text, Span{cut + 1, x.End})
	if len(strings.Fields(text[l.Start:l.End])) < 4 || len(strings.Fields(text[r.Start:r.End])) < 4 {
		return []Statement{s}
	}
	left.Start, left.End, right.Start, right.End = l.Start, l.End, r.Start, r.End
	return []Statement{left, right}
}

// accepted returns the decision that a proposal becomes when others take it up at once.
func accepted(in []reading, agreed, opposed int) (reading, bool) {
	for _, d := range in {
		if d.act == Question || d.act == Decision {
			return d, false
		}
	}
	for _, d := range in {
		if d.act == Proposal && d.score >= .6 && agreed > 0 && opposed == 0 && !d.doubt {
			d.act, d.score = Decision, d.score-.05+.05*float64(min(agreed, 2))
			d.cue += " (others agree)"
			return d, true
		}
	}
	return reading{}, false
}

// weaker returns what a decision or an action that is too unsure still is.
func (a *analysis) weaker(x *sentence, around []int32) (Statement, bool) {
	for _, d := range x.readings {
		v := d.score
		if v < least || len(x.content) < 2 {
			continue
		}
		switch d.act {
		case Decision:
			d.act = Proposal
		case Action:
			d.act = Commitment
			if d.told {
				d.act = Request
			}
		default:
			continue
		}
		return a.made(x, d, v*.8, around), true
	}
	return Statement{}, false
}

func (a *analysis) made(x *sentence, d reading, score float64, around []int32) Statement {
	s := Statement{
		Turn: x.turn, Start: x.Start, End: x.End, Act: d.act, Score: score, Cue: d.cue, Person: x.person, Owner: -1,
		Against: d.negated, Doubt: d.doubt, Words: x.content, Around: around,
	}
	if d.due.End > 0 {
		s.Due = a.turns[x.turn].Text[d.due.Start:d.due.End]
	}
	if d.owner != "" && (d.act == Action || d.act == Request) {
		s.Owner = a.res.Cast.named(capitalise(d.owner))
	} else if (d.act == Action || d.act == Commitment) && (strings.HasPrefix(d.cue, "i ") || strings.HasPrefix(d.cue, "will ") && d.leads) {
		s.Owner = x.person
	}
	return s
}

// weigh returns the score of one reading in its place.
func (a *analysis) weigh(x *sentence, d reading, around []int32, agreed, opposed int) float64 {
	v := d.score
	if d.act == Action && a.turns[x.turn].Written && d.told {
		return 0
	}
	up := func(by float64) { v += (1 - v) * by }
	switch n := len(x.content); {
	case n <= 1 && x.names > 0:
		v *= .85
	case n <= 1:
		v *= .7
	case n == 2:
		v *= .9
	case n >= 5:
		up(.1)
	}
	if d.act != Decision && d.act != Action {
		return v
	}
	shared := 0
	for _, id := range x.content {
		if has(around, id) {
			shared++
		}
	}
	if shared > 0 {
		up(.1)
	}
	if x.names > 0 {
		up(.05)
	}
	if a.closing[x.turn] {
		up(.15)
	}
	if a.chair[a.turns[x.turn].Thread] == x.person && x.person >= 0 {
		up(.1)
	}
	if d.act == Decision {
		if x.recaps {
			up(.15)
		}
		if a.called(x) {
			up(.2)
		}
		if agreed > 0 {
			up(.15)
		}
		if opposed > agreed {
			v *= .8
		}
	}
	if a.turns[x.turn].Speaker == "" && x.person < 0 && d.act == Decision {
		up(.05) // minutes
	}
	return v
}

// response counts who of the next three speakers agreed and disagreed. Two who
// only say yes count as one who says that they agree.
func (a *analysis) response(turn int) (agreed, opposed int) {
	t := a.next[turn]
	nods := 0
	for n := 0; n < 3 && t >= 0; n, t = n+1, a.next[t] {
		if a.speaker[t] == a.speaker[turn] || a.turns[t].Topic != a.turns[turn].Topic {
			continue
		}
		told := agreed + opposed
		for k := a.of[t][0]; k < min(a.of[t][1], a.of[t][0]+2); k++ {
			switch x := &a.sentences[k]; {
			case x.reply == Agree && x.force >= .7:
				agreed++
			case x.reply == Disagree && x.force >= .6:
				opposed++
			}
		}
		if told == agreed+opposed && nod(a.turns[t].Text) {
			nods++
		}
	}
	return agreed + nods/2, opposed
}

// nod reports whether a turn says yes and little more.
func nod(text string) bool {
	if len(text) > 60 {
		return false
	}
	first := true
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		w = strings.Trim(w, ".,!")
		switch {
		case w == "" || strings.HasPrefix(w, "{") || hesitation[w]:
			continue
		case first && !yes[w]:
			return false
		case w == "but" || negations[w] || strings.HasSuffix(w, "?"):
			return false
		}
		first = false
	}
	return !first
}

// called reports whether the same person asks for objections right before or
// right after a sentence.
func (a *analysis) called(x *sentence) bool {
	k := a.of[x.turn][0]
	for k < a.of[x.turn][1] && a.sentences[k].Start != x.Start {
		k++
	}
	from, to := k-2, k+3
	for i := max(from, 0); i <= min(to, len(a.sentences)-1); i++ {
		y := &a.sentences[i]
		if i != k && y.calls && y.person == x.person && a.turns[y.turn].Thread == a.turns[x.turn].Thread {
			return true
		}
	}
	return false
}

// longest is the length in bytes up to which neighbouring sentences of one kind are one statement.
const longest = 420

// join makes one statement of neighbouring sentences that do the same.
func (a *analysis) join(in []Statement) []Statement {
	var out []Statement
	for _, s := range in {
		if n := len(out) - 1; n >= 0 {
			p := &out[n]
			if p.Act == s.Act && s.Act != Question && s.Start-p.End <= 3 && s.End-p.Start <= longest && p.Person == s.Person && (p.Owner == s.Owner || s.Owner < 0 || p.Owner < 0) {
				p.End = s.End
				if s.Score > p.Score {
					p.Score, p.Cue = s.Score, s.Cue
				}
				p.Owner = max(p.Owner, s.Owner)
				if p.Due == "" {
					p.Due = s.Due
				}
				p.Against = p.Against || s.Against
				for _, w := range s.Words {
					if !has(p.Words, w) {
						p.Words = append(slices.Clip(p.Words), w)
					}
				}
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

const (
	sameMatter = .75 // share of the weight of the shorter one's words that two sayings of one thing have in common
	sameWords  = 3   // words that they have in common at least
)

// again finds decisions and actions that were said before in the same conversation,
// and keeps the best supported one of each. The others stand as the weaker act that
// they also are. What differs in a number, or says no where the other says yes, is another matter.
func (a *analysis) again() {
	var kept []int
	order := make([]int, 0, len(a.res.Statements))
	for i, s := range a.res.Statements {
		if s.Act == Decision || s.Act == Action {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(a.res.Statements[y].Score, a.res.Statements[x].Score) })
	for _, i := range order {
		s := &a.res.Statements[i]
		if !slices.ContainsFunc(kept, func(k int) bool { return a.saysSame(&a.res.Statements[k], s) }) {
			kept = append(kept, i)
			continue
		}
		s.Cue = "said before: " + s.Cue
		if s.Act == Decision {
			s.Act = Proposal
		} else {
			s.Act = Commitment
		}
	}
}

func (a *analysis) saysSame(x, y *Statement) bool {
	if x.Act != y.Act || a.says(x) != a.says(y) || a.turns[x.Turn].Thread != a.turns[y.Turn].Thread || x.Owner >= 0 && y.Owner >= 0 && x.Owner != y.Owner {
		return false
	}
	small, large := x.Words, y.Words
	if len(small) > len(large) {
		small, large = large, small
	}
	both, all, n := 0.0, 0.0, 0
	for _, w := range small {
		all += a.weight(w)
		if has(large, w) {
			both += a.weight(w)
			n++
		}
	}
	one, other := digits(a.turns[x.Turn].Text[x.Start:x.End]), digits(a.turns[y.Turn].Text[y.Start:y.End])
	return (n >= sameWords && both >= sameMatter*all || n >= 2 && n == len(large)) && (len(one) == 0 || len(other) == 0 || slices.Equal(one, other))
}

// says reports whether a statement says yes: whether none of its sentences has a no.
func (a *analysis) says(s *Statement) bool {
	for k := a.of[s.Turn][0]; k < a.of[s.Turn][1]; k++ {
		if x := &a.sentences[k]; x.denies && x.Start < s.End && s.Start < x.End {
			return false
		}
	}
	return !s.Against
}

// digits returns the numbers of a text, each once, sorted.
func digits(text string) []string {
	out := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	slices.Sort(out)
	return slices.Compact(out)
}
