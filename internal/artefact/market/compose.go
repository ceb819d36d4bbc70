package market

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Outline is all that an analyst or a reviewer decides about a brief. Compose computes the rest.
type Outline struct {
	Title        string
	Sample       bool
	Sources      []evidence.Source
	AsOf         time.Time
	NewDays      int // what is at most so many days old is new
	StaleDays    int // what is more than so many days old is stale
	Products     []Product
	Items        []Item        // Age, New, Stale, Undated, Relevant and Weighty are computed
	Copies       []Copy        //
	Developments []Development // ID, Label, ItemIDs and Set count; the rest is computed
	Findings     []artefact.Finding
	Gaps         []artefact.Gap
	Redirects    map[string]string
	Method       artefact.Method
	Redaction    artefact.Redaction
	Rejected     []artefact.Rejection
}

// ItemID and DevelopmentID make stable ids: from the record, and from the first item.
func ItemID(record string) string { return digest("i-", record) }

// DevelopmentID makes a development's id from the item at its centre.
func DevelopmentID(item string) string { return digest("d-", item) }

func digest(prefix, of string) string {
	sum := sha256.Sum256([]byte(of))
	return prefix + hex.EncodeToString(sum[:5])
}

// ImportanceRule says in words what importance is made of.
const ImportanceRule = "Importance is high from 5 points, medium from 3: two when an item names a product, one when an item is near one, one from two independent outlets on and another from three, one when something is new, one when an item holds a word of weight (a purchase, a price, a launch, an end, a breach, a law, a lawsuit, money raised, people let go). What is stale is low."

// weights are beginnings of words that announce something of weight.
//
//nolint:gochecknoglobals // an immutable table
var weights = []string{
	"acqui", "merge", "takeover", "buys", "bought", "price", "pricing", "tariff", "subscription", "launch", "release", "unveil", "general availability",
	"shut down", "shutting down", "shuts down", "discontinu", "deprecat", "end of life", "end-of-life", "sunset", "outage", "breach", "vulnerab", "exploit", "leak",
	"regulat", "law ", "legislat", "directive", "antitrust", "fine ", "fined", "lawsuit", "sues", "sued", "court", "ban ", "bans", "banned",
	"funding", "raises", "series a", "series b", "series c", "ipo", "bankrupt", "layoff", "lays off", "partner",
}

// Weighty returns the word of weight that a text holds, or "".
func Weighty(text string) string {
	text = " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' }), " ") + " "
	at, best := len(text), ""
	for _, w := range weights {
		if i := strings.Index(text, " "+w); i >= 0 && i < at {
			end := i + 1 + len(strings.TrimRight(w, " "))
			for end < len(text) && text[end] != ' ' {
				end++
			}
			at, best = i, text[i+1:end]
		}
	}
	return best
}

// Compose computes a brief. It leaves out, with its reason, every quote that does
// not stand in its record. It fails when a record id occurs twice or an item has no record.
func Compose(o Outline, records []evidence.Record) (MarketBrief, error) {
	b := MarketBrief{
		Schema: Schema, Title: o.Title, Sample: o.Sample, Sources: o.Sources, Products: slices.Clone(o.Products), Copies: slices.Clone(o.Copies),
		Findings: slices.Clone(o.Findings), Redirects: o.Redirects, Method: o.Method, Redaction: o.Redaction, Rejected: slices.Clone(o.Rejected),
	}
	b.Summary.AsOf = o.AsOf.UTC()
	b.Summary.NewSince = o.AsOf.UTC().AddDate(0, 0, -cmp.Or(o.NewDays, DefaultNew))
	b.Summary.StaleBefore = o.AsOf.UTC().AddDate(0, 0, -cmp.Or(o.StaleDays, DefaultStale))
	place := make(map[string]int, len(records))
	for i := range records {
		if _, dup := place[records[i].ID]; dup {
			return b, fmt.Errorf("record id %q occurs twice", records[i].ID)
		}
		place[records[i].ID] = i
	}
	if err := b.items(o, records, place); err != nil {
		return b, err
	}
	b.Copies = slices.DeleteFunc(b.Copies, func(c Copy) bool {
		return !slices.ContainsFunc(b.Items, func(it Item) bool { return it.ID == c.Of })
	})
	b.developments(o)
	b.products()
	b.gaps(o)
	b.empty()
	return b, b.count(records)
}

// Defaults of an outline's zero fields, in days.
const (
	DefaultNew   = 7
	DefaultStale = 30
)

