package discourse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// token is one word of a sentence in lower case, or "?" or ":"; contractions are
// taken apart ("we'll" is "we" and "will"), fillers are left out.
type token struct {
	word       string
	start, end int  // bytes in the turn's text
	name       bool // written with a capital, a digit or all capitals
}

//nolint:gochecknoglobals // an immutable table
var contractions = map[string][2]string{
	"i'm": {"i", "am"}, "can't": {"can", "not"}, "cannot": {"can", "not"}, "won't": {"will", "not"}, "let's": {"let", "us"}, "lets": {"let", "us"},
	"gonna": {"going", "to"}, "wanna": {"want", "to"}, "gotta": {"have", "to"}, "it's": {"it", "is"}, "that's": {"that", "is"},
	"there's": {"there", "is"}, "what's": {"what", "is"}, "who's": {"who", "is"}, "he's": {"he", "is"}, "she's": {"she", "is"},
	"how's": {"how", "is"}, "where's": {"where", "is"}, "here's": {"here", "is"},
}

//nolint:gochecknoglobals // an immutable table
var endings = map[string]string{"'ll": "will", "'re": "are", "'ve": "have", "'d": "would", "'m": "am", "n't": "not"}

//nolint:gochecknoglobals // an immutable table
var fillers = set("um uh uhm hmm mm mmm mhm er erm ah oh hm like so well okay ok yeah yes right alright actually basically kinda 'kay kay maybe perhaps just also probably really then therefore")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// tokens returns the words of text[from:to].
func tokens(text string, from, to int, out []token) []token {
	out = out[:0]
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(text[i:to])
		switch {
		case r == '{': // {vocalsound}: a note of the transcriber
			if j := strings.IndexByte(text[i:to], '}'); j > 0 && j < 24 {
				i += j + 1
				continue
			}
			i += n
		case r == '(' && i > from && text[i-1] == ']': // target of a Markdown link
			if j := strings.IndexByte(text[i:to], ')'); j > 0 {
				i += j + 1
				continue
			}
			i += n
		case r == '?':
			out = append(out, token{word: "?", start: i, end: i + n})
			i += n
		case r == ':' && (i+n >= to || text[i+n] == ' ' || text[i+n] == '*'):
			out = append(out, token{word: ":", start: i, end: i + n})
			i += n
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’':
			j := i + n
			for j < to {
				q, m := utf8.DecodeRuneInString(text[j:to])
				joins := (q == '\'' || q == '’' || q == '-' || q == '_' || q == '.' && unicode.IsDigit(r)) && j+m < to && wordByte(text[j+m:to])
				if !unicode.IsLetter(q) && !unicode.IsDigit(q) && !unicode.IsMark(q) && !joins {
					break
				}
				j += m
			}
			if strings.HasPrefix(text[i:to], "http") && strings.HasPrefix(text[j:to], "://") {
				for j < to && text[j] != ' ' && text[j] != ')' && text[j] != '\n' {
					j++
				}
				i = j
				continue
			}
			out = appendWord(out, text[i:j], i, j, unicode.IsUpper(r) || unicode.IsDigit(r))
			i = j
		default:
			i += n
		}
	}
	return out
}

