package page_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"roleos/internal/report/frame"
	"roleos/internal/report/page"
	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample returns a page with every kind of block, about made-up people, and its frame.
func sample() (page.Page, page.Frame) {
	quote := page.Quote{Text: "We cannot move the launch again.", RecordID: "m-12", Who: "Sample speaker A", Where: "sample-standup.vtt turn 12"}
	other := page.Quote{Text: "Without a second review the export does not ship, and I would rather say so today than in three weeks.", RecordID: "m-31", Who: "Sample speaker B", Where: "sample-standup.vtt turn 31"}
	p := page.Page{
		Kind: "stakeholder-landscape", Title: "Who wants what of the export rewrite", Sample: true,
		Lead:  "Six people spoke in three meetings. Two of their requirements conflict, and one decision has no owner.",
		Facts: []page.Fact{{Label: "Meetings", Value: "3"}, {Label: "Statements", Value: "41"}},
		Sections: []page.Section{
			{ID: "decisions", Title: "Decisions", Lead: "What was settled, and by whom.", Blocks: []page.Block{
				page.List{Items: []page.Item{
					{Tag: "decided", Tone: page.Good, Text: "Exports above 1 GB go through a queue.", Note: "2 statements", Quotes: []page.Quote{quote}},
					{Tag: "open", Tone: page.Unsure, Text: "Who pays for the second region?"},
					{Tag: "refused", Tone: page.Bad, Text: "A nightly export for every tenant."},
				}},
				page.List{Ordered: true, Items: []page.Item{{Text: "Ask finance."}, {Text: "Write the contract."}}},
			}},
			{ID: "matrix", Title: "Who needs what", Blocks: []page.Block{page.Matrix{
				Caption: "Rows are stakeholders, columns are requirements.", Corner: "Stakeholder",
				Columns: []string{"Speed", "Second review", "Residency"},
				Rows: []page.MatrixRow{
					{Name: "Sample speaker A", Cells: []page.Cell{{Mark: "needs", Tone: page.Good}, {Mark: "against", Tone: page.Bad, Note: "“We cannot move the launch again.”"}, {}}},
					{Name: "Sample speaker B", Cells: []page.Cell{{Mark: "?", Tone: page.Unsure}, {Mark: "needs", Tone: page.Good}, {Mark: "needs", Tone: page.Notable}}},
				},
				Key: []page.Fact{{Label: "needs", Value: "asked for it"}, {Label: "against", Value: "spoke against it"}},
			}}},
			{ID: "conflicts", Title: "Conflicts", Blocks: []page.Block{page.Cards{
				Title: "Ship in May or review twice", Tone: page.Bad, Note: "Both cannot be had by 12 May.",
				Sides: []page.Side{
					{Title: "Ship in May", Text: "The launch date stands.", Quotes: []page.Quote{quote}},
					{Title: "Review twice", Text: "No export without a second review.", Quotes: []page.Quote{other}},
				},
			}}},
			{ID: "numbers", Title: "Numbers", Blocks: []page.Block{
				page.Table{
					Caption: "What each option costs", Head: []string{"Option", "Why", "Weeks", "Share"}, Right: []int{2, 3},
					Rows: [][]string{
						{"Queue", "Large tables stop timing out; the queue is there already and only needs a quota for each tenant.", "4", "62.5 %"},
						{"Second region", "Residency for two customers.", "11", "12.5 %"},
					}, Omitted: 3,
				},
				page.Bars{Caption: "Share of statements", Bars: []page.Bar{{Name: "Speed", Share: .625, Label: "62.5 %"}, {Name: "Residency", Share: .125, Label: "12.5 %"}}},
				page.Quotes{Quotes: []page.Quote{quote, other}},
			}},
			{ID: "gaps", Title: "What is not known", Blocks: []page.Block{
				page.Gaps{Gaps: []page.Gap{{What: "The cost of a second region", Why: "Nobody named a number.", Mend: "Ask finance for last year's bill."}}},
				page.Text{Text: "Everything else was said by at least one person."},
			}},
			{ID: "method", Title: "Method", Folded: true, Lead: "How this was made.", Blocks: []page.Block{page.Text{Text: "Statements were found by rule, without a model."}}},
		},
	}
	return p, page.Frame{
		Draft: "sl-3f2a91c0", Revision: "2", Digest: "sha256:" + strings.Repeat("ab12", 16), State: "validated", Mode: "coordinated", Solo: true,
		Generated: time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC),
		Gates: []frame.Gate{
			{ID: "quotes-grounded", Says: "Every quote is in its record word for word.", Status: "passed"},
			{ID: "owner", Says: "Every decision has an owner.", Status: "warned", Where: "/decisions/1", Observed: "no owner.", Mend: "Name one."},
		},
		Next: []string{"roleos review approve sl-3f2a91c0"},
	}
}