func (b *MarketBrief) items(o Outline, records []evidence.Record, place map[string]int) error {
	future := 0
	for _, it := range o.Items {
		i, ok := place[it.RecordID]
		if !ok {
			return fmt.Errorf("item %s cites record %q, which is not among the records", it.ID, it.RecordID)
		}
		if it.Quote != nil {
			if err := evidence.CheckQuote(&records[i], *it.Quote); err != nil {
				b.Rejected = append(b.Rejected, artefact.Rejection{Statement: it.Quote.Text, Why: err.Error()})
				it.Quote = nil
			}
		}
		it.Published = records[i].Time
		if it.Published.After(b.Summary.AsOf.AddDate(0, 0, 1)) {
			future++
			it.Published = time.Time{}
		}
		switch {
		case it.Published.IsZero():
			it.Age = Undated
		case it.Published.Before(b.Summary.StaleBefore):
			it.Age = Stale
		case !it.Published.Before(b.Summary.NewSince):
			it.Age = New
		default:
			it.Age = Recent
		}
		it.New, it.Stale, it.Undated = it.Age == New, it.Age == Stale, it.Age == Undated
		it.Relevant = len(it.Touches) > 0
		it.Weighty = Weighty(it.Title)
		b.Items = append(b.Items, it)
	}
	slices.SortStableFunc(b.Items, func(x, y Item) int { return y.Published.Compare(x.Published) })
	b.Findings = slices.DeleteFunc(b.Findings, func(f artefact.Finding) bool { return f.Kind == futureItems })
	if future > 0 {
		b.Findings = append(b.Findings, artefact.Finding{
			Kind: futureItems, Severity: "warning", Count: future,
			Message: fmt.Sprintf("%s dated after the moment of this brief and counted as undated.", are(future, "item is", "items are")),
		})
	}
	return nil
}

const futureItems = "future_items"

func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// developments computes what each development is made of and ranks them.
func (b *MarketBrief) developments(o Outline) {
	at := map[string]*Item{}
	for i := range b.Items {
		at[b.Items[i].ID] = &b.Items[i]
	}
	copies := map[string]int{}
	for _, c := range b.Copies {
		copies[c.Of]++
	}
	for _, d := range o.Developments {
		d.ItemIDs = slices.DeleteFunc(slices.Clone(d.ItemIDs), func(id string) bool { return at[id] == nil })
		if len(d.ItemIDs) == 0 {
			continue
		}
		d.Records, d.Outlets, d.Products = 0, []string{}, []string{}
		var named, near, fresh, weighty []string
		age := Stale
		for _, id := range d.ItemIDs {
			it := at[id]
			d.Records += 1 + copies[id]
			if it.Outlet != "" && !slices.Contains(d.Outlets, it.Outlet) {
				d.Outlets = append(d.Outlets, it.Outlet)
			}
			for _, t := range it.Touches {
				if !slices.Contains(d.Products, t.Product) {
					d.Products = append(d.Products, t.Product)
				}
			}
			switch {
			case slices.ContainsFunc(it.Touches, func(t Touch) bool { return t.How == Named }):
				named = append(named, id)
			case it.Relevant:
				near = append(near, id)
			}
			if it.New {
				fresh = append(fresh, id)
			}
			if it.Weighty != "" {
				weighty = append(weighty, id)
			}
			age = younger(age, it.Age)
		}
		slices.Sort(d.Products)
		d.SingleSource = len(d.Outlets) < 2
		d.Age, d.Stale = age, age == Stale
		d.Factors = []Factor{
			factor("named", named, "items that name a product"),
			factor("near", near, "items near a product by their words"),
			factor("outlets", d.Outlets, "outlets that report it in words of their own"),
			factor("new", fresh, "new items"),
			factor("weighty", weighty, "items with a word of weight in their title"),
		}
		d.Importance = importance(d)
		if d.Set != nil {
			d.Importance = d.Set.Importance
		}
		b.Developments = append(b.Developments, d)
	}
	rank := map[string]int{"high": 0, "medium": 1, "low": 2}
	slices.SortStableFunc(b.Developments, func(x, y Development) int {
		return cmp.Or(rank[x.Importance]-rank[y.Importance], points(y)-points(x), len(y.ItemIDs)-len(x.ItemIDs), at[y.ItemIDs[0]].Published.Compare(at[x.ItemIDs[0]].Published))
	})
}

func factor(name string, items []string, means string) Factor {
	if items == nil {
		items = []string{}
	}
	return Factor{name, len(items), items, means}
}