func wordByte(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func appendWord(out []token, raw string, from, to int, name bool) []token {
	w := strings.ToLower(strings.ReplaceAll(raw, "’", "'"))
	switch w {
	case "'s": // "let 's", "that 's" as some transcribers write
		if len(out) > 0 && out[len(out)-1].word == "let" {
			return append(out, token{word: "us", start: from, end: to})
		}
		return append(out, token{word: "is", start: from, end: to})
	case "'": // a quotation mark
		return out
	}
	if e, ok := endings[w]; ok {
		return append(out, token{word: e, start: from, end: to})
	}
	if two, ok := contractions[w]; ok {
		return append(out, token{word: two[0], start: from, end: to, name: name && two[0] != "i"}, token{word: two[1], start: from, end: to})
	}
	if i := strings.LastIndexByte(w, '\''); i > 0 {
		if e, ok := endings[w[i:]]; ok {
			return append(out, token{word: w[:i], start: from, end: to}, token{word: e, start: from, end: to})
		}
		if strings.HasSuffix(w, "n't") {
			return append(out, token{word: strings.TrimSuffix(w, "n't"), start: from, end: to}, token{word: "not", start: from, end: to})
		}
		if w[i:] == "'s" {
			w = w[:i]
		}
	}
	w = strings.Trim(w, "'-")
	if w == "" || fillers[w] {
		return out
	}
	return append(out, token{word: w, start: from, end: to, name: name && w != "i" && !stopped[w]})
}

// stopped are words that say nothing about the object of a sentence.
//
//nolint:gochecknoglobals // an immutable table
var stopped = set(`a about above actual actually after again against agree agreed ago all almost already alright also although always am an and another any anybody anyone anything anyway are area around as ask asked at away back bad be because been before being below best better between big bit both but by call came can case certainly clear clearly come comes could course day days definitely did different discuss discussed discussion do does doing done down each easy either else end enough especially etc even ever every everybody everyone everything exactly fact fairly far feel few fine first five for forward four from further gave get gets getting give given go goes going gone good got great guess guy guys had happen happens happy has have having he hear hello help her here hey him his hope how however i idea if important in indeed instead interesting into is issue it its itself just keep kind kinds know last later least less let like line little long look looking looks lot lots made main make makes making many matter may maybe me mean means meeting might mind minute minutes moment more most much must my name need needed needs never new next nice no nobody none nor not note nothing now number of off often oh ok okay old on once one ones only onto open opinion or other others otherwise our out over own part particular people perhaps person place please plus point points possible possibly pretty probably problem put question questions quick quickly quite rather ready really reason right said same saw say saying says second see seem seems seen sense shall she should show side similar simple simply since small so some somebody someone something sometimes somewhere soon sorry sort sound sounds speak start started still stuff such suppose sure take taken taking talk talked talking tell than thank thanks that the their them themselves then there therefore these they thing things think thinking third this those though thought three through time times to today together told too took totally toward true try trying turn two um under understand until up update updates upon us use used using usually very via wait want wanted wants was way ways we week weeks well went were what whatever when where whether which while who whole whom whose why will with within without wonder word words work would wrong yeah year yes yesterday yet you your yourself us're mr mrs ms hon sir madam chair minister speaker suggest suggested suggests propose proposed propos mention mentioned decide decided decid concern concerned worry worried worri confirm confirmed advise advised advis honest early obvious obviously obvious agree completely complet exactly exact`)

// lexicon gives every content word's stem a number. It is not safe for concurrent use.
type lexicon struct {
	ids   map[string]int32 // surface -> stem, -1 for a word without content
	stems map[string]int32
	named []string // a surface form of each stem
	df    []int32  // sentences that hold it
}

func newLexicon() *lexicon { return &lexicon{ids: map[string]int32{}, stems: map[string]int32{}} }

func (l *lexicon) id(w string) int32 {
	if id, ok := l.ids[w]; ok {
		return id
	}
	id := int32(-1)
	if len(w) > 1 && !stopped[w] || isNumber(w) && len(w) > 2 {
		s := w
		if !isNumber(w) {
			s = english.Stem(w, false)
		}
		if n, ok := l.stems[s]; ok {
			id = n
		} else if !stopped[s] {
			id = int32(len(l.named))
			l.stems[s] = id
			l.named = append(l.named, w)
			l.df = append(l.df, 0)
		}
	}
	l.ids[strings.Clone(w)] = id
	return id
}

func isNumber(w string) bool {
	digits := 0
	for _, r := range w {
		if unicode.IsDigit(r) {
			digits++
		} else if r != '.' && r != ',' {
			return false
		}
	}
	return digits > 0
}

// content returns the stems of the tokens, each once, in order of appearance.
func (l *lexicon) content(ts []token) []int32 {
	var out []int32
	for _, t := range ts {
		for part := range strings.SplitSeq(t.word, "-") {
			if id := l.id(part); id >= 0 && !has(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

func has(list []int32, x int32) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}
