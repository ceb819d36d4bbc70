package market

import (
	"time"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Schema names the JSON form; Kind names the artefact and its contract.
const (
	Schema = "roleos/market-brief/v1"
	Kind   = "market-brief"
)

// MarketBrief is what feeds said about a market up to a moment. The same input gives the same bytes.
type MarketBrief struct {
	Schema       string               `json:"schema"`
	Title        string               `json:"title"`
	Sample       bool                 `json:"sample"`
	Sources      []evidence.Source    `json:"sources"`
	Summary      Summary              `json:"summary"`
	Products     []Product            `json:"products"`
	Developments []Development        `json:"developments"` // most important first
	Items        []Item               `json:"items"`        // newest first, undated last; copies left out
	Copies       []Copy               `json:"copies"`       // records that repeat an item
	Findings     []artefact.Finding   `json:"findings"`
	Gaps         []artefact.Gap       `json:"gaps"`
	Redirects    map[string]string    `json:"redirects"` // id of a merged development -> the one it is in; of a dropped item -> "dropped"
	Method       artefact.Method      `json:"method"`
	Redaction    artefact.Redaction   `json:"redaction"`
	Figures      []evidence.Figure    `json:"figures"`
	Rejected     []artefact.Rejection `json:"rejected"`
}

// Summary opens the report. Every number in it is a figure.
type Summary struct {
	Records      int       `json:"records"` // all that were read, feeds or not
	Items        int       `json:"items"`
	Copies       int       `json:"copies"`
	New          int       `json:"new"`
	Stale        int       `json:"stale"`
	Undated      int       `json:"undated"`
	Relevant     int       `json:"relevant"`
	Developments int       `json:"developments"`
	SingleSource int       `json:"single_source"` // developments that one source alone reports
	AsOf         time.Time `json:"as_of"`         // the moment that ages are measured from
	NewSince     time.Time `json:"new_since"`     // what was published from then on is new
	StaleBefore  time.Time `json:"stale_before"`  // what was published before is stale
}

// Product is one thing that the workspace builds.
type Product struct {
	Name    string   `json:"name"`
	Terms   []string `json:"terms"`     // as the workspace states them
	Learned []Term   `json:"learned"`   // words that stand beside it in the workspace's own records
	Spoken  bool     `json:"spoken_of"` // records that are no items of feeds name it
	Items   []string `json:"items"`     // ids of the items that touch it
}

// Term is a word that records about a product use more than others do.
type Term struct {
	Word string `json:"word"`
	Why  string `json:"why"`
}

// Item is one piece of news, its copies counted once.
type Item struct {
	ID        string          `json:"id"`
	RecordID  string          `json:"record_id"`
	Title     string          `json:"title"`
	Link      string          `json:"link"`
	Outlet    string          `json:"outlet"` // host of its link, or the feed's name
	Published time.Time       `json:"published,omitzero"`
	Age       string          `json:"age"` // new, recent, stale, undated
	New       bool            `json:"new"`
	Stale     bool            `json:"stale"`
	Undated   bool            `json:"undated"`
	Relevant  bool            `json:"relevant"`
	Touches   []Touch         `json:"touches"`
	Weighty   string          `json:"weighty,omitempty"` // the word of weight it holds: acquires, price, breach, ...
	Quote     *evidence.Quote `json:"quote,omitempty"`
}

// The ages of an item.
const (
	New     = "new"
	Recent  = "recent"
	Stale   = "stale"
	Undated = "undated"
)

// Touch says why an item is relevant to a product.
type Touch struct {
	Product string   `json:"product"`
	How     string   `json:"how"` // named, near
	Terms   []string `json:"terms"`
}

// How an item touches a product.
const (
	Named = "named" // it uses a term the workspace states
	Near  = "near"  // it uses at least NearTerms words that stand beside the product elsewhere
)

// NearTerms is how many different learned words make an item near a product.
const NearTerms = 2

// Copy is a record that repeats an item.
type Copy struct {
	RecordID string `json:"record_id"`
	Of       string `json:"of"`     // item id
	Outlet   string `json:"outlet"` // who repeats it
	Why      string `json:"why"`    // same guid, same link, same text
}

// Development is what several items, or one that stands alone, tell of.
type Development struct {
	ID           string   `json:"id"`
	Label        string   `json:"label"` // the title of its most telling item, or what a person called it
	ItemIDs      []string `json:"item_ids"`
	Records      int      `json:"records"` // items and their copies
	Products     []string `json:"products"`
	Outlets      []string `json:"outlets"` // that wrote about it themselves
	SingleSource bool     `json:"single_source"`
	Age          string   `json:"age"` // of its newest item
	Stale        bool     `json:"stale"`
	Importance   string   `json:"importance"` // high, medium, low: by ImportanceRule, unless a person set it
	Factors      []Factor `json:"factors"`
	Set          *Set     `json:"set,omitempty"`
}

// Factor is one stated signal of importance. Count is the length of Items.
type Factor struct {
	Name  string   `json:"name"` // named, near, outlets, new, weighty
	Count int      `json:"count"`
	Items []string `json:"items"`
	Means string   `json:"means"`
}

// Set is a person's word on a development's importance.
type Set struct {
	Importance string `json:"importance"`
	Why        string `json:"why"`
	By         string `json:"by"`
}

// Parse reads a brief strictly: unknown fields and another schema are refused.
func Parse(body []byte) (MarketBrief, error) {
	return artefact.Read(body, Schema, func(b MarketBrief) string { return b.Schema })
}

// Quotes returns every quote, the most important developments' first.
func (b MarketBrief) Quotes() []evidence.Quote {
	at := map[string]int{}
	for i := range b.Items {
		at[b.Items[i].ID] = i
	}
	var out []evidence.Quote
	done := map[string]bool{}
	add := func(it Item) {
		if it.Quote != nil && !done[it.ID] {
			out = append(out, *it.Quote)
		}
		done[it.ID] = true
	}
	for _, d := range b.Developments {
		for _, id := range d.ItemIDs {
			if i, ok := at[id]; ok {
				add(b.Items[i])
			}
		}
	}
	for _, it := range b.Items {
		add(it)
	}
	return out
}
