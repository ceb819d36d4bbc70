package report_test

import (
	"encoding/json"
	"hash/fnv"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/report"
)

// naughtyStrings is a public list of strings that break programs.
const naughtyStrings = "../../../shared/data/awkward/blns.json"

// nasty are texts that must stay texts. The naughty strings come on top when
// the data folder is there.
func nasty(t testing.TB) []string {
	list := []string{
		"</style></title><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "<svg onload=alert(1)>", "]]> --> <!-- {{.Digest}}",
		"[click](javascript:alert(1)) ![x](http://evil.example/x.png)", "| a | b |\n| --- | --- |", "# heading", "- list", "1. one", "> quote", "```\ncode", "<details><summary>x", "@everyone see #1 and GH-2",
		"https://evil.example www.evil.example mailto:a@b.example a@b.example", "**bold** _it_ ~~gone~~ `code` $x$ &amp; &#x3c;", "\\", "\\|", "a\\",
		"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J\r\b\x00", "rtl \u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff\U000e0041", "bad \xff\xfe utf8", "=1+1", "\u200b=1+1", "  \t@SUM(A1)", "x\t-1", "a;=cmd|' /C calc'!A0", "\n=2",
		strings.Repeat("long", 700), "漢字かな交じり文", "שלום עולם", "👩‍👩‍👧 é́́́",
	}
	b, err := os.ReadFile(naughtyStrings)
	if err != nil {
		return list
	}
	var more []string
	if err := json.Unmarshal(b, &more); err != nil {
		t.Fatal(err)
	}
	return append(list, more...)
}

// spoil puts a hostile text into every string of v, the same one for the same
// string, so that references between ids still hold.
func spoil(v reflect.Value, bad func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), bad)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				spoil(v.Field(i), bad)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), bad)
		}
	case reflect.Map:
		out := reflect.MakeMap(v.Type())
		for _, k := range v.MapKeys() {
			key, val := reflect.New(k.Type()).Elem(), reflect.New(v.Type().Elem()).Elem()
			key.Set(k)
			val.Set(v.MapIndex(k))
			spoil(key, bad)
			spoil(val, bad)
			out.SetMapIndex(key, val)
		}
		v.Set(out)
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() { // verdicts and directions are ours
			v.SetString(bad(v.String()))
		}
	default:
	}
}

// hostile returns the sample with hostile text everywhere.
func hostile(t testing.TB) report.View {
	texts := nasty(t)
	bad := func(s string) string {
		h := fnv.New32a()
		_, _ = h.Write([]byte(s))
		return texts[int(h.Sum32())%len(texts)] + " " + s
	}
	records, _ := grow(read[seed](t, "testdata/seed.json"))
	v := sample(t)
	byID := map[string]evidence.Record{}
	for _, r := range records {
		spoil(reflect.ValueOf(&r).Elem(), bad)
		byID[r.ID] = r
	}
	s := v.Synthesis
	spoil(reflect.ValueOf(&s).Elem(), bad)
	whole := func(q *evidence.Quote) { q.Text, q.Start, q.End = byID[q.RecordID].Text, 0, len(byID[q.RecordID].Text) }
	for i := range s.Themes {
		for j := range s.Themes[i].Quotes {
			whole(&s.Themes[i].Quotes[j])
		}
		whole(s.Themes[i].Says)
	}
	v.Synthesis = s
	v.Records = func(id string) (evidence.Record, bool) { r, ok := byID[id]; return r, ok }
	spoil(reflect.ValueOf(&v.Gates).Elem(), bad)
	v.Gates[0].Status = "failed"
	v.Draft, v.Revision, v.Digest = bad(v.Draft), bad(v.Revision), bad(v.Digest)
	return v
}

// small returns the sample cut down to one of everything, as JSON.
func small(t testing.TB) []byte {
	t.Helper()
	s := read[artefact.FeedbackSynthesis](t, "testdata/synthesis.json")
	s.Themes, s.Issues, s.Alerts, s.Groups, s.Unassigned = s.Themes[:1], s.Issues[:1], s.Alerts[:1], s.Groups[:1], s.Unassigned[:1]
	s.Groups[0].ThemeIDs, s.Figures, s.Redirects = s.Groups[0].ThemeIDs[:1], nil, nil
	s.Themes[0].RecordIDs, s.Themes[0].Quotes = s.Themes[0].RecordIDs[:1], s.Themes[0].Quotes[1:2]
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tiny returns a view of base in which every string is text.
func tiny(t testing.TB, base []byte, text string) report.View {
	t.Helper()
	var s artefact.FeedbackSynthesis
	if err := json.Unmarshal(base, &s); err != nil {
		t.Fatal(err)
	}
	bad := func(string) string { return text }
	spoil(reflect.ValueOf(&s).Elem(), bad)
	s.Themes[0].Quotes[0].Start, s.Themes[0].Quotes[0].End = 0, len(text)
	s.Themes[0].Says.Start, s.Themes[0].Says.End = 0, len(text)
	s.Formula.Text = "one sentence" // its sentences become list items
	v := view(s, nil)
	v.Records = func(id string) (evidence.Record, bool) {
		return evidence.Record{ID: id, Source: text, Text: text, Channel: text}, true
	}
	spoil(reflect.ValueOf(&v.Gates).Elem(), bad)
	v.Draft, v.Revision, v.Digest, v.Next = text, text, text, []string{text}
	return v
}

// markup is what matters of a page's tree.
type markup struct {
	kinds           []string // element with its attributes that are not data
	addresses       []string
	scripts, styles string
	text            string
	ids             map[string]int
	root            *html.Node
}

func outlineOf(t testing.TB, p string) markup {
	t.Helper()
	root, err := html.Parse(strings.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	m := markup{ids: map[string]int{}, root: root}
	var text strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data == "script":
			m.scripts += n.Data
		case n.Type == html.TextNode && n.Parent.Data == "style":
			m.styles += n.Data
		case n.Type == html.TextNode:
			text.WriteString(n.Data)
		case n.Type == html.ElementNode:
			kind := n.Data
			for _, a := range n.Attr {
				switch a.Key {
				case "href", "src", "xlink:href", "action", "data":
					m.addresses = append(m.addresses, a.Val)
				case "id":
					m.ids[a.Val]++
				case "class", "role", "scope":
					kind += " " + a.Key + "=" + a.Val
				case "x", "y", "d", "cx", "cy", "r", "rx", "width", "height", "viewbox", "viewBox", "content", "aria-label", "aria-labelledby", "colspan", "data-value", "lang":
				default:
					kind += " " + a.Key
				}
			}
			m.kinds = append(m.kinds, kind)
		}
	}
	slices.Sort(m.kinds)
	m.kinds = slices.Compact(m.kinds)
	m.text = text.String()
	return m
}

// body is the synthesis as it is stored.
func body(v report.View) []byte {
	data, err := json.Marshal(v.Synthesis)
	if err != nil {
		panic(err)
	}
	return data
}
