package discourse

import (
	"strings"
)

// reading is what one sentence was found to do.
type reading struct {
	act     Act
	score   float64
	cue     string // the words that gave it away
	from    int    // tokens of the cue
	to      int
	negated bool
	leads   bool   // the cue opens the sentence
	doubt   bool   // conditional or hedged
	past    bool   // tells of an earlier occasion
	owner   string // a name in front of the task
	told    bool   // an imperative: the reader is to do it
	at      Span   // bytes of the cue
	due     Span   // bytes of a deadline; empty when none is stated
}

// reader classifies sentences. It is not safe for concurrent use.
type reader struct {
	acts *matcher
	says *matcher
	asks *matcher
	hits []hit
}

func newReader() *reader {
	return &reader{acts: compile(cues, classes), says: compile(replies, classes), asks: compile(calls, classes)}
}

// knows reports whether a word is one of those the cues are made of.
func (r *reader) knows(w string) bool { return len(r.acts.first[w]) > 0 || len(r.says.first[w]) > 0 }

// read returns the strongest act of a sentence with ok false when it only states something.
func (r *reader) read(ts []token) []reading {
	if len(ts) < 3 {
		return nil
	}
	asks := ts[len(ts)-1].word == "?" || questionWords[ts[0].word] && hasWord(ts, "?")
	r.hits = r.acts.find(ts, r.hits)
	best := map[Act]reading{}
	down := 1.0
	for _, h := range r.hits {
		if h.cue.act == aside {
			down = min(down, h.cue.weight)
			continue
		}
		d := reading{act: h.cue.act, score: h.cue.weight, from: h.from, to: h.to, cue: words(ts[h.from:h.to]), leads: h.from <= opening(ts) || ts[h.from].start-ts[h.from-1].end > 1, at: Span{ts[h.from].start, ts[h.to-1].end}}
		d.told = d.act == Action && (ts[h.from].word == "please" || d.leads && classes["<task>"][ts[h.from].word])
		if d.told && hasNegation(ts[h.from:h.to]) {
			continue // "please do not reply"
		}
		d.negated = negated(ts, h.from)
		if subordinate(ts, h.from) {
			d.score *= .5
		}
		if w := ts[h.to-1].word; d.act == Decision && w == "keep" && h.to < len(ts) && strings.HasSuffix(ts[h.to].word, "ing") {
			continue // "we will keep working"
		}
		if d.act == Decision && (d.negated || decidesNothing(ts)) {
			continue // "we have not decided", "we will not make a decision today"
		}
		if old, ok := best[d.act]; !ok || d.score > old.score {
			if ok { // several signs of one act bear each other out
				d.score += (1 - d.score) * old.score * .25
			}
			best[d.act] = d
		} else {
			old.score += (1 - old.score) * d.score * .25
			best[d.act] = old
		}
	}
	doubt, past := doubtful(ts), tellsOfPast(ts)
	due := deadline(ts)
	var out []reading
	for _, a := range [...]Act{Decision, Action, Request, Proposal, Commitment, Concern} {
		d, ok := best[a]
		if !ok {
			continue
		}
		d.doubt, d.past, d.due = doubt, past, due
		d.negated = d.negated || hasNegation(ts[d.to:min(d.to+2, len(ts))])
		switch {
		case asks && a == Decision:
			d.score *= .4
		case asks && a == Action:
			d.score *= .6
		case asks && (a == Commitment || a == Concern):
			d.score *= .6
		}
		if doubt {
			d.score *= .75
		}
		if past && (a == Decision || a == Action) {
			d.score *= .6
		}
		if down < 1 && a != Concern {
			d.score *= down
		}
		if (a == Action || a == Decision) && atOnce(ts) {
			d.score *= .6
		}
		if due.End > 0 && (a == Action || a == Decision || a == Request || a == Commitment) {
			d.score += (1 - d.score) * .2
		}
		d.owner = ownerBefore(ts, d.from, d.to)
		if d.owner == "" && d.act == Action && ts[d.to-1].word == ":" { // "Action: Ada to ..."
			d.owner = ownerBefore(ts, d.to, min(d.to+5, len(ts)))
		}
		out = append(out, d)
	}
	if asks {
		q := reading{act: Question, score: .9, cue: "question form", doubt: doubt}
		for _, d := range out {
			if (d.act == Request || d.act == Proposal) && d.score >= .6 { // "could you please ...?"
				q.score = .5
			}
		}
		out = append(out, q)
	}
	return out
}

