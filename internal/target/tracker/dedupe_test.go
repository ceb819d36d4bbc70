package tracker

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type wording struct {
	Title  string   `json:"title"`
	Quotes []string `json:"quotes"`
}

// aggregated is the ticket that a feedback aggregator makes of a wording.
func (w wording) aggregated() Ticket {
	return Ticket{Title: w.Title, Body: "Customers say:\n\n> " + strings.Join(w.Quotes, "\n\n> "), Labels: []string{"feedback"}}
}

func wordings(t testing.TB) [][]wording {
	t.Helper()
	raw, err := os.ReadFile("testdata/rewordings.json")
	if err != nil {
		t.Fatal(err)
	}
	var issues []struct {
		Issue    string    `json:"issue"`
		Wordings []wording `json:"wordings"`
	}
	if err := json.Unmarshal(raw, &issues); err != nil {
		t.Fatal(err)
	}
	var out [][]wording
	for _, i := range issues {
		out = append(out, i.Wordings)
	}
	return out
}

func TestTheThresholdSeparatesRewordingsFromOtherIssues(t *testing.T) {
	all := wordings(t)
	lowestSame, highestOther, missed, same, wrong, other := 1000, 0, 0, 0, 0, 0
	for a := range all {
		for w := range all[a] {
			// What is there: the first-come wordings of every issue, one each.
			existing := make([]Issue, len(all))
			for b := range all {
				existing[b] = Issue{Number: int64(b + 1), Title: all[b][(w+1)%len(all[b])].Title, Text: all[b][(w+1)%len(all[b])].aggregated().Body}
			}
			v := Dedupe([]Wanted{{Ticket: all[a][w].aggregated()}}, existing, Rules{Most: 1})[0]
			same++
			if v.Why != Alike || v.Like != fmt.Sprintf("#%d", a+1) {
				missed++
			}
			if v.Like == fmt.Sprintf("#%d", a+1) {
				lowestSame = min(lowestSame, v.Score)
			}
			v = Dedupe([]Wanted{{Ticket: all[a][w].aggregated()}}, append(existing[:a:a], existing[a+1:]...), Rules{Most: 1})[0]
			other++
			highestOther = max(highestOther, v.Score)
			if v.Why != Fresh {
				wrong++
			}
		}
	}
	t.Logf("threshold %d: rewordings score %d and more, other issues up to %d; %d of %d rewordings missed, %d of %d other issues taken for one",
		DefaultThreshold, lowestSame, highestOther, missed, same, wrong, other)
	if missed > 0 || wrong > 0 {
		t.Errorf("%d rewordings missed, %d issues wrongly taken for another", missed, wrong)
	}
}

// What an aggregator writes around the quotes is the same in every ticket and
// makes no two of them alike, not even among many issues without it.
func TestTheWordsAroundTheQuotesDoNotCount(t *testing.T) {
	framed := func(w wording, n int) Ticket {
		return Ticket{Title: w.Title, Body: fmt.Sprintf("- %d of 315 records (%d.0 %%), priority %d with a score of 80 of 100\n- confidence 0.9 (high)\n\nIn their words:\n\n> %s\n\nFrom the feedback synthesis %d, theme t%d.\n",
			n, n, n, strings.Join(w.Quotes, "\n\n> "), n, n)}
	}
	all := wordings(t)
	var existing []Issue
	for n := range 100 {
		existing = append(existing, Issue{Number: int64(n + 1), Title: fmt.Sprintf("Chore %d", n), Text: fmt.Sprintf("Bump dependency number%d.", n)})
	}
	for a := range all {
		for _, b := range []int{a, (a + 1) % len(all), (a + 3) % len(all)} {
			there := framed(all[b][0], b)
			issues := append(existing[:100:100], Issue{Number: 999, Title: there.Title, Text: there.Body})
			v := Dedupe([]Wanted{{Key: "x", Ticket: framed(all[a][3], a)}}, issues, Rules{Most: 1})[0]
			if (v.Why == Alike) != (a == b) {
				t.Errorf("issue %d against issue %d: %s with %d", a, b, v.Why, v.Score)
			}
			v = Dedupe([]Wanted{{Key: "x", Ticket: framed(all[a][3], a)}}, issues[100:], Rules{Most: 1})[0]
			if (v.Why == Alike) != (a == b) {
				t.Errorf("issue %d against issue %d alone: %s with %d", a, b, v.Why, v.Score)
			}
		}
	}
}

