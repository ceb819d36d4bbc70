package report_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/report"
	"roleos/internal/report/say"
)

func page(t testing.TB, v report.View) string {
	return render(t, func(b *bytes.Buffer) error { return report.HTML(b, v) })
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if strings.EqualFold(a.Key, key) {
			return a.Val
		}
	}
	return ""
}

func TestHTMLReadsInOrder(t *testing.T) {
	m := outlineOf(t, page(t, sample(t)))
	last := 0
	for _, text := range []string{
		"Support queries about a data product, March to May", "Sample data, written for demonstration", "410 records from 2 files", "“export times out” is the largest theme",
		"What to look at first", "score = 100 x sum(weight x factor) / sum(weight) x (1 - praise).", "95 % interval", "People cannot get large tables out", "In their words",
		"Who it comes from", "The surest differences", "“connector stops syncing” is spiking", "two-sided beta-binomial", "12 records fit no theme", "Nothing was collected from 4 to 6 April",
		"Satisfaction by theme", "Most enterprise customers plan to leave", "their number is found, not set", "7 email, 2 phone", "t-aa11bb22 is now t-51f0c2a8",
		"4 contract gates passed", "roleos review show fs-3f2a91c0", "Every record quoted above",
	} {
		i := strings.Index(strings.ReplaceAll(m.text, "\u00a0", " ")[last:], text)
		if i < 0 {
			t.Fatalf("%q is missing, or stands too early", text)
		}
		last += i
	}
}

func TestHTMLShowsEveryFactorOfEveryIssue(t *testing.T) {
	v := sample(t)
	m := outlineOf(t, page(t, v))
	text := strings.ReplaceAll(m.text, "\u00a0", " ")
	for _, is := range v.Synthesis.Issues {
		for _, f := range is.Factors {
			want := fmt.Sprintf("%s %.2f × weight %v adds ", strings.ReplaceAll(f.Name, "_", " "), f.Value, f.Weight)
			if !strings.Contains(text, want) || !strings.Contains(text, f.Means) {
				t.Errorf("issue %d lacks %q with %q", is.Rank, want, f.Means)
			}
		}
	}
}

func TestHTMLQuotesLinkToTheirRows(t *testing.T) {
	v := sample(t)
	m := outlineOf(t, page(t, v))
	for _, th := range v.Synthesis.Themes {
		for _, q := range th.Quotes {
			if m.ids["record-"+q.RecordID] != 1 || !slices.Contains(m.addresses, "#record-"+q.RecordID) {
				t.Errorf("record %s has %d rows in the appendix", q.RecordID, m.ids["record-"+q.RecordID])
			}
		}
	}
	if !strings.Contains(m.text, "support-2026-spring.csv row 2") {
		t.Error("the row of the first quote is not named")
	}
}

// TestHTMLIsAccessible checks what can be checked without a browser.
func TestHTMLIsAccessible(t *testing.T) {
	for name, v := range map[string]report.View{"sample": sample(t), "empty": {}, "large": large(300, 2000)} {
		m := outlineOf(t, page(t, v))
		for id, n := range m.ids {
			if n > 1 {
				t.Errorf("%s: id %q stands %d times", name, id, n)
			}
		}
		for _, a := range m.addresses {
			if m.ids[strings.TrimPrefix(a, "#")] == 0 {
				t.Errorf("%s: link %q leads nowhere", name, a)
			}
		}
		level, count := 0, map[string]int{}
		for n := range m.root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			switch n.Data {
			case "h1", "h2", "h3", "h4":
				l := int(n.Data[1] - '0')
				if l > level+1 {
					t.Errorf("%s: %s follows a heading of level %d", name, n.Data, level)
				}
				level = l
			case "th":
				if attr(n, "scope") == "" {
					t.Errorf("%s: a table heading without scope", name)
				}
			case "svg":
				if attr(n, "aria-hidden") != "true" && (attr(n, "role") != "img" || n.FirstChild == nil || n.FirstChild.Data != "title") {
					t.Errorf("%s: a chart without a title", name)
				}
			}
			if attr(n, "style") != "" {
				t.Errorf("%s: %s carries a style of its own", name, n.Data)
			}
			if by := attr(n, "aria-labelledby"); by != "" && m.ids[by] == 0 {
				t.Errorf("%s: %s is labelled by %q, which is not there", name, n.Data, by)
			}
			if attr(n, "role") == "group" && (attr(n, "tabindex") != "0" || attr(n, "aria-label")+attr(n, "aria-labelledby") == "") {
				t.Errorf("%s: a region that scrolls cannot be reached or has no name", name)
			}
		}
		for _, one := range []string{"h1", "main", "nav", "header", "footer", "title"} {
			if count[one] < 1 || one != "title" && count[one] > 1 {
				t.Errorf("%s: %d of <%s>", name, count[one], one)
			}
		}
	}
}

