package textmine

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"testing"
)

const feedbackDir = "../../../shared/data/feedback"

// labelled is a set of texts with the labels people gave them. Labels score a grouping; they never decide one.
type labelled struct {
	docs   []Doc
	labels []int
	kinds  int
}

// load reads name.csv and name.labels.csv, matched by id.
func load(tb testing.TB, name string) labelled {
	tb.Helper()
	path := filepath.Join(feedbackDir, name)
	if _, err := os.Stat(path + ".csv"); err != nil {
		tb.Skipf("SKIPPED, NOT TESTED: no labelled texts at %s.csv", path)
	}
	label := map[string]string{}
	for _, rec := range records(tb, path+".labels.csv") {
		label[rec[0]] = rec[1]
	}
	kinds := map[string]int{}
	var l labelled
	for _, rec := range records(tb, path+".csv") {
		name, ok := label[rec[0]]
		if !ok {
			tb.Fatalf("%s: no label for %s", path, rec[0])
		}
		if _, ok := kinds[name]; !ok {
			kinds[name] = len(kinds)
		}
		l.docs = append(l.docs, Doc{Text: rec[1]})
		l.labels = append(l.labels, kinds[name])
	}
	l.kinds = len(kinds)
	return l
}

func records(tb testing.TB, path string) [][]string {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return all[1:]
}

// score holds how well a grouping agrees with labels: normalised mutual information (arithmetic mean) and the adjusted
// Rand index. All texts outside every theme count as one group.
type score struct {
	nmi, ari   float64
	found      int
	unassigned float64
}

func scoreOf(labels, group []int) score {
	n := float64(len(labels))
	a, b, ab := map[int]float64{}, map[int]float64{}, map[[2]int]float64{}
	var s score
	for i, l := range labels {
		a[l]++
		b[group[i]]++
		ab[[2]int{l, group[i]}]++
	}
	s.found, s.unassigned = len(b), b[-1]/n
	if b[-1] > 0 {
		s.found--
	}
	entropy := func(m map[int]float64) (h, pairs float64) {
		for _, c := range m {
			h -= c / n * math.Log(c/n)
			pairs += c * (c - 1) / 2
		}
		return
	}
	ha, pa := entropy(a)
	hb, pb := entropy(b)
	mutual, pairs := 0.0, 0.0
	for k, c := range ab {
		mutual += c / n * math.Log(c*n/a[k[0]]/b[k[1]])
		pairs += c * (c - 1) / 2
	}
	if ha+hb > 0 {
		s.nmi = 2 * mutual / (ha + hb)
	}
	expected := pa * pb / (n * (n - 1) / 2)
	s.ari = (pairs - expected) / ((pa+pb)/2 - expected)
	return s
}

func TestScoreOfKnownGroupings(t *testing.T) {
	labels := []int{0, 0, 0, 1, 1, 1}
	if s := scoreOf(labels, []int{5, 5, 5, 2, 2, 2}); math.Abs(s.nmi-1) > 1e-12 || math.Abs(s.ari-1) > 1e-12 || s.found != 2 {
		t.Errorf("the same grouping under other names scores %+v", s)
	}
	// Contingency [[2 1] [1 2]]: pairs 2, expected 6·6/15, mean 6.
	if s := scoreOf(labels, []int{0, 0, 1, 0, 1, 1}); math.Abs(s.ari-(2-2.4)/(6-2.4)) > 1e-12 || math.Abs(s.nmi-0.0817) > 1e-4 {
		t.Errorf("a mixed grouping scores %+v", s)
	}
}