func render(t testing.TB, f func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func terminal(t testing.TB, p page.Page, f page.Frame, o term.Options) string {
	t.Helper()
	return render(t, func(w io.Writer) error { return page.Terminal(w, p, f, o) })
}

func markdownOf(t testing.TB, p page.Page, f page.Frame) string {
	t.Helper()
	return render(t, func(w io.Writer) error { return page.Markdown(w, p, f) })
}

func htmlOf(t testing.TB, p page.Page, f page.Frame) string {
	t.Helper()
	return render(t, func(w io.Writer) error { return page.HTML(w, p, f) })
}

func TestGolden(t *testing.T) {
	p, f := sample()
	for name, got := range map[string]string{
		"page.md":            markdownOf(t, p, f),
		"terminal_80.txt":    terminal(t, p, f, term.Options{Unicode: true}),
		"terminal_48.txt":    terminal(t, p, f, term.Options{Width: 48}),
		"terminal_120_c.txt": terminal(t, p, f, term.Options{Width: 120, Unicode: true, Colour: true}),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (go test ./internal/report/page -update writes it anew):\n%s", name, d)
		}
	}
}

func nodes(t testing.TB, doc string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		out = append(out, n)
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(list []*html.Node) string {
	var b strings.Builder
	for _, n := range list {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return say.OneLine(b.String())
}

func TestHTMLHoldsWhatThePageSays(t *testing.T) {
	p, f := sample()
	list := nodes(t, htmlOf(t, p, f))
	all, last := text(list), 0
	for _, want := range []string{
		"Stakeholder landscape", p.Title, "Meetings", "coordinated", "Sample data", p.Lead, "Decisions", "decided", "Exports above 1 GB", "We cannot move the launch again.", "sample-standup.vtt turn 12",
		"Who needs what", "Second review", "against", "spoke against it", "Ship in May or review twice", "Both cannot be had", "What each option costs", "3 more rows are not shown here",
		"Share of statements", "The cost of a second region", "To mend it: Ask finance", "Method", "found by rule", "Checks", "1 gate warns", "Every decision has an owner.", "Name one.", "roleos review approve sl-3f2a91c0", "ab12ab12",
	} {
		i := strings.Index(all[last:], say.OneLine(want))
		if i < 0 {
			t.Fatalf("%q is missing, or stands too early", want)
		}
		last += i
	}
	ids, level := map[string]int{}, 0
	for _, n := range list {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch {
		case len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6':
			if l := int(n.Data[1] - '0'); l > level+1 {
				t.Errorf("%s follows a heading of level %d", n.Data, level)
			} else {
				level = l
			}
		case n.Data == "th" && attr(n, "scope") == "":
			t.Error("a table heading without scope")
		case attr(n, "style") != "":
			t.Errorf("%s carries a style of its own", n.Data)
		case attr(n, "role") == "group" && (attr(n, "tabindex") != "0" || attr(n, "aria-label") == ""):
			t.Error("a region that scrolls cannot be reached or has no name")
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, n := range list {
		if a := attr(n, "href"); a != "" && (!strings.HasPrefix(a, "#") || ids[a[1:]] == 0) {
			t.Errorf("link %q leads nowhere", a)
		}
		if by := attr(n, "aria-labelledby"); by != "" && ids[by] == 0 {
			t.Errorf("labelled by %q, which is not there", by)
		}
	}
}

func TestBodyLinksRecordsAndNamesItsParts(t *testing.T) {
	p, _ := sample()
	p.Sections = append(p.Sections, page.Section{ID: "decisions", Title: "Twice"}, page.Section{ID: "Not <plain>", Title: "Odd"})
	body, contents, err := page.Body(p, page.Links{Record: func(id string) string { return "/records/" + id }})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `<a href="/records/m-12">`) {
		t.Error("a quote does not link to its record")
	}
	var got []string
	for _, c := range contents {
		got = append(got, c.Value)
		if strings.Count(string(body), `id="`+c.Value+`"`) != 1 {
			t.Errorf("part %q is not there once", c.Value)
		}
	}
	if d := cmp.Diff([]string{"decisions", "matrix", "conflicts", "numbers", "gaps", "method", "part-7", "part-8"}, got); d != "" {
		t.Error(d)
	}
}

func TestEmptyPagesAreWhole(t *testing.T) {
	for name, p := range map[string]page.Page{
		"zero": {},
		"empty blocks": {Sections: []page.Section{{}, {Title: "x", Blocks: []page.Block{
			page.Text{},
			page.List{},
			page.Table{},
			page.Quotes{},
			page.Matrix{},
			page.Cards{},
			page.Gaps{},
			page.Bars{},
			page.Table{Rows: [][]string{{"a", "b"}, {"a"}, {}}, Head: []string{"one"}},
			page.Matrix{Columns: []string{"c"}, Rows: []page.MatrixRow{{Name: "n"}}},
		}}}},
	} {
		if out := htmlOf(t, p, page.Frame{}); !strings.HasSuffix(strings.TrimSpace(out), "</html>") || strings.Contains(out, "ZgotmplZ") {
			t.Errorf("%s: the page is not whole", name)
		}
		if out := markdownOf(t, p, page.Frame{}); !strings.Contains(out, "## Checks") {
			t.Errorf("%s: the Markdown ends early", name)
		}
		for _, w := range []int{0, 1, 40, 200} {
			if out := terminal(t, p, page.Frame{}, term.Options{Width: w}); !strings.Contains(out, "NEXT") {
				t.Errorf("%s: the terminal form ends early", name)
			}
		}
	}
}

// spoil puts bad into every string behind v.
func spoil(v reflect.Value, bad string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i), bad)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), bad)
		}
	case reflect.Interface:
		c := reflect.New(v.Elem().Type()).Elem()
		c.Set(v.Elem())
		spoil(c, bad)
		v.Set(c)
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(bad)
		}
	default:
	}
}

