package feed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"roleos/internal/ingest/feed"
	"roleos/internal/ingest/talk"
)

func TestItems(t *testing.T) {
	const rssFeed = `<?xml version="1.0"?><rss version="2.0"><channel><title>Sample &amp; news</title>
<item><title>Acme &lt;b&gt;buys&lt;/b&gt; Beta</title><link>https://example.org/1</link><guid>g-1</guid><pubDate>Mon, 05 Jan 2026 10:00:00 +0100</pubDate><author>ada@example.org (Ada)</author><description>&lt;p&gt;First &amp;amp; foremost.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;one&lt;/li&gt;&lt;li&gt;two&lt;/li&gt;&lt;/ul&gt;&lt;script&gt;x()&lt;/script&gt;</description></item>
<item><title></title><description>only words</description></item><item/></channel></rss>`
	got, err := feed.Parse(rssFeed, talk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := got.Records[0]
	if d := cmp.Diff("Acme buys Beta\n\nFirst & foremost.\none\ntwo", r.Text); d != "" {
		t.Error(d)
	}
	if r.Time.Format("2006-01-02 15:04") != "2026-01-05 09:00" || r.Origin.Speaker != "Ada" || r.Segments[0].Value != "Sample & news" || r.Fields[0].Value != "https://example.org/1" || r.Fields[1].Value != "g-1" {
		t.Errorf("record = %+v", r)
	}
	if len(got.Records) != 2 || got.Records[1].Text != "only words" || len(got.Notes) != 2 {
		t.Errorf("%d records, notes %+v", len(got.Records), got.Notes)
	}
	again, _ := feed.Parse(strings.Replace(rssFeed, "<item>", "<item><title>new</title></item><item>", 1), talk.Limits{})
	if again.Records[1].ID != r.ID {
		t.Error("an item's id changes when another comes before it")
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]bool{
		`<?xml version="1.0"?><!-- x --><rss version="2.0">`: true, "\uFEFF<feed xmlns='http://www.w3.org/2005/Atom'>": true, `<rdf:RDF xmlns="">`: true,
		`{"version":"https://jsonfeed.org/version/1.1","items":[]}`: true, `{"version": "https:\/\/jsonfeed.org\/version\/1"}`: true,
		`<html><rss>`: false, `<?xml version="1.0"?><feedback><row/></feedback>`: false, `{"version":"1","items":[]}`: false, `id,text`: false,
	} {
		if got := feed.Detect(text); got != want {
			t.Errorf("Detect(%q) = %v", text, got)
		}
	}
}

// What the parser's own fixtures expect is what we get from it, and every item with words is a record.
func TestFixturesParseToTheirExpectedValues(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "shared", "data", "feeds", "gofeed_testdata")
	if _, err := os.Stat(root); err != nil {
		t.Skip("SKIPPED: no feeds beside the module")
	}
	type parse func([]byte) (any, error)
	translated := func(tr gofeed.Translator, p func([]byte) (any, error)) parse {
		return func(b []byte) (any, error) {
			f, err := p(b)
			if err != nil {
				return nil, err
			}
			return tr.Translate(f)
		}
	}
	asRSS := func(b []byte) (any, error) { return (&rss.Parser{}).Parse(bytes.NewReader(b)) }
	asAtom := func(b []byte) (any, error) { return (&atom.Parser{}).Parse(bytes.NewReader(b)) }
	asJSON := func(b []byte) (any, error) { return (&jsonfeed.Parser{}).Parse(bytes.NewReader(b)) }
	ext := func(b []byte) (any, error) { return gofeed.NewParser().Parse(bytes.NewReader(b)) }
	total, good, records, items := 0, 0, 0, 0
	for _, d := range []struct {
		dir, source, expected string
		parse                 parse
		into                  func() any
	}{
		{"parser/rss", ".xml", ".json", asRSS, func() any { return &rss.Feed{} }},
		{"parser/atom", ".xml", ".json", asAtom, func() any { return &atom.Feed{} }},
		{"parser/json", ".json", "_expected.json", asJSON, func() any { return &jsonfeed.Feed{} }},
		{"translator/rss", ".xml", ".json", translated(&gofeed.DefaultRSSTranslator{}, asRSS), func() any { return &gofeed.Feed{} }},
		{"translator/atom", ".xml", ".json", translated(&gofeed.DefaultAtomTranslator{}, asAtom), func() any { return &gofeed.Feed{} }},
		{"translator/json", ".json", "_expected.json", translated(&gofeed.DefaultJSONTranslator{}, asJSON), func() any { return &gofeed.Feed{} }},
		{"extensions/dublincore", ".xml", ".json", ext, func() any { return &gofeed.Feed{} }},
		{"extensions/itunes", ".xml", ".json", ext, func() any { return &gofeed.Feed{} }},
		{"extensions/media", ".xml", ".json", ext, func() any { return &gofeed.Feed{} }},
	} {
		files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(d.dir), "*"+d.source))
		for _, path := range files {
			base := strings.TrimSuffix(path, d.source)
			want, err := os.ReadFile(base + d.expected)
			if strings.HasSuffix(base, "_expected") || err != nil {
				continue
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			total++
			expected := d.into()
			_ = json.Unmarshal(want, expected)
			actual, err := d.parse(raw)
			if err != nil {
				actual = d.into()
			}
			if diff := cmp.Diff(expected, actual, cmpopts.IgnoreUnexported(gofeed.Feed{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: -want +got\n%.600s", path, diff)
				continue
			}
			good++
			f, err := gofeed.NewParser().ParseString(string(raw))
			if err != nil {
				continue
			}
			n := 0
			for _, it := range f.Items {
				if strings.TrimSpace(it.Title+it.Description+it.Content) != "" {
					n++
				}
			}
			items += n
			if got, err := feed.Parse(string(raw), talk.Limits{}); err == nil {
				records += len(got.Records)
			} else if n > 0 {
				t.Logf("%s: %d items with words, but %v", path, n, err)
			}
		}
	}
	t.Logf("%d of %d fixtures give their expected values; %d items with words, %d records", good, total, items, records)
	if good != total || total < 500 {
		t.Errorf("%d of %d", good, total)
	}
	for _, name := range []string{"unknown_feed.xml", "empty_feed.xml", "invalid.json"} {
		raw, err := os.ReadFile(filepath.Join(root, "parser", "universal", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := feed.Parse(string(raw), talk.Limits{}); err == nil {
			t.Errorf("%s is read, but must fail", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`<rss version="2.0"><channel><item><title>a</title><description>&lt;p>b</description></item></channel></rss>`)
	f.Add(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title><updated>2026-01-05T10:00:00Z</updated><content type="html">&lt;b</content></entry></feed>`)
	f.Add(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_text":"a"}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		if !feed.Detect(raw) {
			return
		}
		got, err := feed.Parse(raw, talk.Limits{Items: 1000, TextBytes: 1 << 20})
		if err != nil {
			return
		}
		for _, r := range got.Records {
			if r.Text == "" || r.ID == "" || strings.ToValidUTF8(r.Text, "") != r.Text {
				t.Fatalf("record %+v", r)
			}
		}
	})
}
