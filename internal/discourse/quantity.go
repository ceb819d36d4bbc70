package discourse

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// quantity is a number with what it counts, or a day of a month.
type quantity struct {
	value float64
	unit  string // "weeks", "%", "february"
}

//nolint:gochecknoglobals // an immutable table
var spelled = map[string]float64{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15,
	"twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
}

//nolint:gochecknoglobals // an immutable table
var units = map[string]string{
	"percent": "%", "day": "days", "days": "days", "week": "weeks", "weeks": "weeks", "month": "months", "months": "months", "monthly": "months",
	"year": "years", "years": "years", "hour": "hours", "hours": "hours", "minutes": "minutes", "euro": "euros", "euros": "euros", "dollar": "dollars",
	"dollars": "dollars", "pounds": "pounds", "people": "people", "users": "users", "customers": "customers", "million": "million", "thousand": "thousand",
	"buttons": "buttons", "seats": "seats", "gb": "gb", "mb": "mb", "kb": "kb", "points": "points", "cents": "cents",
}

// quantities returns the numbers with units and the dates of a sentence.
func quantities(ts []token, _ *lexicon) []quantity {
	var out []quantity
	for i, t := range ts {
		if dayNumber(t.word) {
			for _, j := range [...]int{i - 1, i + 1, i + 2} {
				if j >= 0 && j < len(ts) && isMonth(ts[j].word) {
					v, err := strconv.ParseFloat(t.word[:len(t.word)-2], 64)
					if err == nil {
						out = append(out, quantity{v, ts[j].word})
					}
					break
				}
			}
			continue
		}
		v, ok := spelled[t.word]
		if !ok && isNumber(t.word) {
			n, err := strconv.ParseFloat(strings.ReplaceAll(t.word, ",", ""), 64)
			v, ok = n, err == nil
		}
		if !ok {
			continue
		}
		for j := i + 1; j < min(i+3, len(ts)); j++ {
			if u, ok := units[ts[j].word]; ok {
				out = append(out, quantity{v, u})
				break
			}
			if isMonth(ts[j].word) && j == i+1 && v <= 31 {
				out = append(out, quantity{v, ts[j].word})
				break
			}
		}
		if i > 0 && isMonth(ts[i-1].word) && v <= 31 && v == math.Trunc(v) {
			out = append(out, quantity{v, ts[i-1].word})
		}
	}
	return out
}

// numbersApart finds different people who give different numbers for one thing.
func (a *analysis) numbersApart() []Conflict {
	type at struct {
		k int
		q quantity
	}
	const (
		reach = 60  // turns
		most  = 100 // numbers of one unit that are compared with
	)
	recent := map[string][]at{}
	var out []Conflict
	used := map[[2]int]bool{}
	for k := range a.sentences {
		x := &a.sentences[k]
		if len(x.numbers) != 1 || x.person < 0 || !a.quotable(k) {
			continue
		}
		q := x.numbers[0]
		key := a.turns[x.turn].Thread + "\x00" + q.unit
		list := slices.DeleteFunc(recent[key], func(o at) bool { return x.turn-a.sentences[o.k].turn > reach })
		for _, o := range list {
			y := &a.sentences[o.k]
			if y.person == x.person || o.q.value == q.value || used[pair(x.person, y.person)] {
				continue
			}
			v := 0.0
			counts := map[int32]float64{}
			for _, id := range x.content {
				if has(y.content, id) && !isNumber(a.res.Word(id)) && units[a.res.Word(id)] == "" {
					v += a.weight(id)
					counts[id] = a.weight(id)
				}
			}
			if len(counts) < 2 || v < .8 {
				continue
			}
			used[pair(x.person, y.person)] = true
			out = append(out, Conflict{
				Kind: Incompatible, Score: math.Min(.9, .35+.2*v), About: strongest(counts, 4),
				Sides: []Side{
					{Person: y.person, Turns: []Passage{{Turn: y.turn, Span: y.Span}}},
					{Person: x.person, Turns: []Passage{{Turn: x.turn, Span: x.Span}}},
				},
			})
		}
		recent[key] = append(list[max(0, len(list)-most):], at{k, q})
	}
	return out
}
