package discourse

import (
	"slices"
	"strings"
	"time"
)

// Turn is one piece of talk: a turn in a meeting, a message, a mail, a note.
type Turn struct {
	ID      string
	Speaker string // as the source spells it; empty for a note
	Written bool   // a mail: what it tells its reader to do is a request, not an entry in minutes
	Thread  string // meeting, channel or mail thread; turns of one thread stand in order
	Topic   string // heading it stands under; may be empty
	Text    string
	Time    time.Time
	Skip    []Span // bytes that are masked: they carry no words
}

// Statement is a passage of one turn that does something.
type Statement struct {
	Turn    int
	Start   int // bytes in the turn's text
	End     int
	Act     Act
	Score   float64 // 0..1
	Cue     string  // the words that gave it away, in lower case
	Person  int     // index in Cast.People; -1 when nobody is named
	Owner   int     // who is to do it; -1 when nobody is named
	Due     string  // deadline in the turn's own words; empty when none is stated
	Against bool    // it denies or takes away what it speaks of
	Doubt   bool    // conditional or hedged
	Words   []int32 // stems of its content words, numbered within the result
	Around  []int32 // stems of the sentence before it and of its heading
}

// Result is what a conversation was found to hold.
type Result struct {
	Cast       *Cast
	Statements []Statement // in order of the turns
	Replies    []Reply     // in order of the turns
	Conflicts  []Conflict  // best supported first
	Subjects   []Subject   // most spoken of first
	Answers    []Answer    // in order of the questions
	stems      *lexicon
}

// Word returns a surface form of a stem number in Statement.Words.
func (r *Result) Word(id int32) string { return r.stems.named[id] }

// Phrase names what words are about in a few words of the texts themselves: the
// run of up to three words in which most of them stand, then those left over.
func (r *Result) Phrase(ids []int32, texts ...string) string {
	weight := func(id int32) int {
		if i := slices.Index(ids, id); i >= 0 {
			return len(ids) - i
		}
		return 0
	}
	var ts []token
	best, value := "", 0
	var used []int32
	for _, text := range texts {
		ts = tokens(text, 0, len(text), ts)
		for i := range ts {
			sum, count := 0, 0
			var in []int32
			for j := i; j < min(i+3, len(ts)); j++ {
				if j > i && (ts[j].start < ts[j-1].end || strings.TrimSpace(text[ts[j-1].end:ts[j].start]) != "") {
					break // punctuation, or one half of "we'll"
				}
				id := r.stems.id(ts[j].word)
				if w := weight(id); w > 0 && !has(in, id) {
					sum += w
					count++
					in = append(in, id)
				} else if j == i || !linking[ts[j].word] {
					break
				} else {
					continue
				}
				if count >= 2 && sum > value {
					best, value, used = text[ts[i].start:ts[j].end], sum, slices.Clone(in)
				}
			}
		}
	}
	var out []string
	if best != "" {
		out = append(out, best)
	}
	for _, id := range ids {
		if len(out) < 3 && !has(used, id) && !isNumber(r.Word(id)) && spelled[r.Word(id)] == 0 {
			out = append(out, r.Word(id))
		}
	}
	return strings.Join(out, ", ")
}

// linking are words that may stand inside the name of a matter.
//
//nolint:gochecknoglobals // an immutable table
var linking = set("of for the and to in on")

// sentence is a sentence with all that was read out of it.
type sentence struct {
	Span
	turn     int
	person   int
	content  []int32
	readings []reading
	reply    Act
	force    float64
	why      string
	names    int
	count    int
	order    int // within its turn
	numbers  []quantity
	denies   bool
	hedged   bool
	asks     bool
	opens    string // its first word
	calls    bool   // it asks whether anybody is against what was said
	recaps   bool   // it begins like a summing up: "okay, so then we ..."
}

// Decided and Assigned are the scores from which a decision or an action is
// reported as one. Below, it stands as the weaker act that it also is: a
// proposal, a commitment or a request.
const (
	Decided  = .60
	Assigned = .68
	least    = .45 // of everything else
)

// Analyze reads a conversation. It is deterministic and needs time in proportion
// to the text.
func Analyze(turns []Turn) *Result {
	res := &Result{Cast: Resolve(turns), stems: newLexicon()}
	a := &analysis{turns: turns, res: res, reader: newReader()}
	a.small, a.capital = writing(turns)
	a.split()
	a.follow()
	a.judge()
	a.again()
	a.oppose()
	a.collect()
	a.answers()
	return res
}