// TestColoursContrast holds text to 4.5:1 and lines of charts to 3:1, by day and
// by night. https://www.w3.org/TR/WCAG22/#contrast-minimum
func TestColoursContrast(t *testing.T) {
	css, err := os.ReadFile("look/page.css")
	if err != nil {
		t.Fatal(err)
	}
	day, rest, _ := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	night, _, _ := strings.Cut(rest, "*, *::before")
	for name, part := range map[string]string{"day": day, "night": night} {
		c := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z0-9]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(part, -1) {
			c[m[1]] = luminance(m[2])
		}
		check := func(least float64, front string, backs ...string) {
			for _, back := range backs {
				a, b := c[front]+0.05, c[back]+0.05
				if r := max(a, b) / min(a, b); r < least {
					t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", name, front, back, r, least)
				}
			}
		}
		check(4.5, "ink", "paper", "wash", "o1", "o2", "o3", "u1", "u2", "u3", "mark")
		check(4.5, "soft", "paper", "wash")
		check(4.5, "accent", "paper", "wash")
		check(4.5, "caution", "paper", "wash", "cautionwash")
		check(3, "s1", "paper", "wash", "s2") // neighbours in the score bar
		check(3, "s4", "paper", "wash", "s2")
		check(3, "rule3", "paper")
	}
}

