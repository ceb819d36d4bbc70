package marketscanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/textmine"
)

// Version names the offline analyst's method; it changes when its results may.
const Version = "scan/1"

// Options set how the agent drafts. The zero value is its defaults.
type Options struct {
	Mining    textmine.Options
	NewDays   int // 0 is market.DefaultNew
	StaleDays int // 0 is market.DefaultStale
	// Wording names the model that names the developments; usually none.
	Wording wording.Options
}

// Agent is the Market Scanner with the offline analyst.
type Agent struct{ o Options }

// New returns the agent.
func New(o Options) *Agent { return &Agent{o: o} }

// Draft implements agents.Agent.
func (a *Agent) Draft(ctx context.Context, t agents.Task) (agents.Draft, error) {
	o, err := a.Outline(ctx, t)
	if err != nil {
		return agents.Draft{}, err
	}
	taint, err := a.worded(ctx, &o, t)
	if err != nil {
		return agents.Draft{}, err
	}
	b, err := market.Compose(o, t.Records)
	if err != nil {
		return agents.Draft{}, err
	}
	body, err := b.Marshal()
	if err != nil {
		return agents.Draft{}, err
	}
	return agents.Draft{Kind: market.Kind, Title: b.Title, Body: body, Taint: t.Taint(taint...)}, nil
}

// Outline reads the task's items and leaves the counting to Compose.
func (a *Agent) Outline(ctx context.Context, t agents.Task) (market.Outline, error) {
	o := market.Outline{
		Sample: t.Sample, Sources: t.Sources, AsOf: asOf(t), NewDays: cmp.Or(a.o.NewDays, market.DefaultNew), StaleDays: cmp.Or(a.o.StaleDays, market.DefaultStale),
		Findings: slices.Clone(t.Findings), Redaction: t.Redaction,
	}
	o.Title = "Market brief of the week to " + o.AsOf.Format("2 January 2006")
	o.Method = method(o.NewDays, o.StaleDays, a.o.Mining)
	progress := func(stage string, done int) {
		if t.Progress != nil {
			t.Progress(stage, done, 3)
		}
	}
	progress("Setting copies aside", 0)
	var news []*evidence.Record
	for i := range t.Records {
		if t.Records[i].Origin.Kind == "item" {
			news = append(news, &t.Records[i])
		}
	}
	if len(news) == 0 {
		return o, nothingNew(t)
	}
	slices.SortStableFunc(news, earliest)
	kept, copies := dedupe(news)
	if err := ctx.Err(); err != nil {
		return o, err
	}
	progress("Reading what touches the products", 1)
	o.Products = learn(t.Products, t.Records)
	for _, r := range kept {
		it := market.Item{ID: market.ItemID(r.ID), RecordID: r.ID, Title: title(r), Link: field(r, "link"), Outlet: outlet(r), Quote: quote(r)}
		it.Touches = touches(o.Products, r)
		o.Items = append(o.Items, it)
	}
	o.Copies = copies
	progress("Grouping developments", 2)
	developments, err := a.group(ctx, kept, o)
	if err != nil {
		return o, err
	}
	o.Developments = developments
	progress("Grouping developments", 3)
	return o, nil
}

// nothingNew says what the agent needs. A draft about no item would say nothing, and
// would count as bad work where it is the input that does not fit.
func nothingNew(t agents.Task) error {
	const most = 5
	var read []string
	for i, s := range t.Sources {
		if i == most {
			read = append(read, fmt.Sprintf("and %d more", len(t.Sources)-most))
			break
		}
		read = append(read, fmt.Sprintf("%s (read as %s)", s.Name, cmp.Or(s.Format, "a table")))
	}
	return fault.New(fault.Invalid, "agents.market", "the Market Scanner reads items of feeds, and there is none in what it was given: %s", strings.Join(read, ", ")).
		WithMend("Give it RSS, Atom or JSON Feed: saved files (--in feeds/) or addresses on hosts in ingest.feeds.hosts. A JSON Feed names its version, \"https://jsonfeed.org/version/1.1\". Tables of feedback are for: roleos run feedback-river --in PATH")
}

// asOf is the moment that ages are measured from: when the run started, or, when
// the task does not say, the last item's.
func asOf(t agents.Task) time.Time {
	if !t.Now.IsZero() {
		return t.Now.UTC()
	}
	var last time.Time
	for i := range t.Records {
		if at := t.Records[i].Time; at.After(last) {
			last = at
		}
	}
	return last.UTC()
}

// earliest puts the item that was published first before its copies; undated ones last.
func earliest(a, b *evidence.Record) int {
	switch {
	case a.Time.IsZero() && b.Time.IsZero():
		return 0
	case a.Time.IsZero():
		return 1
	case b.Time.IsZero():
		return -1
	}
	return a.Time.Compare(b.Time)
}

func field(r *evidence.Record, name string) string {
	for _, f := range r.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func title(r *evidence.Record) string {
	if r.Origin.Heading != "" {
		return r.Origin.Heading
	}
	first, _, _ := strings.Cut(strings.TrimSpace(r.Text), "\n")
	return clip(first, 120)
}

// clip returns s, or its first words up to most runes.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
		if i := strings.LastIndexByte(s, ' '); i > most/2 {
			s = s[:i]
		}
		return s + "…"
	}
	return s
}

