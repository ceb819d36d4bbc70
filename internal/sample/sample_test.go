package sample_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"roleos/internal/sample"
)

const (
	colID = iota
	colTime
	colChannel
	colPlan
	colRegion
	colNPS
	colQuery
)

func rows(t *testing.T) [][]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(sample.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := "ticket_id created_at channel plan region nps query"
	if got := strings.Join(all[0], " "); got != want {
		t.Fatalf("header = %q, want %q", got, want)
	}
	return all[1:]
}

func labels(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "harbour-sample.labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range all[1:] {
		out[r[0]] = r[1]
	}
	return out
}

func TestNameSaysThatItIsASample(t *testing.T) {
	if !strings.Contains(sample.Name, "sample") {
		t.Errorf("Name = %q, want a name that says it is a sample", sample.Name)
	}
}

func TestCSVReturnsACopy(t *testing.T) {
	sample.CSV()[0] = 'X'
	if sample.CSV()[0] == 'X' {
		t.Error("a caller changed the sample for everybody else")
	}
}

func TestEveryRowHoldsWhatItsColumnPromises(t *testing.T) {
	all := rows(t)
	if len(all) != 168 {
		t.Fatalf("%d queries, want 168", len(all))
	}
	allowed := map[int][]string{
		colChannel: {"email", "chat", "in-app", "sales call"},
		colPlan:    {"free", "team", "enterprise"},
		colRegion:  {"EU", "US", "APAC"},
	}
	from, to := time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC)
	perPeriod := make([]int, 6)
	for _, r := range all {
		at, err := time.Parse(time.RFC3339, r[colTime])
		if err != nil || at.Before(from) || !at.Before(to) {
			t.Fatalf("%s: time %q is not within the twelve weeks", r[colID], r[colTime])
		}
		perPeriod[int(at.Sub(from).Hours())/(24*14)]++
		for col, values := range allowed {
			if !slices.Contains(values, r[col]) {
				t.Errorf("%s: column %d holds %q, want one of %q", r[colID], col, r[col], values)
			}
		}
		if n, err := strconv.Atoi(r[colNPS]); r[colNPS] != "" && (err != nil || n < 0 || n > 10) {
			t.Errorf("%s: nps %q, want 0 to 10 or nothing", r[colID], r[colNPS])
		}
	}
	if least := slices.Min(perPeriod); least < 20 {
		t.Errorf("queries per two weeks: %v; fewer than 20 are too few for a trend", perPeriod)
	}
}

func TestTheSampleShowsWhatAnalysisHasToCopeWith(t *testing.T) {
	ids, texts := map[string]int{}, map[string]int{}
	for _, r := range rows(t) {
		ids[r[colID]]++
		texts[r[colQuery]]++
	}
	if got := texts[""]; got != 1 {
		t.Errorf("%d empty queries, want 1", got)
	}
	twice := func(m map[string]int) (n int) {
		for _, c := range m {
			if c == 2 {
				n++
			}
		}
		return n
	}
	if got := twice(texts); got != 3 {
		t.Errorf("%d queries sent twice, want 3", got)
	}
	if got := twice(ids); got != 1 {
		t.Errorf("%d ticket numbers used twice, want 1", got)
	}
}

func TestAddressesAndNumbersAreReservedOnes(t *testing.T) {
	text := string(sample.CSV())
	mails := regexp.MustCompile(`[\w.+-]+@([\w.-]+\w)`).FindAllStringSubmatch(text, -1)
	if len(mails) < 2 {
		t.Errorf("%d addresses, want a few so that masking shows", len(mails))
	}
	for _, m := range mails {
		if m[1] != "example.com" {
			t.Errorf("address %q is not a reserved one", m[0])
		}
	}
	phones := regexp.MustCompile(`\+1[ ()\d-]{9,}\d`).FindAllString(text, -1)
	if len(phones) < 2 {
		t.Errorf("%d phone numbers, want a few so that masking shows", len(phones))
	}
	for _, p := range phones {
		if !regexp.MustCompile(`555[ -]01\d\d$`).MatchString(p) {
			t.Errorf("phone number %q is not a reserved one", p)
		}
	}
}

// The stories that the README promises are in the labels, so that an analysis
// that misses them is at fault and not the sample.
func TestLabelsTellTheStoriesOfTheReadme(t *testing.T) {
	want := labels(t)
	type tally struct{ all, first, last, enterprise, free int }
	themes := map[string]*tally{}
	seen := map[string]bool{}
	early, late := "2026-08-10", "2026-09-14"
	for _, r := range rows(t) {
		id := r[colID]
		if seen[id] {
			id += "#2"
		}
		seen[id] = true
		label, ok := want[id]
		if !ok {
			t.Fatalf("%s has no label", id)
		}
		delete(want, id)
		if themes[label] == nil {
			themes[label] = &tally{}
		}
		c := themes[label]
		c.all++
		if r[colTime] < early {
			c.first++
		}
		if r[colTime] >= late {
			c.last++
		}
		switch r[colPlan] {
		case "enterprise":
			c.enterprise++
		case "free":
			c.free++
		}
	}
	if len(want) > 0 {
		t.Errorf("labels without a query: %v", want)
	}
	if n := len(themes) - 2; n != 15 {
		t.Errorf("%d themes beside none and empty, want 15", n)
	}
	if c := themes["schema"]; c.last < c.all-1 {
		t.Errorf("schema: %+v, want all but one in the last two weeks", *c)
	}
	if c := themes["csvimport"]; c.first < c.all-1 {
		t.Errorf("csvimport: %+v, want all but one in the first five weeks", *c)
	}
	if c := themes["sso"]; c.enterprise*10 < c.all*8 {
		t.Errorf("sso: %+v, want most of it from the enterprise plan", *c)
	}
	if c := themes["docs"]; c.free*10 < c.all*8 {
		t.Errorf("docs: %+v, want most of it from the free plan", *c)
	}
	if c := themes["none"]; c.all < 4 || c.all > 6 {
		t.Errorf("%d queries fit nowhere, want about five", c.all)
	}
}