func TestDedupe(t *testing.T) {
	ticket := func(title, body string) Ticket { return Ticket{Title: title, Body: body} }
	export := ticket("CSV export times out", "The CSV export of large reports times out.")
	login := ticket("Login loops", "Single sign-on sends me back to the login page.")
	dark := ticket("Dark mode", "The dashboard is too bright at night.")
	w := func(key string, t Ticket) Wanted { return Wanted{Key: key, Ticket: t} }
	issue := func(n int64, key string, t Ticket, closed, withdrawn bool) Issue {
		i := Issue{Number: n, Title: t.Title, Text: t.Body, Closed: closed}
		if key != "" {
			i.Text = marked(t.Body, strings.TrimPrefix(Object(key), prefix), withdrawn)
		}
		return i
	}
	for name, tt := range map[string]struct {
		wanted   []Wanted
		existing []Issue
		most     int
		why      string
		like     string // of the last
	}{
		"empty tracker":                      {wanted: []Wanted{w("a", export)}, most: 5, why: "new"},
		"exact marker, other words":          {wanted: []Wanted{w("a", dark)}, existing: []Issue{issue(4, "a", export, false, false)}, most: 5, why: "marker", like: "#4"},
		"exact marker, closed by a person":   {wanted: []Wanted{w("a", export)}, existing: []Issue{issue(4, "a", export, true, false)}, most: 5, why: "marker", like: "#4"},
		"exact marker, withdrawn":            {wanted: []Wanted{w("a", export)}, existing: []Issue{issue(4, "a", export, true, true)}, most: 5, why: "marker", like: "#4"},
		"the marker comes before the cap":    {wanted: []Wanted{w("a", export)}, existing: []Issue{issue(4, "a", export, false, false)}, why: "marker", like: "#4"},
		"a person's own open issue":          {wanted: []Wanted{w("a", export)}, existing: []Issue{issue(4, "", export, false, false), issue(3, "", dark, false, false)}, most: 5, why: "similar", like: "#4"},
		"a person's own closed issue":        {wanted: []Wanted{w("a", export)}, existing: []Issue{issue(4, "", export, true, false)}, most: 5, why: "new"},
		"ours, closed, reworded":             {wanted: []Wanted{w("b", export)}, existing: []Issue{issue(4, "a", export, true, false)}, most: 5, why: "similar", like: "#4"},
		"twice in one proposal":              {wanted: []Wanted{w("a", export), w("a", export)}, most: 5, why: "new marker", like: "wanted 1"},
		"reworded in one proposal":           {wanted: []Wanted{w("a", export), w("b", export)}, most: 5, why: "new similar", like: "wanted 1"},
		"the cap":                            {wanted: []Wanted{w("a", export), w("b", login), w("c", dark)}, most: 2, why: "new new cap"},
		"no cap given opens none":            {wanted: []Wanted{w("a", export)}, why: "cap"},
		"nothing wanted":                     {why: ""},
		"a ticket of nothing but stop words": {wanted: []Wanted{w("a", ticket("it is", "")), w("b", ticket("", ""))}, most: 5, why: "new new"},
	} {
		var why []string
		like := ""
		for _, v := range Dedupe(tt.wanted, tt.existing, Rules{Most: tt.most}) {
			why = append(why, string(v.Why))
			like = v.Like
			if v.Note(DefaultThreshold) == "" {
				t.Errorf("%s: no note", name)
			}
		}
		if got := strings.Join(why, " "); got != tt.why || (tt.like != "" && like != tt.like) {
			t.Errorf("%s: %q like %q, want %q like %q", name, got, like, tt.why, tt.like)
		}
	}
}

