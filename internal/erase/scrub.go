package erase

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Run is how many words in a row have to be the record's for them to be its words:
// four are a quote (evidence.MinQuoteWords), and people share three by chance.
const Run = 4

// Scrub takes words out of texts. It is built once and then read only.
type Scrub struct {
	notice string
	seed   maphash.Seed
	runs   map[uint64]bool     // hashes of Run words in a row
	whole  []string            // texts of fewer words, folded
	names  []string            // that stand alone wherever they stand, folded
	texts  map[string][]string // record id to what records of that id said
}

// New returns a scrub that leaves notice in place of what it takes out.
func New(notice string) *Scrub {
	return &Scrub{notice: notice, seed: maphash.MakeSeed(), runs: map[uint64]bool{}, texts: map[string][]string{}}
}

// Name adds a name or an address: it goes wherever it stands alone, whatever its
// case. Fewer than three characters are too few to look for.
func (s *Scrub) Name(name string) {
	if name = strings.TrimSpace(name); utf8.RuneCountInString(name) < 3 {
		return
	}
	for _, form := range escaped(name) {
		if form = strings.ToLower(form); !slices.Contains(s.names, form) {
			s.names = append(s.names, form)
		}
	}
}

// escaped returns the text, and as it stands in JSON that is itself part of a text,
// such as a model's answer or a line of a file: \n and \u00e9 make other words there.
func escaped(text string) []string {
	out := []string{text}
	add := func(form string) {
		if form = form[1 : len(form)-1]; !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	plain := string(encoded(text))
	add(plain)
	add(string(encoded(plain[1 : len(plain)-1]))) // JSON in JSON
	add(strconv.QuoteToASCII(text))
	return out
}

// Record adds what a record said, in every form in which it was kept.
func (s *Scrub) Record(id string, forms ...string) {
	for _, text := range forms {
		s.texts[id] = append(s.texts[id], text)
		for _, form := range escaped(strings.TrimSpace(text)) {
			s.form(form)
		}
	}
}

func (s *Scrub) form(text string) {
	words := s.words(text)
	for i := Run; i <= len(words); i++ {
		s.runs[s.hash(words[i-Run:i])] = true
	}
	if t := strings.ToLower(text); len(words) > 1 && len(words) < Run && len(t) >= 10 && !slices.Contains(s.whole, t) {
		s.whole = append(s.whole, t)
	}
}

// word is a word of a text: where it stands, and its hash without case.
type word struct {
	start, end int
	hash       uint64
}

func (s *Scrub) words(text string) []word {
	var out []word
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == '&' {
			n = entity(text[i:]) // of HTML, as Markdown has them too
		}
		if !wordly(r) {
			i += n
			continue
		}
		start := i
		for i < len(text) {
			if r, n = utf8.DecodeRuneInString(text[i:]); !wordly(r) {
				break
			}
			if i += n; unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
				break // a word of its own, as evidence counts them
			}
		}
		out = append(out, word{start, i, maphash.String(s.seed, strings.ToLower(text[start:i]))})
	}
	return out
}

// entity returns the length of the HTML entity that text begins with, 1 for none.
func entity(text string) int {
	end := strings.IndexByte(text[:min(len(text), 10)], ';')
	if end < 2 || strings.ContainsFunc(text[1:end], func(r rune) bool { return r != '#' && (r > unicode.MaxASCII || !wordly(r)) }) {
		return 1
	}
	return end + 1
}

func wordly(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

func (s *Scrub) hash(words []word) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, w := range words {
		maphash.WriteComparable(&h, w.hash)
	}
	return h.Sum64()
}

