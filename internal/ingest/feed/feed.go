package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/talk"
)

// Format is the format that the source of a feed carries.
const Format = "feed"

// Channel is the channel of all items.
const Channel = "feed"

// EmptyOp is the Op of the fault that a feed can be read and holds nothing.
const EmptyOp = "ingest.feed.empty"

// The fields and the segment of an item.
const (
	Link     = "link"
	GUID     = "guid"
	Category = "category"
	Updated  = "updated" // when it was changed, where that is another time
	Feed     = "feed"    // a segment: what the feed is called
)

var (
	xmlRoot  = regexp.MustCompile(`(?is)^\s*(?:<\?xml[^>]*\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>|<\?[^>]*\?>|\s)*<(?:[a-z0-9]+:)?(rss|rdf|feed)[\s>]`)
	jsonRoot = regexp.MustCompile(`"version"\s*:\s*"https?:(?:\\?/){2}(?:www\.)?jsonfeed\.org(?:\\?/)version(?:\\?/)`)
)

// Detect reports whether a file is a feed, by its content.
func Detect(raw string) bool {
	head := strings.TrimPrefix(raw[:min(len(raw), 16<<10)], "\uFEFF")
	if strings.HasPrefix(strings.TrimLeft(head, " \t\r\n"), "{") {
		return jsonRoot.MatchString(head) || len(raw) < 4<<20 && strings.Contains(raw, "jsonfeed.org") && jsonRoot.MatchString(raw)
	}
	return xmlRoot.MatchString(strings.ReplaceAll(head, "\x00", "")) // UTF-16 too
}

// Parse reads the items of a feed. An item's id is made of its guid or, without
// one, its link, so that it is the same the next time the feed is read.
func Parse(raw string, limits talk.Limits) (*talk.Talk, error) {
	f, err := parsed(raw)
	if err != nil {
		return nil, fault.New(fault.Invalid, "ingest", "not a feed that can be read: %s", oneLine(err.Error())).
			WithMend("Save the feed again; RSS, Atom and JSON Feed are read.")
	}
	if err := limits.Many(len(f.Items)); err != nil {
		return nil, err
	}
	t := &talk.Talk{Format: Format, Small: true}
	title := cmp.Or(oneLine(plain(f.Title)), oneLine(f.Link))
	undated := talk.Finding{Kind: "undated_item", Warning: true, Message: "items of feeds have no date that can be read"}
	empty := talk.Finding{Kind: "empty_item", Message: "items of feeds have neither a title nor a text"}
	for i, it := range f.Items {
		r, ok := record(it, title)
		if !ok {
			empty.Count++
			continue
		}
		r.Origin.Turn = i + 1
		if r.Time.IsZero() {
			undated.Count++
		}
		if err := limits.Long("item "+title, len(r.Text)); err != nil {
			return nil, err
		}
		t.Records = append(t.Records, r)
	}
	for _, n := range []talk.Finding{undated, empty} {
		if n.Count > 0 {
			t.Notes = append(t.Notes, n)
		}
	}
	if len(t.Records) == 0 {
		return nil, fault.New(fault.Invalid, EmptyOp, "the feed has no item with words").WithMend("Leave it out, or fetch it again.")
	}
	return t, nil
}

// parsed reads a feed. A panic in the parser counts as an error.
func parsed(raw string) (f *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fault.New(fault.Invalid, "ingest", "%v", p)
		}
	}()
	return gofeed.NewParser().ParseString(raw)
}

func record(it *gofeed.Item, feed string) (evidence.Record, bool) {
	title := oneLine(plain(it.Title))
	body := plain(it.Description)
	if c := plain(it.Content); len(c) > len(body) {
		body = c
	}
	text := title
	switch {
	case text == "":
		text = body
	case body != "" && body != title:
		text += "\n\n" + body
	}
	link := oneLine(it.Link)
	guid := oneLine(it.GUID)
	if text == "" {
		return evidence.Record{}, false
	}
	sum := sha256.Sum256([]byte(cmp.Or(guid, link, text)))
	r := evidence.Record{
		ID: hex.EncodeToString(sum[:4]), Text: text, Channel: Channel,
		Origin:   evidence.Origin{Kind: talk.Item, Heading: title, Speaker: author(it)},
		Segments: []evidence.Attr{},
	}
	if feed != "" {
		r.Segments = []evidence.Attr{{Name: Feed, Value: feed}}
	}
	r.Time = first(it.PublishedParsed, it.UpdatedParsed)
	add := func(name, value string) {
		if value != "" {
			r.Fields = append(r.Fields, evidence.Attr{Name: name, Value: value})
		}
	}
	add(Link, link)
	if guid != link {
		add(GUID, guid)
	}
	add(Category, oneLine(strings.Join(it.Categories, ", ")))
	if u := first(it.UpdatedParsed); !u.IsZero() && !u.Equal(r.Time) {
		add(Updated, u.Format(time.RFC3339))
	}
	return r, true
}

// first returns the first time that is known and believable, in UTC.
func first(times ...*time.Time) time.Time {
	for _, t := range times {
		if t != nil && t.Year() >= 1970 && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}

func author(it *gofeed.Item) string {
	for _, p := range it.Authors {
		if p != nil {
			if n := cmp.Or(oneLine(p.Name), oneLine(p.Email)); n != "" {
				return n
			}
		}
	}
	return ""
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(decode.Decode(s).String), " ")
}

// plain returns the text of a piece of HTML: blocks on lines of their own, no
// scripts or styles, entities resolved. Text without markup stays as it is.
func plain(s string) string {
	s = strings.ReplaceAll(decode.Decode(s).String, "\x00", "")
	if !strings.ContainsAny(s, "<&") {
		return paragraphs(s)
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(1 << 20)
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return paragraphs(b.String())
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style":
				skip++
			case "p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table":
				b.WriteByte('\n')
			case "td", "th":
				b.WriteByte(' ')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style":
				skip = max(0, skip-1)
			case "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table":
				b.WriteByte('\n')
			}
		}
	}
}

// paragraphs puts white space in order: one space between words, one line for each block.
func paragraphs(s string) string {
	s = strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
	var out []string
	for _, line := range strings.Split(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