func TestNoTextChangesTheShapeOfAPage(t *testing.T) {
	gm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	shape := func(doc string) string {
		var b strings.Builder
		for _, n := range nodes(t, doc) {
			if n.Type == html.ElementNode {
				b.WriteString(n.Data + " ")
			}
		}
		return b.String()
	}
	forms := func(bad string) (asHTML, asMarkdown string) {
		p, f := sample()
		spoil(reflect.ValueOf(&p).Elem(), bad)
		var b bytes.Buffer
		if err := gm.Convert([]byte(markdownOf(t, p, f)), &b); err != nil {
			t.Fatal(err)
		}
		for _, o := range []term.Options{{Unicode: true}, {Width: 40}, {Width: 90, Unicode: true}} {
			for line := range strings.Lines(terminal(t, p, f, o)) {
				line = strings.TrimSuffix(line, "\n")
				if strings.ContainsFunc(line, say.Deceives) || strings.ContainsAny(line, "\t\r") {
					t.Errorf("%q leaves a control character in %q", bad, line)
				}
				if w := max(40, o.Width); o.Width > 0 && say.Width(line) > w && !strings.HasPrefix(line, "  roleos") {
					t.Errorf("%q: line takes %d columns of %d: %q", bad, say.Width(line), w, line)
				}
				if !o.Unicode && strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
					t.Errorf("%q: line is not ASCII: %q", bad, line)
				}
			}
		}
		return shape(htmlOf(t, p, f)), shape(b.String())
	}
	wantHTML, wantMarkdown := forms("plain")
	for _, bad := range []string{
		"</style></title><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<svg onload=alert(1)>", "]]> --> <!-- {{.Digest}}", "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
		"| a | b |", "# heading", "- list", "1. one", "> quote", "```code", "<details><summary>x", "@everyone see #1", "https://evil.example www.evil.example a@b.example", "**bold** _it_ `code` $x$ &amp;",
		"\\", "a\\", "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J\r\b\x00", "rtl \u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff\U000e0041", "bad \xff\xfe utf8", strings.Repeat("long", 700), "漢字かな交じり文 漢字かな交じり文", "שלום עולם", "👩‍👩‍👧 é́́́",
	} {
		gotHTML, gotMarkdown := forms(bad)
		if gotHTML != wantHTML {
			t.Errorf("HTML: %q makes other markup", bad)
		}
		if gotMarkdown != wantMarkdown {
			t.Errorf("Markdown: %q makes other markup\n%s", bad, cmp.Diff(strings.Fields(wantMarkdown), strings.Fields(gotMarkdown)))
		}
	}
}

func TestOnlyOurStyleAndScriptMayRun(t *testing.T) {
	p, f := sample()
	out := htmlOf(t, p, f)
	if !regexp.MustCompile(`Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^ ;]+; script-src 'sha256-[^ ;]+; base-uri 'none'; form-action 'none'"`).MatchString(html.UnescapeString(out)) {
		t.Error("the policy is not the strict one")
	}
	if a, b := htmlOf(t, p, f), out; a != b {
		t.Error("the page differs from one time to the next")
	}
}

// TestPageToLookAt writes a page to look at in a browser into the folder that
// ROLEOS_TEST_LOOK names.
func TestPageToLookAt(t *testing.T) {
	dir := os.Getenv("ROLEOS_TEST_LOOK")
	if dir == "" {
		t.Skip("ROLEOS_TEST_LOOK names no folder for pages to look at")
	}
	p, f := sample()
	if err := os.WriteFile(filepath.Join(dir, "page.html"), []byte(htmlOf(t, p, f)), 0o644); err != nil {
		t.Fatal(err)
	}
}