// Text returns the text with the notice in place of each passage that is one of the
// records', and how many there were.
func (s *Scrub) Text(text string) (string, int) {
	type span struct{ start, end int }
	var out []span
	words := s.words(text)
	for i := 0; i+Run <= len(words); i++ {
		if !s.runs[s.hash(words[i:i+Run])] {
			continue
		}
		if n := len(out); n > 0 && words[i].start <= out[n-1].end {
			out[n-1].end = words[i+Run-1].end
		} else {
			out = append(out, span{words[i].start, words[i+Run-1].end})
		}
	}
	low, at := folded(text)
	for _, name := range slices.Concat(s.names, s.whole) {
		for from := 0; ; {
			i := strings.Index(low[from:], name)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(name)
			before, _ := utf8.DecodeLastRuneInString(low[:start])
			after, _ := utf8.DecodeRuneInString(low[end:])
			if !wordly(before) && !wordly(after) {
				out = append(out, span{at(start), at(end)})
			}
			from = end
		}
	}
	if len(out) == 0 {
		return text, 0
	}
	slices.SortFunc(out, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	done, n := 0, 0
	for _, p := range out {
		if p.start < done { // it overlaps the one before
			done = max(done, p.end)
			continue
		}
		b.WriteString(text[done:p.start])
		b.WriteString(s.notice)
		done, n = p.end, n+1
	}
	b.WriteString(text[done:])
	return b.String(), n
}

// folded returns the text in lower case, and where a place in that stands in the
// text: case changes the length of some letters.
func folded(text string) (low string, at func(int) int) {
	if low = strings.ToLower(text); len(low) == len(text) {
		return low, func(i int) int { return i }
	}
	places := make([]int, 0, len(low)+1)
	for i, r := range text {
		for range utf8.RuneLen(unicode.ToLower(r)) {
			places = append(places, i)
		}
	}
	places = append(places, len(text))
	return low, func(i int) int { return places[i] }
}

// Bytes is Text for what may be JSON: there it looks into the values, quotes of the
// records become quotes of the notice, and other records' quotes stay.
func (s *Scrub) Bytes(data []byte) ([]byte, int) {
	v, ok := decoded(data)
	if !ok {
		if !utf8.Valid(data) {
			return data, 0 // no text
		}
		text, n := s.Text(string(data))
		return []byte(text), n
	}
	v, n := s.value(v)
	if n == 0 {
		return data, 0
	}
	return encoded(v), n
}

// decoded is one JSON object or array; anything else is a text.
func decoded(data []byte) (any, bool) {
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) == 0 || t[0] != '{' && t[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, errors.Is(err, io.EOF)
}

func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // it was decoded from JSON
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (s *Scrub) value(v any) (any, int) {
	n := 0
	switch v := v.(type) {
	case string:
		return s.text(v)
	case []any:
		for i := range v {
			x, k := s.value(v[i])
			v[i], n = x, n+k
		}
	case map[string]any:
		skip := ""
		if text, ours, quote := s.quoted(v); ours {
			v["text"], v["start"], v["end"] = s.notice, json.Number("0"), number(len(s.notice))
			skip, n = "text", 1
		} else if quote && !s.named(text) {
			skip = "text"
		}
		for k, x := range v {
			if k == skip {
				continue
			}
			x, found := s.value(x)
			v[k], n = x, n+found
		}
		for _, k := range slices.Collect(maps.Keys(v)) { // a name may be one
			if clean, found := s.Text(k); found > 0 {
				v[clean], n = v[k], n+found
				delete(v, k)
			}
		}
	}
	return v, n
}

// text is Text for a value, which may be bytes as JSON keeps them.
func (s *Scrub) text(v string) (any, int) {
	if raw, err := base64.StdEncoding.DecodeString(v); err == nil && len(v) >= 16 && utf8.Valid(raw) {
		if clean, n := s.Bytes(raw); n > 0 {
			return base64.StdEncoding.EncodeToString(clean), n
		}
	}
	return s.Text(v)
}

// quoted reports whether an object is a quote, what it says, and whether it is one
// of the records'.
func (s *Scrub) quoted(v map[string]any) (text string, ours, quote bool) {
	id, a := v["record_id"].(string)
	text, b := v["text"].(string)
	start, c := v["start"].(json.Number)
	end, d := v["end"].(json.Number)
	if !a || !b || !c || !d {
		return "", false, false
	}
	from, err1 := start.Int64()
	to, err2 := end.Int64()
	if err1 != nil || err2 != nil {
		return text, false, true
	}
	for _, said := range s.texts[id] {
		if from >= 0 && from < to && to <= int64(len(said)) && said[from:to] == text {
			return text, true, true
		}
	}
	return text, false, true
}

// named reports whether a text holds one of the names.
func (s *Scrub) named(text string) bool {
	low := strings.ToLower(text)
	return slices.ContainsFunc(s.names, func(n string) bool { return strings.Contains(low, n) })
}

func number(n int) json.Number {
	b, _ := json.Marshal(n) // a number has a form
	return json.Number(b)
}
