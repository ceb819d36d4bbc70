package stakeholdersynthesizer_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/kljensen/snowball/english"

	"roleos/internal/artefact/landscape"
	"roleos/internal/evidence"
)

// noted is one decision or action as a person who was there wrote it down.
type noted struct {
	Meeting int    `json:"meeting"`
	Line    int    `json:"line"` // in the unabridged notes
	Kind    string `json:"kind"`
	Ref     string `json:"ref"`
	Text    string `json:"text"`
	Carried bool   `json:"carried_over"`
	Turn    *int   `json:"turn"` // number of speaker turns before it

	anchor int // position of the record before it; -1 when not known
}

// readNoted returns the distinct decisions and actions of a meeting, each at its last place.
func readNoted(t testing.TB, file string, meeting int) []noted {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []noted
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l noted
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		l.anchor = -1
		if l.Meeting != meeting || l.Carried {
			continue
		}
		same := func(o noted) bool {
			x, y := stems(o.Text), stems(l.Text)
			return o.Kind == l.Kind && float64(common(x, y)) >= .9*float64(min(len(x), len(y)))
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Line = max(out[i].Line, l.Line)
			continue
		}
		out = append(out, l)
	}
	return out
}

// anchor gives each note the record in front of it.
func anchor(ls []noted, original, input string, records []evidence.Record) {
	var spoken []int
	for i := range records {
		if records[i].Origin.Speaker != "" {
			spoken = append(spoken, i)
		}
	}
	orig, in := strings.Split(original, "\n"), strings.Split(input, "\n")
	at := make([]int, len(in)+1) // line of input -> line of original
	j := 0
	for i, line := range in {
		for k := j; strings.TrimSpace(line) != "" && k < len(orig); k++ {
			if strings.TrimSpace(orig[k]) == strings.TrimSpace(line) {
				j = k + 1
				break
			}
		}
		at[i+1] = j
	}
	for i := range ls {
		switch {
		case ls[i].Turn != nil:
			ls[i].anchor = spoken[min(*ls[i].Turn, len(spoken))-1]
		default:
			for k := range records {
				if line := records[k].Origin.Line; at[line] > 0 && at[line] < ls[i].Line {
					ls[i].anchor = k
				}
			}
		}
	}
}

//nolint:gochecknoglobals // an immutable table
var empty = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a about all an and any are as at be been but by can could did do for from get go had has have he her him his how i if in into is it its
		just let like made make may me meeting more my need needs no not now of on one or our out she should so some that the their them then there these they this to
		up us was we were what when where which who why will with would you your https http com org www github`) {
		m[w] = true
	}
	return m
}()

// stems returns the content words of a text, each once.
func stems(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) < 2 || empty[w] {
			continue
		}
		if w = english.Stem(w, false); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func common(a, b []string) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// tally counts one set. Right and Found are equal: pairs are one to one.
type tally struct{ reported, right, kind, gold, placed, known int }

func (c *tally) add(o tally) {
	c.reported += o.reported
	c.right += o.right
	c.kind += o.kind
	c.gold += o.gold
	c.placed += o.placed
	c.known += o.known
}

func (c tally) scores() (p, r, f float64) {
	p, r = float64(c.right)/float64(max(c.reported, 1)), float64(c.right)/float64(max(c.gold, 1))
	if p+r > 0 {
		f = 2 * p * r / (p + r)
	}
	return p, r, f
}

func (c tally) String() string {
	p, r, f := c.scores()
	return fmt.Sprintf("reported %3d  noted %3d  right %3d  P %.2f  R %.2f  F1 %.2f  same kind %d  right turn %d of %d", c.reported, c.gold, c.right, p, r, f, c.kind, c.placed, c.known)
}

const (
	before = 8  // records in front of a note that it may sum up
	after  = 12 // records behind a note that carries a time of the recording: it was set where the discussion begins
)

// score pairs reported decisions and actions with those noted, greedily, one to
// one, best first. The notes are a summary in other words, so a pair counts when
//   - the statement, read with its heading and speaker, holds two fifths of the note's content words; or
//   - the note's place is known, the statement stands within the window around it, and it holds two of the
//     words, or one of its own under the same heading; or
//   - the place is not known, and it holds two words and a quarter of them.
func score(l landscape.StakeholderLandscape, records []evidence.Record, ls []noted, show bool) tally {
	place := map[string]int{}
	for i := range records {
		place[records[i].ID] = i
	}
	type pair struct {
		s, l int
		v    float64
	}
	var said []landscape.Statement
	for _, s := range l.Statements {
		if s.Kind == landscape.Decision || s.Kind == landscape.Action {
			said = append(said, s)
		}
	}
	within := func(i int, n noted) bool {
		behind := 1
		if n.Turn != nil {
			behind = after
		}
		return n.anchor >= 0 && i <= n.anchor+behind && i > n.anchor-before
	}
	var pairs []pair
	for k, s := range said {
		own, full := stems(s.Text), stems(s.Text+" "+s.Topic+" "+records[place[s.RecordID]].Origin.Speaker)
		for n, note := range ls {
			want := stems(note.Text)
			x, y := common(want, own), common(want, full)
			share := float64(y) / float64(max(len(want), 1))
			at := place[s.RecordID]
			near := within(at, note)
			ok := share >= .4 && x >= 2
			switch {
			case note.anchor < 0:
				ok = ok || x >= 2 && share >= .25
			case near:
				ok = ok || x >= 1 && y >= 2 || x >= 1 && records[at].Origin.Heading == records[note.anchor].Origin.Heading
			}
			if ok {
				if near {
					share += .3
				}
				if s.Kind == note.Kind {
					share += .2 // of two notes that fit, the one of the same kind
				}
				pairs = append(pairs, pair{k, n, share})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.v, a.v) })
	took, gave := map[int]int{}, map[int]bool{}
	c := tally{reported: len(said), gold: len(ls)}
	for _, p := range pairs {
		if _, ok := took[p.s]; ok || gave[p.l] {
			continue
		}
		took[p.s], gave[p.l] = p.l, true
		c.right++
		if said[p.s].Kind == ls[p.l].Kind {
			c.kind++
		}
		if ls[p.l].anchor >= 0 {
			c.known++
			if within(place[said[p.s].RecordID], ls[p.l]) {
				c.placed++
			}
		}
	}
	if show {
		for k, s := range said {
			mark := "-"
			if n, ok := took[k]; ok {
				mark = ls[n].Kind[:1] + ls[n].Ref
			}
			fmt.Printf("%-8s %-8s %.2f [%s] %s %q <%s>\n", mark, s.Kind, s.Score, s.Cue, s.RecordID[strings.LastIndex(s.RecordID, "#")+1:], s.Text, s.Topic)
		}
		for n, note := range ls {
			if !gave[n] {
				at := "?"
				if note.anchor >= 0 {
					at = records[note.anchor].ID
				}
				fmt.Printf("   missed %s %s after %s %q\n", note.Kind, note.Ref, at[strings.LastIndex(at, "#")+1:], note.Text)
			}
		}
	}
	return c
}