type analysis struct {
	turns     []Turn
	res       *Result
	reader    *reader
	sentences []sentence
	of        [][2]int // turn -> sentences [from, to)
	speaker   []int    // turn -> person, -1 for a note
	next      []int    // turn -> next turn in the same thread, -1
	prev      []int
	chair     map[string]int // thread -> who leads through it; absent when nobody does
	closing   []bool         // turn is among the last of its topic
	heading   [][]int32
	small     map[string]bool // words that occur without a capital
	capital   map[string]bool // words that have one in the middle of a sentence
}

// split cuts the turns into sentences and reads each.
func (a *analysis) split() {
	a.of = make([][2]int, len(a.turns))
	a.speaker = make([]int, len(a.turns))
	a.heading = make([][]int32, len(a.turns))
	headings := map[string][]int32{}
	var ts []token
	for i := range a.turns {
		t := &a.turns[i]
		a.speaker[i] = -1
		if p, ok := a.res.Cast.Find(t.Speaker); ok && t.Speaker != "" {
			a.speaker[i] = p
		}
		h, ok := headings[t.Topic]
		if !ok {
			ts = tokens(t.Topic, 0, len(t.Topic), ts)
			h = a.res.stems.content(ts)
			headings[t.Topic] = h
		}
		a.heading[i] = h
		from := len(a.sentences)
		if t.Speaker == "" && attendance(t.Topic) {
			a.of[i] = [2]int{from, from}
			continue
		}
		for n, s := range Sentences(t.Text) {
			ts = tokens(t.Text, s.Start, s.End, ts)
			if len(ts) == 0 {
				continue
			}
			ts = unmasked(ts, t.Skip)
			a.proper(ts)
			x := sentence{Span: s, turn: i, person: a.speaker[i], order: n, count: len(ts)}
			body := ts
			if t.Speaker == "" {
				x.person, body = a.attribute(ts)
			}
			x.content = a.res.stems.content(body)
			for _, id := range x.content {
				a.res.stems.df[id]++
			}
			for _, tok := range body {
				if tok.name {
					x.names++
				}
			}
			x.readings = a.reader.read(body)
			x.reply, x.force, x.why = a.reader.stance(body)
			x.numbers = quantities(body, a.res.stems)
			x.calls, x.recaps = a.reader.calls(ts), sumsUp(t.Text[s.Start:s.End])
			x.opens, x.asks = body0(body), hasWord(body, "?")
			x.denies, x.hedged = hasNegation(body), doubtful(body)
			a.sentences = append(a.sentences, x)
		}
		a.of[i] = [2]int{from, len(a.sentences)}
	}
}

// writing returns the words that are written without a capital somewhere, and
// those that have one where no sentence begins.
func writing(turns []Turn) (small, capital map[string]bool) {
	small, capital = map[string]bool{}, map[string]bool{}
	for i := range turns {
		inside := false
		for w := range strings.FieldsSeq(turns[i].Text) {
			end := strings.TrimRight(w, "\"')]*")
			word := strings.TrimLeft(strings.TrimRight(end, ".,;:!?"), "\"'([*@")
			switch {
			case word == "":
			case word[0] >= 'a' && word[0] <= 'z':
				if !small[word] {
					small[strings.Clone(word)] = true
				}
			case inside:
				if w := strings.ToLower(word); !capital[w] {
					capital[strings.Clone(w)] = true
				}
			}
			inside = end != "" && !strings.ContainsAny(end[len(end)-1:], ".!?:") && word != ""
		}
	}
	return small, capital
}

func unmasked(ts []token, skip []Span) []token {
	if len(skip) == 0 {
		return ts
	}
	return slices.DeleteFunc(ts, func(t token) bool {
		for _, s := range skip {
			if t.start < s.End && s.Start < t.end {
				return true
			}
		}
		return false
	})
}

// proper takes the mark of a name from a word that has its capital only because
// it opens the sentence: one that is written small elsewhere and nobody's name.
func (a *analysis) proper(ts []token) {
	for i := range ts {
		t := &ts[i]
		if !t.name || i > 0 && ts[i-1].word != ":" {
			continue
		}
		if _, ok := a.res.Cast.Find(t.word); ok || isNumber(t.word) {
			continue
		}
		if a.small[t.word] || a.reader.knows(t.word) || !a.capital[t.word] && !subjectLike(ts[i:]) {
			t.name = false
		}
	}
}