// decidesNothing reports whether a sentence says that nothing is decided: a no, and at
// most three words behind it the word for it.
func decidesNothing(ts []token) bool {
	for i, t := range ts {
		if !negations[t.word] {
			continue
		}
		for _, n := range ts[i+1 : min(i+5, len(ts))] {
			if strings.HasPrefix(n.word, "decision") || n.word == "decide" || n.word == "decided" {
				return true
			}
		}
	}
	return false
}

// calls reports whether a sentence asks if anybody is against it.
func (r *reader) calls(ts []token) bool {
	r.hits = r.asks.find(ts, r.hits)
	return len(r.hits) > 0
}

// stance says how a sentence takes what was said before: Agree, Disagree or "".
func (r *reader) stance(ts []token) (Act, float64, string) {
	r.hits = r.says.find(ts, r.hits)
	opens := 0 // "no, that is true" denies nothing
	for opens < len(ts) && ts[opens].word == "no" {
		opens++
	}
	var score [2]float64
	var cue [2]string
	for _, h := range r.hits {
		if describes(ts, h.from) {
			continue
		}
		k := 0
		if h.cue.act == Disagree {
			k = 1
		} else if from := h.from; from > 0 && negated(ts[opens:], from-opens) {
			k = 1
		}
		if h.cue.weight > score[k] {
			score[k], cue[k] = h.cue.weight, words(ts[h.from:h.to])
		}
	}
	if k := opening(ts); k > 0 && ts[k-1].word == "but" && score[1] < .62 && hasNegation(ts[k:]) {
		score[1], cue[1] = .62, "but ... not"
	}
	if score[0] >= .7 && (strings.HasPrefix(cue[1], "no") && len(cue[1]) < 4 || strings.HasPrefix(cue[1], "i do not see")) {
		return Agree, score[0], cue[0] // "no, that is true"
	}
	if score[1] > 0 && score[1] >= score[0]-.25 {
		return Disagree, score[1], cue[1]
	}
	if score[0] > 0 {
		return Agree, score[0], cue[0]
	}
	return "", 0, ""
}

// describes reports whether a cue begins with a "that" which only describes the noun
// before it: "every change that is not in the release", not "I think that is not true".
func describes(ts []token, at int) bool {
	if at == 0 || ts[at].word != "that" {
		return false
	}
	p := ts[at-1]
	return !stopped[p.word] && !reporting[p.word] && !hesitation[p.word] && !yes[p.word] && !opinions[p.word] && ts[at].start-p.end <= 1
}

//nolint:gochecknoglobals // an immutable table
var opinions = set("believe believes believed assume expect hear know guess fear hope doubt argue claim agree sure certain clear afraid accept disagree")

func words(ts []token) string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.word)
	}
	return b.String()
}

func hasWord(ts []token, w string) bool {
	for _, t := range ts {
		if t.word == w {
			return true
		}
	}
	return false
}

//nolint:gochecknoglobals // an immutable table
var negations = set("not never no without nobody neither nor cannot none")

func hasNegation(ts []token) bool {
	for _, t := range ts {
		if negations[t.word] {
			return true
		}
	}
	return false
}

func negated(ts []token, at int) bool { return at > 0 && hasNegation(ts[max(0, at-2):at]) }

//nolint:gochecknoglobals // immutable tables
var (
	hedges    = set("would could might unless whether assuming suppose hypothetically")
	pastWords = set("previously yesterday earlier already ago originally")
	reporting = set("said says mentioned told explained suggested suggests noted notes confirmed confirms advised advises thinks thought feels felt asked asks wanted wants questioned agreed agrees proposed proposes seconds seconded believes argued argues raised highlighted stated pointed announced shared disagrees disagreed adds added responded replied requested recommends recommended prefers supports clarified clarifies reported")
)

//nolint:gochecknoglobals // an immutable table
var subordinators = set("when which what once because as if unless while who where how until since though although whether than why whose")

// related are words after which a clause tells of something or quotes somebody.
//
//nolint:gochecknoglobals // an immutable table
var related = set("thing things whatever saying say like says said things stuff")

