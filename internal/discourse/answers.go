package discourse

// Answer is a passage that answers a question.
type Answer struct {
	Statement int // index in Result.Statements
	At        Passage
}

const (
	patience   = 4  // turns within which any shared word makes an answer
	threadful  = 12 // turns within which one is looked for
	longAnswer = 40 // sentences of one turn that are looked at
)

// answers finds for each question the first passage of another speaker that
// shares a telling word with it, or a direct answer in the next turn. Another
// question is no answer.
func (a *analysis) answers() {
	for i := range a.res.Statements {
		q := &a.res.Statements[i]
		if q.Act != Question {
			continue
		}
		if p, ok := a.answerTo(q); ok {
			a.res.Answers = append(a.res.Answers, Answer{i, p})
		}
	}
}

func (a *analysis) answerTo(q *Statement) (Passage, bool) {
	n := 0
	for t := a.next[q.Turn]; t >= 0 && n < threadful; n, t = n+1, a.next[t] {
		if a.turns[t].Topic != a.turns[q.Turn].Topic {
			return Passage{}, false
		}
		if a.speaker[t] == a.speaker[q.Turn] {
			continue
		}
		for k := a.of[t][0]; k < min(a.of[t][1], a.of[t][0]+longAnswer); k++ {
			x := &a.sentences[k]
			if x.asks || x.count < 4 {
				continue
			}
			shared := 0.0
			for _, id := range x.content {
				if has(q.Words, id) {
					shared += a.weight(id)
				}
			}
			direct := n == 0 && k < a.of[t][0]+2 && len(x.content) > 0
			if direct || n < patience && shared > 0 || shared >= .9 {
				return Passage{Turn: t, Span: x.Span}, true
			}
		}
	}
	return Passage{}, false
}
