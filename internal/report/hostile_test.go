package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"roleos/internal/artefact"
	"roleos/internal/report"
	"roleos/internal/report/say"
)

// shape returns the names of all elements in order.
func shape(m markup) string {
	var b strings.Builder
	for n := range m.root.Descendants() {
		if n.Type == html.ElementNode {
			b.WriteString(n.Data + " ")
		}
	}
	return b.String()
}

func TestNoTextChangesTheShapeOfAReport(t *testing.T) {
	base := small(t)
	gm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	tree := func(v report.View) markup {
		var b bytes.Buffer
		if err := gm.Convert([]byte(markdown(t, v)), &b); err != nil {
			t.Fatal(err)
		}
		return outlineOf(t, b.String())
	}
	wantMD, wantHTML := shape(tree(tiny(t, base, "plain"))), shape(outlineOf(t, page(t, tiny(t, base, "plain"))))
	for i, text := range nasty(t) {
		if say.OneLine(text) == "" || i >= 40 && i%3 != 0 { // a third of the naughty strings, for time
			continue
		}
		v := tiny(t, base, text)
		if got := shape(tree(v)); got != wantMD {
			t.Errorf("Markdown: %q makes other markup:\n%s", text, firstDifference(strings.ReplaceAll(wantMD, " ", "\n"), strings.ReplaceAll(got, " ", "\n")))
		}
		if i < 40 || i%16 == 0 {
			if got := shape(outlineOf(t, page(t, v))); got != wantHTML {
				t.Errorf("HTML: %q makes other markup", text)
			}
		}
		for _, o := range []report.TerminalOptions{{Unicode: true}, {Width: 40}} {
			for line := range strings.Lines(terminal(t, v, o)) {
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), say.Deceives) || strings.ContainsAny(line, "\t\r") {
					t.Errorf("terminal: %q leaves a control character in %q", text, line)
				}
			}
		}
		rows, err := csv.NewReader(strings.NewReader(render(t, func(b *bytes.Buffer) error { return report.CSV(b, v, report.CSVOptions{}) }))).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Errorf("CSV: %q gives %d rows, %v", text, len(rows), err)
		}
		for _, row := range rows[1:] {
			if slices.ContainsFunc(row, runs) {
				t.Errorf("CSV: %q is run in %q", text, row)
			}
		}
	}
	if _, err := os.Stat(naughtyStrings); err != nil {
		t.Skipf("only our own hostile strings were tried: %v", err)
	}
}

func TestTerminalObeysNothingFromRecords(t *testing.T) {
	v := hostile(t)
	v.Next = []string{"roleos review show fs-3f2a91c0"}
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, o := range []report.TerminalOptions{
		{Unicode: true}, {}, {Width: 40, Unicode: true}, {Width: 10}, {Width: 120, Unicode: true, Colour: true}, {Width: 200, Colour: true},
	} {
		out := terminal(t, v, o)
		if o.Colour {
			out = colours.ReplaceAllString(out, "")
		}
		wide := o.Width
		if wide == 0 {
			wide = 80
		}
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			if i := strings.IndexFunc(line, say.Deceives); i >= 0 || strings.Contains(line, "\t") || strings.Contains(line, "\r") {
				t.Errorf("width %d: line holds a control character at %d: %q", o.Width, i, line)
			}
			if n := say.Width(line); n > max(wide, 40) && !strings.HasPrefix(line, "  roleos") {
				t.Errorf("width %d: line takes %d columns: %q", o.Width, n, line)
			}
			if !o.Unicode && strings.IndexFunc(line, func(r rune) bool { return r > '~' }) >= 0 {
				t.Errorf("width %d: line is not ASCII: %q", o.Width, line)
			}
		}
	}
}

func TestHTMLHoldsNothingButOurMarkup(t *testing.T) {
	clean, dirty := outlineOf(t, page(t, sample(t))), outlineOf(t, page(t, hostile(t)))
	allowed := map[string]bool{}
	for _, k := range clean.kinds {
		allowed[k] = true
	}
	for _, k := range dirty.kinds {
		// What the sample does not happen to show: folded parts and failed gates.
		if !allowed[k] && k != "p class=sub" && k != "li class=warn" && !strings.HasPrefix(k, "p class") {
			t.Errorf("the page holds %q, which is not ours", k)
		}
	}
	for _, s := range dirty.addresses {
		if !strings.HasPrefix(s, "#") {
			t.Errorf("the page links to %q", s)
		}
	}
	if dirty.scripts != clean.scripts || dirty.styles != clean.styles {
		t.Error("a script or style was added")
	}
}