// subordinate reports whether the cue stands in a clause below the main one.
func subordinate(ts []token, at int) bool {
	for i := opening(ts); i < at; i++ {
		if subordinators[ts[i].word] {
			return true
		}
	}
	if at > opening(ts) && (ts[at].word == "we" || ts[at].word == "they") {
		if p := ts[at-1]; !stopped[p.word] && !reporting[p.word] && !conjunctions[p.word] && ts[at].start-p.end <= 1 {
			return true // "the buttons we agreed on"
		}
	}
	return at > opening(ts) && (related[ts[at-1].word] || ts[at-1].word == "that" && at > 1 && !reporting[ts[at-2].word] && ts[at].word == "we")
}

// doubtful reports whether a sentence only supposes something.
func doubtful(ts []token) bool {
	if len(ts) == 0 {
		return false
	}
	if k := opening(ts); k < len(ts) && (ts[k].word == "if" || ts[k].word == "unless" || ts[k].word == "suppose") {
		return true
	}
	cond, hedge := false, false
	for _, t := range ts {
		if t.word == "unless" {
			return true
		}
		cond = cond || t.word == "if"
		hedge = hedge || hedges[t.word]
	}
	return cond && hedge
}

//nolint:gochecknoglobals // an immutable table
var onTheSpot = set("link links chat slide slides second seconds now zoom")

// atOnce reports whether what is promised is done in the meeting itself: "I will post the link in the chat".
func atOnce(ts []token) bool {
	for _, t := range ts {
		if onTheSpot[t.word] {
			return true
		}
	}
	return false
}

// tellsOfPast reports whether a sentence tells of an earlier occasion.
func tellsOfPast(ts []token) bool {
	for i, t := range ts {
		if pastWords[t.word] {
			return true
		}
		if t.word == "last" || t.word == "remember" {
			for _, n := range ts[i+1 : min(i+5, len(ts))] {
				if classes["<when>"][n.word] || n.word == "time" || n.word == "year" || t.word == "remember" {
					return true
				}
			}
		}
		if t.word == "had" && i > 0 && ts[i-1].word == "we" {
			return true
		}
	}
	return false
}

// deadline returns the bytes of "by Friday", "next week", "in 13 days", "on the 24th".
func deadline(ts []token) Span {
	for i := range ts {
		w := ts[i].word
		switch {
		case w == "by" || w == "before" || w == "until" || w == "on" || w == "in":
			for j := i + 1; j < len(ts) && j <= i+4; j++ {
				x := ts[j].word
				timely := classes["<when>"][x] || isMonth(x) || dayNumber(x)
				if timely && (w != "in" && w != "on" || isMonth(x) && x != "may" || j > i+1 && isCount(ts[j-1].word) || weekday(x) || dayNumber(x)) {
					end := j
					for end+1 < len(ts) && end < j+3 && (isNumber(ts[end+1].word) || isMonth(ts[end+1].word) || ts[end+1].word == "of" || dayNumber(ts[end+1].word)) {
						end++
					}
					return Span{ts[i].start, ts[end].end}
				}
			}
		case (w == "next" || w == "this") && i+1 < len(ts) && classes["<when>"][ts[i+1].word]:
			return Span{ts[i].start, ts[i+1].end}
		case w == "tomorrow" || w == "tonight":
			return Span{ts[i].start, ts[i].end}
		}
	}
	return Span{}
}

func weekday(w string) bool { return strings.HasSuffix(w, "day") && w != "day" }

func dayNumber(w string) bool {
	return len(w) > 2 && w[0] >= '0' && w[0] <= '9' && (strings.HasSuffix(w, "th") || strings.HasSuffix(w, "st") || strings.HasSuffix(w, "nd") || strings.HasSuffix(w, "rd"))
}

func isCount(w string) bool {
	return isNumber(w) || numerals[w]
}

//nolint:gochecknoglobals // an immutable table
var numerals = set("a an one two three four five six seven eight nine ten couple few several")

// ownerBefore returns the name that stands right before or within a cue as the one who is to act.
func ownerBefore(ts []token, from, to int) string {
	for i := from; i < to; i++ {
		switch ts[i].word {
		case "to", "will", "should", "must", "needs", "has", "and", "can":
			if j := i - 1; j >= 0 && ts[j].name {
				k := j
				for k > 0 && ts[k-1].name {
					k--
				}
				return names(ts[k : j+1])
			}
		}
	}
	return ""
}

func names(ts []token) string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.word)
	}
	return b.String()
}