func luminance(hex string) float64 {
	part := func(s string) float64 {
		n, _ := strconv.ParseUint(s, 16, 8)
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(hex[1:3]) + 0.7152*part(hex[3:5]) + 0.0722*part(hex[5:7])
}

// large returns a view with many themes and records.
func large(themes, records int) report.View {
	list := make([]evidence.Record, records)
	s := artefact.FeedbackSynthesis{Title: "large"}
	for i := range themes {
		s.Themes = append(s.Themes, artefact.Theme{
			ID: fmt.Sprintf("t-%d", i), Label: fmt.Sprintf("theme number %d", i), Statement: "A statement", Level: "medium",
			Trend: &artefact.Trend{Direction: artefact.Steady, Shares: make([]float64, 26), Counts: make([]int, 26)},
		})
		s.Issues = append(s.Issues, artefact.Issue{Rank: i + 1, ThemeID: s.Themes[i].ID, Title: s.Themes[i].Label})
	}
	s.Segments = []artefact.Dimension{{Name: "plan", Values: []artefact.SegmentValue{{Value: "a"}, {Value: "b"}}}}
	for i := range list {
		r := &list[i]
		r.ID, r.Text = fmt.Sprintf("r%d", i), strings.Repeat("some words of feedback ", 12)
		if i%10 == 0 || themes == 0 {
			s.Unassigned = append(s.Unassigned, r.ID)
			continue
		}
		th := &s.Themes[i%themes]
		th.RecordIDs = append(th.RecordIDs, r.ID)
		th.Count++
		if len(th.Quotes) < 3 {
			q, _ := r.Quote(0, 100)
			th.Quotes = append(th.Quotes, q)
		}
	}
	s.Summary = artefact.Summary{Records: records, Assigned: records - len(s.Unassigned), Themes: themes}
	return view(s, list)
}

func TestHTMLStaysSmallForLargeInput(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	v := large(400, n)
	p := page(t, v)
	if len(p) > 4<<20 {
		t.Errorf("the page has %d bytes", len(p))
	}
	m := outlineOf(t, p)
	rows, sections := 0, 0
	for id := range m.ids {
		if strings.HasPrefix(id, "record-") {
			rows++
		}
		if strings.HasPrefix(id, "theme-") {
			sections++
		}
	}
	if sections != 120 || rows != 324 {
		t.Errorf("%d theme sections and %d evidence rows, want 120 and 324", sections, rows)
	}
	for _, want := range []string{"280 themes have no section", say.Count(n/10-200) + " more are not listed here", "200 smaller themes are in none"} {
		if !strings.Contains(m.text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestOneGiantRecordIsCutAroundItsQuote(t *testing.T) {
	text := strings.Repeat("before ", 300_000) + "the words that matter here" + strings.Repeat(" after", 300_000)
	r := evidence.Record{ID: "r1", Text: text}
	start := strings.Index(text, "the words")
	q, _ := r.Quote(start, start+26)
	v := view(artefact.FeedbackSynthesis{Themes: []artefact.Theme{{ID: "t", Label: "l", RecordIDs: []string{"r1"}, Quotes: []evidence.Quote{q}}}}, []evidence.Record{r})
	p := page(t, v)
	if len(p) > 60_000 || !strings.Contains(p, "before <mark>the words that matter here</mark> after") {
		t.Errorf("%d bytes; the quote is not marked in its context", len(p))
	}
}

func TestEmptyViewsGiveWholeReports(t *testing.T) {
	for name, v := range map[string]report.View{
		"zero":        {},
		"no accessor": {Synthesis: sample(t).Synthesis},
		"odd numbers": view(artefact.FeedbackSynthesis{
			Periods: []artefact.Period{{Label: "p"}},
			Themes: []artefact.Theme{{
				Share: math.NaN(), ShareHigh: math.Inf(1), Confidence: math.NaN(), Trend: &artefact.Trend{Shares: []float64{math.NaN(), -1, 2}},
				Segments: []artefact.Cell{{Verdict: artefact.Over, Lift: math.Inf(1)}, {Verdict: artefact.Under}},
				Quotes:   []evidence.Quote{{RecordID: "gone", Start: -5, End: 99, Text: "x"}},
			}},
			Issues: []artefact.Issue{{Score: math.NaN(), Factors: []artefact.Factor{{Value: math.NaN(), Weight: -1}}}, {}},
		}, []evidence.Record{{ID: "gone", Text: "short"}}),
	} {
		p := page(t, v)
		if !strings.HasSuffix(strings.TrimSpace(p), "</html>") {
			t.Errorf("%s: the page ends early", name)
		}
		for _, bad := range []string{`="NaN`, `="+Inf`, ` width="-`, ` x="-`, "ZgotmplZ"} {
			if strings.Contains(p, bad) {
				t.Errorf("%s: the page holds %s", name, bad)
			}
		}
		if out := terminal(t, v, report.TerminalOptions{}); !strings.Contains(out, "NEXT") {
			t.Errorf("%s: the terminal report ends early", name)
		}
		if out := markdown(t, v); !strings.Contains(out, "## Evidence") {
			t.Errorf("%s: the Markdown ends early", name)
		}
		if name != "odd numbers" { // JSON has no NaN
			_ = render(t, func(b *bytes.Buffer) error { return report.JSON(b, body(v)) })
		}
		_ = render(t, func(b *bytes.Buffer) error { return report.CSV(b, v, report.CSVOptions{}) })
	}
}

func TestTheSameViewGivesTheSameBytes(t *testing.T) {
	v := sample(t)
	for name, f := range map[string]func(*bytes.Buffer) error{
		"html":     func(b *bytes.Buffer) error { return report.HTML(b, v) },
		"markdown": func(b *bytes.Buffer) error { return report.Markdown(b, v) },
		"json":     func(b *bytes.Buffer) error { return report.JSON(b, body(v)) },
		"csv":      func(b *bytes.Buffer) error { return report.CSV(b, v, report.CSVOptions{}) },
	} {
		if a, b := render(t, f), render(t, f); a != b {
			t.Errorf("%s differs from one time to the next", name)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		v := large(min(n/40, 400), n)
		b.Run(strconv.Itoa(n)+"_records", func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := report.HTML(&out, v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len()), "bytes/page")
		})
	}
}

// TestHTMLToLookAt writes pages to look at in a browser into the folder that
// ROLEOS_TEST_LOOK names.
func TestHTMLToLookAt(t *testing.T) {
	dir := os.Getenv("ROLEOS_TEST_LOOK")
	if dir == "" {
		t.Skip("ROLEOS_TEST_LOOK names no folder for pages to look at")
	}
	failing := sample(t)
	failing.State = "drafted"
	failing.Gates[0] = report.Gate{
		ID: "quotes-grounded", Says: "Every quote is in its record word for word.", Status: "failed", Where: "/themes/3/quotes/1",
		Observed: "the record says “stopped syncing on Tuesday”", Mend: "Run the agent again; the quote is dropped when it is not found.",
	}
	for name, v := range map[string]report.View{
		"sample": sample(t), "hostile": hostile(t), "large": large(400, 20_000), "empty": {}, "failing": failing,
	} {
		if err := os.WriteFile(dir+"/"+name+".html", []byte(page(t, v)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
