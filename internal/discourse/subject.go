package discourse

import (
	"cmp"
	"math"
	"slices"
)

// Subject is one thing that several statements are about: what one may call a requirement.
type Subject struct {
	About      []int32 // its words, most telling first
	Statements []int   // indices in Result.Statements, in order
	Stances    []Stance
}

// Stance is where a person stands towards a subject, with the passage that shows it.
type Stance struct {
	Person int
	View   View
	At     Passage
	Score  float64
}

// View is for, against, unsure or conditional.
type View string

// The views.
const (
	For         View = "for"
	Against     View = "against"
	Unsure      View = "unsure"
	Conditional View = "conditional"
)

// common is the share of statements above which a word tells nothing.
const commonShare = .04

// collect groups the statements by what they are about, and says who stands where.
func (a *analysis) collect() {
	ss := a.res.Statements
	df := map[int32]int{}
	for i := range ss {
		for _, id := range ss[i].Words {
			df[id]++
		}
	}
	most := max(8, int(commonShare*float64(len(ss))))
	idf := func(id int32) float64 { return math.Log(1 + float64(len(ss))/float64(df[id]+1)) }
	holders := map[int32][]int{} // word -> subjects
	group := make([]int, len(ss))
	type draft struct {
		words map[int32]float64
		norm  float64
		of    []int
	}
	var drafts []draft
	order := make([]int, 0, len(ss))
	for i := range ss {
		group[i] = -1
		if ss[i].Act != Question {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(ss[y].Score, ss[x].Score) })
	for _, i := range order {
		votes := map[int]float64{}
		own := 0.0
		for _, id := range ss[i].Words {
			w := idf(id)
			own += w
			if df[id] > most {
				continue
			}
			for _, g := range holders[id] {
				votes[g] += w
			}
		}
		best, value := -1, 0.0
		for g, v := range votes {
			if d := &drafts[g]; a.turns[ss[d.of[0]].Turn].Thread == a.turns[ss[i].Turn].Thread {
				v *= 1.2
			}
			v /= math.Min(own, drafts[g].norm)
			if v > value || v == value && g < best {
				best, value = g, v
			}
		}
		if best < 0 || value < .5 {
			best = len(drafts)
			drafts = append(drafts, draft{words: map[int32]float64{}})
		}
		d := &drafts[best]
		d.of = append(d.of, i)
		group[i] = best
		for _, id := range ss[i].Words {
			if d.words[id] == 0 && len(d.of) <= 4 {
				d.norm += idf(id)
				if df[id] <= most {
					holders[id] = append(holders[id], best)
				}
			}
			d.words[id] += idf(id)
		}
	}
	index := make([]int, len(drafts))
	sorted := make([]int, len(drafts))
	for g := range drafts {
		sorted[g] = g
	}
	slices.SortStableFunc(sorted, func(x, y int) int {
		return cmp.Or(len(drafts[y].of)-len(drafts[x].of), slices.Min(drafts[x].of)-slices.Min(drafts[y].of))
	})
	for n, g := range sorted {
		index[g] = n
		slices.Sort(drafts[g].of)
		a.res.Subjects = append(a.res.Subjects, Subject{About: strongest(drafts[g].words, 3), Statements: drafts[g].of})
	}
	for i := range group {
		if group[i] >= 0 {
			group[i] = index[group[i]]
		}
	}
	a.stances(group)
	a.overruled(group)
	slices.SortStableFunc(a.res.Conflicts, func(x, y Conflict) int { return cmp.Compare(y.Score, x.Score) })
}

// stances says where people stand: by their own statements, and by how they took those of others.
func (a *analysis) stances(group []int) {
	ss := a.res.Statements
	byTurn := map[int][]int{}
	for i := range ss {
		if group[i] >= 0 {
			byTurn[ss[i].Turn] = append(byTurn[ss[i].Turn], i)
		}
	}
	all := make([]map[int]Stance, len(a.res.Subjects))
	put := func(g int, s Stance) {
		if s.Person < 0 {
			return
		}
		if all[g] == nil {
			all[g] = map[int]Stance{}
		}
		if old, ok := all[g][s.Person]; !ok || s.Score > old.Score {
			all[g][s.Person] = s
		}
	}
	for i := range ss {
		if group[i] >= 0 {
			put(group[i], Stance{Person: ss[i].Person, View: viewOf(&ss[i]), At: Passage{Turn: ss[i].Turn, Span: Span{ss[i].Start, ss[i].End}}, Score: ss[i].Score})
		}
	}
	for _, r := range a.res.Replies {
		if r.Score < .4 || !a.quotable(r.sentence) || a.onlyAsks(r.sentence) {
			continue
		}
		for _, i := range byTurn[r.To] {
			if ss[i].Start > r.ToSpan.Start || ss[i].End < r.ToSpan.End {
				continue
			}
			v := For
			if (r.Stance == Disagree) != (viewOf(&ss[i]) == Against) {
				v = Against
			}
			if a.sentences[r.sentence].hedged {
				v = Conditional
			}
			put(group[i], Stance{Person: a.speaker[r.Turn], View: v, At: Passage{Turn: r.Turn, Span: r.Span}, Score: r.Score})
		}
	}
	for g := range all {
		for _, s := range all[g] {
			a.res.Subjects[g].Stances = append(a.res.Subjects[g].Stances, s)
		}
		slices.SortFunc(a.res.Subjects[g].Stances, func(x, y Stance) int {
			return cmp.Or(x.At.Turn-y.At.Turn, x.At.Start-y.At.Start, x.Person-y.Person)
		})
	}
}

func viewOf(s *Statement) View {
	switch {
	case s.Doubt:
		return Conditional
	case s.Act == Concern && s.Score < .6:
		return Unsure
	case s.Act == Concern, s.Against:
		return Against
	}
	return For
}

// overruled finds decisions that go against what somebody asked for.
func (a *analysis) overruled([]int) {
	ss := a.res.Statements
	for g := range a.res.Subjects {
		of := a.res.Subjects[g].Statements
		of = of[:min(len(of), 200)] // what is said more often than that is settled elsewhere
		found := 0
		for _, i := range of {
			d := &ss[i]
			if d.Act != Decision || d.Doubt {
				continue
			}
			for _, j := range of {
				r := &ss[j]
				if r.Act != Request && r.Act != Proposal || r.Person < 0 || r.Person == d.Person || d.Person < 0 || r.Doubt || d.Against == r.Against || r.Turn > d.Turn {
					continue
				}
				counts := map[int32]float64{}
				for _, id := range d.Words {
					if has(r.Words, id) {
						counts[id] = a.weight(id)
					}
				}
				if len(counts) < 2 || found >= 3 {
					continue
				}
				found++
				a.res.Conflicts = append(a.res.Conflicts, Conflict{
					Kind: Overruled, Score: .9 * math.Min(d.Score, r.Score), About: strongest(counts, 4),
					Sides: []Side{
						{Person: r.Person, Turns: []Passage{{r.Turn, Span{r.Start, r.End}, Agree}}, Stance: Agree},
						{Person: d.Person, Turns: []Passage{{d.Turn, Span{d.Start, d.End}, Disagree}}, Stance: Disagree},
					},
				})
			}
		}
	}
}
