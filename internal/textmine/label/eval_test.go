package label_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kljensen/snowball/english"

	"roleos/internal/textmine"
	"roleos/internal/textmine/label"
)

// dataDir holds real labelled messages beside the project; their labels only score.
const dataDir = "../../../../shared/data/feedback"

// sample is one labelled file.
type sample struct {
	texts  []label.Text
	labels []string
}

func loadSample(t testing.TB, name string) sample {
	t.Helper()
	byID := map[string]string{}
	for _, r := range readCSV(t, name+".labels.csv")[1:] {
		byID[r[0]] = r[1]
	}
	var s sample
	for i, r := range readCSV(t, name+".csv")[1:] {
		s.texts = append(s.texts, label.Text{Doc: i, End: len(r[1]), Text: r[1]})
		s.labels = append(s.labels, byID[r[0]])
	}
	return s
}

func readCSV(t testing.TB, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dataDir, filepath.FromSlash(name)))
	if err != nil {
		t.Skipf("SKIPPED: the labelled files are not beside the project: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// samples returns the ten samples of 315 rows from one source.
func samples(t testing.TB, source string) []sample {
	t.Helper()
	var out []sample
	for i := range 10 {
		out = append(out, loadSample(t, "samples_315/"+source+"_"+strconv.Itoa(i)))
	}
	return out
}

// analyze groups the texts of s.
func analyze(t testing.TB, s sample) *textmine.Result {
	t.Helper()
	docs := make([]textmine.Doc, len(s.texts))
	for i, x := range s.texts {
		docs[i] = textmine.Doc{Text: x.Text}
	}
	r, err := textmine.Analyze(t.Context(), docs, textmine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// enumerate turns names into 0..k-1 in the order they appear.
func enumerate(names []string) (ids []int, k int) {
	seen := map[string]int{}
	for _, n := range names {
		id, ok := seen[n]
		if !ok {
			id = len(seen)
			seen[n] = id
		}
		ids = append(ids, id)
	}
	return ids, len(seen)
}

// labelStems are the stems of the words of a true label that carry meaning.
func labelStems(name string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch w {
		case "a", "an", "and", "or", "by", "for", "from", "in", "into", "my", "not", "of", "on", "the", "to", "via", "why", "get", "getting", "with":
		default:
			out[english.Stem(w, true)] = true
		}
	}
	return out
}

// majority returns the most frequent label among the rows, and its count.
func majority(rows []int, labels []string) (string, int) {
	count := map[string]int{}
	for _, i := range rows {
		count[labels[i]]++
	}
	name, most := "", 0
	for l, n := range count {
		if n > most || n == most && l < name {
			name, most = l, n
		}
	}
	return name, most
}

// agreement scores phrases against the true label of most rows of each theme,
// weighted by rows: how often the first phrase, and any phrase, shares a stem with it.
type agreement struct{ first, any, rows float64 }

func (a *agreement) add(ps [][]label.Phrase, theme []int, labels []string) {
	members := make([][]int, len(ps))
	for i, c := range theme {
		if c >= 0 {
			members[c] = append(members[c], i)
		}
	}
	for c, rows := range members {
		if len(rows) < 3 {
			continue
		}
		name, _ := majority(rows, labels)
		want := labelStems(name)
		shares := func(p label.Phrase) bool {
			return slices.ContainsFunc(strings.Fields(p.Key), func(w string) bool { return want[w] })
		}
		n := float64(len(rows))
		a.rows += n
		if len(ps[c]) > 0 && shares(ps[c][0]) {
			a.first += n
		}
		if slices.ContainsFunc(ps[c], shares) {
			a.any += n
		}
	}
}

// TestPhrasesAgreeWithPeople compares labels with the names that people gave the
// same groups. Half of one source's names share no word with its texts ("quirky",
// "factoid"), hence its lower bound.
func TestPhrasesAgreeWithPeople(t *testing.T) {
	for _, tt := range []struct {
		source           string
		given, found     float64 // least share of rows whose first phrase agrees, with the true and with the found groups
		givenAny, anyone float64 // the same of any phrase
	}{
		{"banking77", 0.90, 0.80, 0.96, 0.88},
		{"hwu64", 0.47, 0.43, 0.58, 0.48},
	} {
		var given, found agreement
		for _, s := range samples(t, tt.source) {
			ids, k := enumerate(s.labels)
			given.add(label.Phrases(s.texts, ids, k), ids, s.labels)
			r := analyze(t, s)
			found.add(label.Phrases(s.texts, r.Theme, len(r.Themes)), r.Theme, s.labels)
		}
		for _, c := range []struct {
			what       string
			got, least float64
		}{
			{"first phrase, true groups", given.first / given.rows, tt.given},
			{"any phrase, true groups", given.any / given.rows, tt.givenAny},
			{"first phrase, found groups", found.first / found.rows, tt.found},
			{"any phrase, found groups", found.any / found.rows, tt.anyone},
		} {
			t.Logf("%s: %s: %.3f of rows", tt.source, c.what, c.got)
			if c.got < c.least {
				t.Errorf("%s: %s agrees for %.3f of rows, want %.2f", tt.source, c.what, c.got, c.least)
			}
		}
	}
}