// sumsUp reports whether a sentence begins like a summing up: two of the words
// that do, and then we, us or let's.
func sumsUp(text string) bool {
	n := 0
	for w := range strings.FieldsSeq(strings.ToLower(text[:min(len(text), 60)])) {
		w = strings.Trim(w, ",.…")
		switch {
		case slices.Contains(recaps, w) || hesitation[w]:
			n++
		case strings.HasPrefix(w, "we") || w == "let's" || w == "let":
			return n >= 2
		default:
			return false
		}
	}
	return false
}

// subjectLike reports whether the first word stands where only a name stands:
// before another name, before "says" or "to review".
func subjectLike(ts []token) bool {
	if len(ts) < 2 {
		return false
	}
	w, next := ts[0].word, ts[1]
	if strings.HasSuffix(w, "ing") || strings.HasSuffix(w, "ed") {
		return false
	}
	return next.name || reporting[next.word] || (next.word == "to" || next.word == "and") && !strings.HasSuffix(w, "s")
}

func body0(ts []token) string {
	if k := opening(ts); k < len(ts) {
		return ts[k].word
	}
	return ""
}

// attribute finds who a note tells of: "Hudson: ...", "Martin suggests that ...".
func (a *analysis) attribute(ts []token) (int, []token) {
	n := 0
	for n < len(ts) && n < 4 && ts[n].name {
		n++
	}
	if n == 0 || n >= len(ts) {
		return -1, ts
	}
	name := names(ts[:n])
	k := n
	for k < len(ts) && (ts[k].word == "also" || ts[k].word == "then" || ts[k].word == "did" || ts[k].word == "has") {
		k++
	}
	if k < len(ts) && (ts[k].word == ":" || reporting[ts[k].word]) {
		if ts[k].word == ":" {
			if p, ok := a.res.Cast.Find(name); ok {
				return p, ts[k+1:]
			}
			return -1, ts
		}
		if p := a.res.Cast.named(capitalise(name)); p >= 0 {
			return p, ts[k:]
		}
	}
	return -1, ts
}

// follow links the turns of each thread and marks where topics close.
func (a *analysis) follow() {
	a.next, a.prev = make([]int, len(a.turns)), make([]int, len(a.turns))
	a.closing = make([]bool, len(a.turns))
	a.chair = a.chairs()
	last := map[string]int{}
	for i := range a.turns {
		a.next[i], a.prev[i] = -1, -1
		if p, ok := last[a.turns[i].Thread]; ok {
			a.prev[i], a.next[p] = p, i
		}
		last[a.turns[i].Thread] = i
	}
	for i := range a.turns {
		n := a.next[i]
		end := n < 0 || a.turns[n].Topic != a.turns[i].Topic || a.turns[i].Topic == "" && a.moves(n)
		if !end {
			continue
		}
		a.closing[i] = true
		for k, j := 0, a.prev[i]; k < 2 && j >= 0 && a.turns[j].Topic == a.turns[i].Topic; k, j = k+1, a.prev[j] {
			a.closing[j] = true
		}
	}
}

// chairs finds who leads through each thread: who most often goes on to the next
// topic or thanks, at least three times and twice as often as anybody else.
func (a *analysis) chairs() map[string]int {
	led := map[string]map[int]int{}
	for i := range a.turns {
		if a.speaker[i] < 0 || !a.moves(i) {
			continue
		}
		t := a.turns[i].Thread
		if led[t] == nil {
			led[t] = map[int]int{}
		}
		led[t][a.speaker[i]]++
	}
	out := map[string]int{}
	for t, counts := range led {
		best, second := -1, 0
		for p, n := range counts {
			switch {
			case best < 0 || n > counts[best] || n == counts[best] && p < best:
				if best >= 0 {
					second = max(second, counts[best])
				}
				best = p
			default:
				second = max(second, n)
			}
		}
		if counts[best] >= 3 && counts[best] >= 2*second {
			out[t] = best
		}
	}
	return out
}

//nolint:gochecknoglobals // an immutable table
var transitions = []string{"next item", "next up", "next topic", "next on", "moving on", "move on", "next agenda", "first item", "last item", "any other business", "next we", "let's go to", "next one", "agenda"}

// moves reports whether a turn goes on to another topic.
func (a *analysis) moves(turn int) bool {
	text := a.turns[turn].Text
	text = strings.ToLower(text[:min(len(text), 200)])
	for _, w := range transitions {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