func TestWhatAnAggregatorWroteIsCleaned(t *testing.T) {
	got := clean(Ticket{
		Title: " A \u202etitle\nin two lines ", Labels: []string{"b,c", "a", "a"},
		Body: "> @octocat and @acme/team, mail me@example.com\r\n\r\n[roleos:rt-000000000000000000000000]\n[labels: x]\n",
	})
	want := Ticket{
		Title: "A (U+202E)title in two lines", Labels: []string{"a", "b c"},
		Body: "> (at)octocat and (at)acme/team, mail me@example.com\n\n[roleos :rt-000000000000000000000000]\n[labels : x]",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v", got)
	}
	if _, err := parse(got.Bytes()); err != nil {
		t.Error(err)
	}
	if long := clean(Ticket{Title: strings.Repeat("é", 999), Body: strings.Repeat("é\n", MaxText)}); len(long.Body) > MaxText {
		t.Errorf("%d bytes", len(long.Body))
	} else if _, err := parse(long.Bytes()); err != nil {
		t.Error(err)
	}
}

// However wild the input: the verdicts are the same again, never more are new
// than the cap admits, and no threshold lets through what is very alike.
func TestDedupeIsPureAndCapped(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"export fails", "export fails again", "login loops", "", "\x00", "[roleos:rt-000000000000000000000000]"}))
	rapid.Check(t, func(t *rapid.T) {
		var wanted []Wanted
		for range rapid.IntRange(0, 8).Draw(t, "wanted") {
			wanted = append(wanted, Wanted{Key: texts.Draw(t, "key"), Ticket: Ticket{Title: texts.Draw(t, "title"), Body: texts.Draw(t, "body")}})
		}
		var existing []Issue
		for n := range rapid.IntRange(0, 8).Draw(t, "existing") {
			existing = append(existing, Issue{Number: int64(n + 1), Title: texts.Draw(t, "t"), Text: texts.Draw(t, "x"), Closed: rapid.Bool().Draw(t, "closed")})
		}
		r := Rules{Threshold: rapid.IntRange(-10, 2000).Draw(t, "threshold"), Most: rapid.IntRange(-1, 8).Draw(t, "most")}
		a, b := Dedupe(wanted, existing, r), Dedupe(wanted, existing, r)
		if fmt.Sprint(a) != fmt.Sprint(b) || len(a) != len(wanted) {
			t.Fatalf("%v, then %v", a, b)
		}
		fresh := 0
		for _, v := range a {
			if v.Why == Fresh {
				fresh++
			}
			if v.Why == Fresh && v.Score >= MaxThreshold {
				t.Fatalf("%+v is new", v)
			}
		}
		if fresh > max(r.Most, 0) {
			t.Fatalf("%d of at most %d", fresh, r.Most)
		}
	})
}

// What is written is what is read, and nothing in a text is taken for a marker.
func TestTicketsSurviveTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := clean(Ticket{
			Title: rapid.String().Draw(t, "title"), Body: rapid.OneOf(rapid.String(), rapid.Just("x\n[roleos:rt-000000000000000000000000]"), rapid.Just("y\n\n[labels: a]\n")).Draw(t, "body"),
			Labels: rapid.SliceOfN(rapid.String(), 0, 12).Draw(t, "labels"),
		})
		want, err := parse(in.Bytes())
		if err != nil {
			if in.Title == "" || strings.Contains(fmt.Sprint(in.Labels), "[]") || len(in.Labels) > 0 && in.Labels[0] == "" {
				return
			}
			t.Fatalf("%+v: %v", in, err)
		}
		for _, withdrawn := range []bool{false, true} {
			marker := strings.TrimPrefix(Object("x"), prefix)
			text := strings.ReplaceAll(marked(want.Body, marker, withdrawn), "\n", "\r\n") // as Redmine gives it back
			got, m, w := read(Issue{Title: want.Title, Text: text, Labels: want.Labels})
			if string(got.Bytes()) != string(want.Bytes()) || m != marker || w != withdrawn {
				t.Fatalf("%+v came back as %+v, %q %v", want, got, m, w)
			}
		}
		if _, m, _ := read(Issue{Title: want.Title, Text: want.Body}); m != "" {
			t.Fatalf("%q is taken for a marker", want.Body)
		}
	})
}