func TestHTMLKeepsEveryQuotedWord(t *testing.T) {
	v := hostile(t)
	p := page(t, v)
	if i := strings.IndexFunc(p, say.Deceives); i >= 0 {
		t.Errorf("the page holds %U", []rune(p[i:])[0])
	}
	text := outlineOf(t, p).text
	for _, th := range v.Synthesis.Themes {
		for _, q := range th.Quotes {
			// A CR becomes a LF, and NUL cannot stand in HTML at all.
			want := say.Reveal(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(q.Text))
			want, _ = say.Clip(want, 1000)
			if !strings.Contains(text, want) {
				t.Errorf("the page lost the quote %q", want)
			}
		}
	}
}

func TestHTMLPolicyAllowsExactlyItsOwnStyleAndScript(t *testing.T) {
	p := page(t, hostile(t))
	m := outlineOf(t, p)
	for _, s := range []string{m.styles, m.scripts} {
		sum := sha256.Sum256([]byte(s))
		if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(html.UnescapeString(p), want) {
			t.Errorf("the policy does not hold %s", want)
		}
	}
	for _, s := range []string{"'none'", "base-uri", "form-action"} {
		if !strings.Contains(html.UnescapeString(p), s) {
			t.Errorf("the policy does not hold %s", s)
		}
	}
	if strings.Contains(p, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
}

func TestMarkdownHoldsNothingButOurMarkup(t *testing.T) {
	tree := func(v report.View) markup {
		var b bytes.Buffer
		gm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
		if err := gm.Convert([]byte(markdown(t, v)), &b); err != nil {
			t.Fatal(err)
		}
		return outlineOf(t, b.String())
	}
	v := hostile(t)
	clean, dirty := tree(sample(t)), tree(v)
	allowed := map[string]bool{}
	for _, k := range clean.kinds {
		allowed[k] = true
	}
	for _, k := range dirty.kinds {
		if !allowed[k] {
			t.Errorf("the Markdown makes %q, which is not ours", k)
		}
	}
	for _, s := range dirty.addresses {
		if !strings.HasPrefix(s, "#") {
			t.Errorf("the Markdown links to %q", s)
		}
	}
	text := say.OneLine(dirty.text)
	for _, th := range v.Synthesis.Themes {
		for _, q := range th.Quotes {
			want, _ := say.Clip(q.Text, 1000)
			want = say.OneLine(say.Reveal(want))
			if !strings.Contains(text, want) {
				t.Errorf("the Markdown lost the quote %q", want)
			}
		}
	}
	if i := strings.IndexFunc(markdown(t, v), say.Deceives); i >= 0 {
		t.Errorf("a character that deceives is left at %d", i)
	}
}

func TestCSVRunsNoFormula(t *testing.T) {
	v := hostile(t)
	out := render(t, func(b *bytes.Buffer) error { return report.CSV(b, v, report.CSVOptions{BOM: true}) })
	if !strings.HasPrefix(out, "\uFEFF\"id\",") {
		t.Errorf("no byte order mark in front of the header: %q", out[:20])
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 411 {
		t.Errorf("%d rows, want a header and 410 records", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if runs(cell) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
}

// runs reports whether a spreadsheet would run the cell, or what it takes for a
// cell when it splits at semicolons or tabs.
func runs(cell string) bool {
	return strings.HasPrefix(cell, "\t") || strings.ContainsAny(cell, "\r\n") ||
		regexp.MustCompile(`(^|[;\t])[\s"\x60\x{a0}\x{200b}\x{feff}“”]*[=+\-@＝＋－＠]`).MatchString(cell)
}

func TestJSONIsTheArtefact(t *testing.T) {
	for name, v := range map[string]report.View{"sample": sample(t), "hostile": hostile(t)} {
		out := render(t, func(b *bytes.Buffer) error { return report.JSON(b, body(v)) })
		if i := strings.IndexFunc(out, say.Deceives); i >= 0 {
			t.Errorf("%s: a character that deceives stands raw at %d", name, i)
		}
		var got, want artefact.FeedbackSynthesis
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(v.Synthesis) // as JSON can hold it: no bytes that are not UTF-8
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