// outlet names who published an item: the host of its link, or the feed.
func outlet(r *evidence.Record) string {
	_, rest, ok := strings.Cut(field(r, "link"), "://")
	if ok {
		host := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"))]
		if host = strings.TrimPrefix(strings.ToLower(host), "www."); host != "" {
			return host
		}
	}
	return r.Segment("feed")
}

// quote returns the item's first sentence that can stand as a quote: its title, or what follows.
func quote(r *evidence.Record) *evidence.Quote {
	for start := 0; start < len(r.Text); {
		end := sentence(r.Text, start)
		if q, ok := r.Quote(start, end); ok && !r.Masked(start, end) && evidence.CheckQuote(r, q) == nil {
			return &q
		}
		for start = end; start < len(r.Text) && (r.Text[start] == '\n' || r.Text[start] == ' '); start++ {
		}
	}
	if q, ok := r.Quote(0, len(r.Text)); ok && evidence.CheckQuote(r, q) == nil {
		return &q
	}
	return nil
}

// sentence returns where the sentence that begins at start ends: at a line's end, or behind ". ".
func sentence(text string, start int) int {
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '\n':
			return i
		case '.', '!', '?':
			if i+1 < len(text) && text[i+1] == ' ' {
				return i + 1
			}
		}
	}
	return len(text)
}

// group puts items that tell of one thing together. What stands alone is a
// development of its own when it is not stale and touches a product or says
// something of weight, or when no product is named.
func (a *Agent) group(ctx context.Context, items []*evidence.Record, o market.Outline) ([]market.Development, error) {
	docs := make([]textmine.Doc, len(items))
	for i, r := range items {
		docs[i].Text = clip(r.Text, longestText)
		for _, m := range r.Masks {
			docs[i].Skip = append(docs[i].Skip, [2]int{m.Start, m.End})
		}
	}
	mining := a.o.Mining
	mining.MinTheme, mining.Progress = 2, nil
	found, err := textmine.Analyze(ctx, docs, mining)
	if err != nil {
		return nil, fmt.Errorf("group the items: %w", err)
	}
	words := make([]map[string]bool, len(items))
	for i, r := range items {
		words[i] = telling(r)
	}
	grouped := make([]bool, len(items))
	var out []market.Development
	for _, th := range found.Themes {
		centre := found.Units[th.Central[0]].Doc
		d := market.Development{ID: market.DevelopmentID(o.Items[centre].ID), Label: o.Items[centre].Title, ItemIDs: []string{o.Items[centre].ID}}
		grouped[centre] = true
		for _, i := range th.Docs {
			if i != centre && shared(words[centre], words[i]) >= sharedWords {
				d.ItemIDs = append(d.ItemIDs, o.Items[i].ID)
				grouped[i] = true
			}
		}
		if len(d.ItemIDs) == 1 && !a.worth(items[centre], o.Items[centre], o) {
			grouped[centre] = false
			continue
		}
		out = append(out, d)
	}
	for i, it := range o.Items {
		if !grouped[i] && a.worth(items[i], it, o) {
			out = append(out, market.Development{ID: market.DevelopmentID(it.ID), Label: it.Title, ItemIDs: []string{it.ID}})
		}
	}
	return out, nil
}

// Bounds of the grouping, stated in the method.
const (
	longestText = 600 // runes of an item that are compared
	sharedWords = 3   // telling words that an item shares with the one at the development's centre
)

func (a *Agent) worth(r *evidence.Record, it market.Item, o market.Outline) bool {
	if r.Time.IsZero() || r.Time.Before(o.AsOf.AddDate(0, 0, -o.StaleDays)) {
		return false
	}
	return len(o.Products) == 0 || len(it.Touches) > 0 || market.Weighty(it.Title) != ""
}

func method(newDays, staleDays int, o textmine.Options) artefact.Method {
	return artefact.Method{
		Analyst: "offline", Version: Version, Seed: cmp.Or(o.Seed, 1),
		Steps: []string{
			fmt.Sprintf("An item repeats another when both have one guid, one link but for tracking marks, or texts that share %.0f %% of their runs of %d words (or one holds %.0f %% of the other's); the one published first stays, copies are kept beside it.", 100*sameText, shingle, 100*heldText),
			fmt.Sprintf("What is at most %d days old is new, what is more than %d days old is stale; ages are measured from the start of the run.", newDays, staleDays),
			fmt.Sprintf("An item touches a product when it uses one of the terms that the workspace states, or at least %d different words that records naming the product use significantly more than others (log-likelihood ratio of at least %.2f, in at least %d records).", market.NearTerms, leastRatio, leastRecords),
			fmt.Sprintf("Items with similar words are grouped by the map equation; an item stays in a development when it shares at least %d telling words with the one at its centre.", sharedWords),
			"A second source is another outlet that reports the development in words of its own; a copy is none.",
			market.ImportanceRule,
		},
		Limits: []string{
			"It reads titles and texts as the feeds give them and follows no link.",
			"Words of weight are English; relevance by words does not know what is meant.",
			"Two outlets that rewrite one press release count as two sources.",
		},
	}
}
