package discourse

import "strings"

// cue is one linguistic sign of what a sentence does.
//
// A pattern is words with spaces between: a|b is one of several, <task> one of a
// class, <name> any name, <number> any number, ... up to three words in between, a? a word that may be missing, ^ the beginning of
// the sentence (before it: at most one conjunction or vocative), $ its end.
type cue struct {
	act     Act
	weight  float64 // how sure the act is when only this cue is seen, 0..1
	pattern string
}

type element struct {
	words    map[string]bool
	optional bool
	gap      bool
	name     bool // any name
	number   bool // any number
}

type compiled struct {
	cue
	start bool
	end   bool
	parts []element
}

// matcher finds cues. It is immutable once built.
type matcher struct {
	cues  []compiled
	first map[string][]int
	names []int // cues that begin with a name
}

func compile(cues []cue, classes map[string]map[string]bool) *matcher {
	m := &matcher{first: map[string][]int{}}
	for _, c := range cues {
		p := compiled{cue: c}
		for f := range strings.FieldsSeq(c.pattern) {
			switch f {
			case "^":
				p.start = true
				continue
			case "$":
				p.end = true
				continue
			case "...":
				p.parts = append(p.parts, element{gap: true})
				continue
			}
			e := element{words: map[string]bool{}}
			if strings.HasSuffix(f, "?") && len(f) > 1 {
				e.optional = true
				f = f[:len(f)-1]
			}
			for w := range strings.SplitSeq(f, "|") {
				switch {
				case w == "<name>":
					e.name = true
				case w == "<number>":
					e.number = true
				case strings.HasPrefix(w, "<"):
					for x := range classes[w] {
						e.words[x] = true
					}
				default:
					e.words[w] = true
				}
			}
			p.parts = append(p.parts, e)
		}
		i := len(m.cues)
		m.cues = append(m.cues, p)
		for w := range p.parts[0].words {
			m.first[w] = append(m.first[w], i)
		}
		if p.parts[0].name {
			m.names = append(m.names, i)
		}
	}
	return m
}

// hit is one cue found: tokens [from, to).
type hit struct {
	cue      *compiled
	from, to int
}

// find returns every cue in the sentence.
func (m *matcher) find(ts []token, out []hit) []hit {
	out = out[:0]
	begin := opening(ts)
	for i := range ts {
		for _, k := range m.first[ts[i].word] {
			out = m.try(ts, i, begin, k, out)
		}
		if ts[i].name {
			for _, k := range m.names {
				out = m.try(ts, i, begin, k, out)
			}
		}
	}
	return out
}

func (m *matcher) try(ts []token, i, begin, k int, out []hit) []hit {
	c := &m.cues[k]
	if c.start && i > begin {
		return out
	}
	if to := match(ts, i, c.parts); to > 0 && (!c.end || to == len(ts)) {
		out = append(out, hit{c, i, to})
	}
	return out
}

// opening returns how many tokens may stand before the beginning of what a
// sentence says: conjunctions.
func opening(ts []token) int {
	n := 0
	for n < len(ts) && n < 3 && (conjunctions[ts[n].word] || ts[n].word == ":") {
		n++
	}
	return n
}

//nolint:gochecknoglobals // an immutable table
var conjunctions = set("and but or because cause i think guess mean")

func match(ts []token, i int, parts []element) int {
	for n, e := range parts {
		if e.gap {
			for skip := 0; skip <= 3 && i+skip <= len(ts); skip++ {
				if to := match(ts, i+skip, parts[n+1:]); to > 0 {
					return to
				}
			}
			return 0
		}
		ok := i < len(ts) && (e.words[ts[i].word] || e.name && ts[i].name || e.number && isNumber(ts[i].word))
		if e.optional {
			if ok {
				if to := match(ts, i+1, parts[n+1:]); to > 0 {
					return to
				}
			}
			continue
		}
		if !ok {
			return 0
		}
		i++
	}
	if i == 0 {
		return 0
	}
	return i
}