func younger(a, b string) string {
	order := map[string]int{New: 0, Recent: 1, Undated: 2, Stale: 3}
	if order[b] < order[a] {
		return b
	}
	return a
}

func points(d Development) int {
	has := map[string]int{}
	for _, f := range d.Factors {
		has[f.Name] = f.Count
	}
	p := min(max(has["outlets"]-1, 0), 2)
	if has["named"] > 0 {
		p += 2
	}
	for _, f := range []string{"near", "new", "weighty"} {
		if has[f] > 0 {
			p++
		}
	}
	return p
}

func importance(d Development) string {
	switch p := points(d); {
	case d.Stale:
		return "low"
	case p >= 5:
		return "high"
	case p >= 3:
		return "medium"
	}
	return "low"
}

func (b *MarketBrief) products() {
	for i := range b.Products {
		p := &b.Products[i]
		p.Items = []string{}
		for _, it := range b.Items {
			if slices.ContainsFunc(it.Touches, func(t Touch) bool { return t.Product == p.Name }) {
				p.Items = append(p.Items, it.ID)
			}
		}
	}
}

// The gaps that are computed again on every change.
const (
	gapProducts = "Relevance to products"
	gapContext  = "Words around the products"
	gapSource   = "A second source"
	gapDates    = "Dates of some items"
	gapWeek     = "News of this week"
)

func computed(what string) bool {
	return what == gapProducts || what == gapContext || what == gapSource || what == gapDates || what == gapWeek
}

func (b *MarketBrief) gaps(o Outline) {
	b.Gaps = slices.DeleteFunc(slices.Clone(o.Gaps), func(g artefact.Gap) bool { return computed(g.What) })
	add := func(what, why, mend string) {
		b.Gaps = append(b.Gaps, artefact.Gap{What: what, Why: why, Mend: mend})
	}
	if len(b.Products) == 0 {
		add(gapProducts, "The workspace names no product, so nothing could be held against one.", "Name them in roleos.yaml, for example: products: {Sample Product: [its name, its feature]}.")
	}
	var bare []string
	for _, p := range b.Products {
		if !p.Spoken {
			bare = append(bare, p.Name)
		}
	}
	if len(bare) > 0 {
		add(gapContext, fmt.Sprintf("No record besides the feeds names %s, so only the stated terms could be looked for.", strings.Join(bare, ", ")), "Read feedback or meetings about it together with the feeds.")
	}
	if b.single() > 0 {
		add(gapSource, fmt.Sprintf("%s alone by one outlet; copies of its text do not count. A second one was looked for among all items and not found.", are(b.single(), "development is reported", "developments are reported")), "Look for another report before anybody acts on it, or add a feed that covers it.")
	}
	if slices.ContainsFunc(b.Items, func(it Item) bool { return it.Undated }) {
		add(gapDates, "The feed gives no date that can be read, or one after the moment of this brief.", "Open the item and look when it was published.")
	}
	if !slices.ContainsFunc(b.Items, func(it Item) bool { return it.New }) {
		add(gapWeek, "No item was published in the days that count as new.", "Fetch the feeds again, or read newer files.")
	}
}

func (b *MarketBrief) single() int {
	n := 0
	for _, d := range b.Developments {
		if d.SingleSource {
			n++
		}
	}
	return n
}

// empty makes absent lists empty ones, so that the JSON has no null.
func (b *MarketBrief) empty() {
	artefact.Present(&b.Sources)
	artefact.Present(&b.Products)
	artefact.Present(&b.Developments)
	artefact.Present(&b.Items)
	artefact.Present(&b.Copies)
	artefact.Present(&b.Findings)
	artefact.Present(&b.Gaps)
	artefact.Present(&b.Rejected)
	for i := range b.Findings {
		artefact.Present(&b.Findings[i].Where)
	}
	for i := range b.Products {
		artefact.Present(&b.Products[i].Terms)
		artefact.Present(&b.Products[i].Learned)
	}
	for i := range b.Items {
		artefact.Present(&b.Items[i].Touches)
		for k := range b.Items[i].Touches {
			artefact.Present(&b.Items[i].Touches[k].Terms)
		}
	}
	artefact.Present(&b.Method.Steps)
	artefact.Present(&b.Method.Limits)
	artefact.Present(&b.Method.Notes)
	if b.Redirects == nil {
		b.Redirects = map[string]string{}
	}
	if b.Redaction.Masked == nil {
		b.Redaction.Masked = map[string]int{}
	}
}
