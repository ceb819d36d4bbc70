package artefact

import (
	"strings"
	"time"

	"roleos/internal/evidence"
)

// SynthesisSchema names the JSON form of a FeedbackSynthesis.
const SynthesisSchema = "roleos/feedback-synthesis/v1"

// FeedbackSynthesis is what a batch of feedback says: its themes, who they
// come from, what to look at first, and what does not fit. It holds no clock
// reading and no random id: the same input gives the same bytes.
type FeedbackSynthesis struct {
	Schema     string            `json:"schema"`
	Title      string            `json:"title"`
	Sample     bool              `json:"sample"` // made from the embedded sample, not from real feedback
	Sources    []evidence.Source `json:"sources"`
	Summary    Summary           `json:"summary"`
	Themes     []Theme           `json:"themes"` // largest first
	Groups     []Group           `json:"groups"` // upper level; empty when there are few themes
	Segments   []Dimension       `json:"segments"`
	Periods    []Period          `json:"periods"` // empty when too few records carry a time
	Issues     []Issue           `json:"issues"`  // highest score first
	Formula    Formula           `json:"formula"`
	Alerts     []Alert           `json:"alerts"`
	Unassigned []string          `json:"unassigned"` // ids of records that fit nowhere
	Findings   []Finding         `json:"findings"`   // about the data
	Gaps       []Gap             `json:"gaps"`       // what could not be said, and what would mend it
	Redirects  map[string]string `json:"redirects"`  // id of a merged or dropped theme -> the theme it went to, or "unassigned"
	Method     Method            `json:"method"`
	Redaction  Redaction         `json:"redaction"`
	Figures    []evidence.Figure `json:"figures"`
	Rejected   []Rejection       `json:"rejected"` // statements an analyst made that the evidence did not bear out
}

// Summary opens the report.
type Summary struct {
	Records       int        `json:"records"`
	Assigned      int        `json:"assigned"`
	AssignedShare float64    `json:"assigned_share"`
	Themes        int        `json:"themes"`
	NeedCheck     int        `json:"need_check"` // themes a person has to look at
	From          time.Time  `json:"from,omitzero"`
	To            time.Time  `json:"to,omitzero"` // time of the last record
	Headlines     []Headline `json:"headlines"`   // at most five
}

// Headline is one sentence made by code from the numbers at the places it names.
type Headline struct {
	Text    string   `json:"text"`
	Numbers []string `json:"numbers"` // JSON pointers of the numbers in Text
}

// Theme is one group of records that say the same thing.
type Theme struct {
	ID         string           `json:"id"` // stable: made from the record that stands at its centre
	Label      string           `json:"label"`
	Statement  string           `json:"statement"`      // one sentence around a verbatim quote
	Says       *evidence.Quote  `json:"says,omitempty"` // the quote inside Statement
	Parent     string           `json:"parent,omitempty"`
	RecordIDs  []string         `json:"record_ids"`   // each record is counted in one theme only
	AlsoIn     []string         `json:"mentioned_in"` // records counted elsewhere that raise this too
	Count      int              `json:"count"`
	Share      float64          `json:"share"`     // of all records, 0..1
	ShareLow   float64          `json:"share_low"` // 95 % interval (Wilson)
	ShareHigh  float64          `json:"share_high"`
	Intensity  float64          `json:"intensity"`        // 0..1, mean over its records
	Praise     float64          `json:"praise"`           // 0..1, share of its records that only praise
	Confidence float64          `json:"confidence"`       // 0..1, estimated share of records that belong together
	Level      string           `json:"confidence_level"` // high, medium, low
	NeedsCheck bool             `json:"needs_check"`      // true when Level is low and nobody has validated it
	Signals    Signals          `json:"signals"`
	Trend      *Trend           `json:"trend,omitempty"`
	Segments   []Cell           `json:"segments"`
	Quotes     []evidence.Quote `json:"quotes"`
	Phrases    []string         `json:"phrases"`                // the words that tell it apart
	Validated  string           `json:"validated_by,omitempty"` // person who confirmed the pattern
	Edited     bool             `json:"edited,omitempty"`       // a person renamed, merged or split it
}

// Signals are the inputs of Confidence, as the analyst measured them (0..1 but Size).
type Signals struct {
	Silhouette float64 `json:"silhouette"`
	Stability  float64 `json:"stability"`
	InnerEdges float64 `json:"inner_edges"`
	Cohesion   float64 `json:"cohesion"`
	Margin     float64 `json:"margin"`
	Named      float64 `json:"named"`  // share of its texts with a word of its phrases
	Marker     float64 `json:"marker"` // how well its best single word tells it apart
	Size       int     `json:"size"`
}

// Group is the upper level above themes.
type Group struct {
	ID       string   `json:"id"`
	Label    string   `json:"label"`
	ThemeIDs []string `json:"theme_ids"`
	Count    int      `json:"count"`
	Share    float64  `json:"share"`
}

// Direction says where a theme's share is going.
type Direction string

// The directions.
const (
	Rising    Direction = "rising"
	Falling   Direction = "falling"
	Steady    Direction = "steady"
	TooLittle Direction = "too little data"
)

// Trend is a theme's share by period. The rows run along the artefact's Periods.
type Trend struct {
	Direction Direction `json:"direction"`
	Counts    []int     `json:"counts"`
	Shares    []float64 `json:"shares"`
	ChangeP   []float64 `json:"change_p"` // each period against all before it; 1 where too thin to judge
	Balance   float64   `json:"balance"`  // later half's share over the sum of both halves' shares; 0.5 is no change
	P         float64   `json:"p"`        // later half against earlier half, Fisher's exact test
	Q         float64   `json:"q"`        // P adjusted over all themes
}

// Period is one column of every trend.
type Period struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"` // exclusive
	Label   string    `json:"label"`
	Records int       `json:"records"`
	Thin    bool      `json:"thin"` // too few records to judge
}

// When says in words when the period is: "in the week of 14 Sep 2026". A label
// it does not know stands as it is.
func (p Period) When() string {
	switch {
	case p.week():
		return "in the week of " + p.Start.Format("2 Jan 2006")
	case p.Label == p.Start.Format(time.DateOnly):
		return "on " + p.Start.Format("2 Jan 2006")
	case p.Label == p.Start.Format("2006-01"):
		return "in " + p.Start.Format("January 2006")
	}
	return "in " + p.Label
}

// Day returns the first day of a week, "14 Sep", and "" for any other period.
func (p Period) Day() string {
	if p.week() {
		return p.Start.Format("2 Jan")
	}
	return ""
}

func (p Period) week() bool { return strings.Contains(p.Label, "-W") && !p.Start.IsZero() }

// Dimension is one way the records are divided: plan, region, channel.
type Dimension struct {
	Name    string         `json:"name"`
	Known   int            `json:"known"`   // records that have a value
	Values  []SegmentValue `json:"values"`  // most frequent first
	Omitted int            `json:"omitted"` // further values not broken down
}

// SegmentValue is one value of a dimension.
type SegmentValue struct {
	Value   string    `json:"value"`
	Count   int       `json:"count"`
	Share   float64   `json:"share"`              // of the records that have a value
	Counts  []int     `json:"counts,omitempty"`   // along Periods
	ChangeP []float64 `json:"change_p,omitempty"` // of the value's share among records that have one
}

// Cell is one theme in one segment, tested against the rest.
type Cell struct {
	Segment   string  `json:"segment"`
	Value     string  `json:"value"`
	Count     int     `json:"count"`      // records of the theme in the segment
	Share     float64 `json:"share"`      // of the segment's records
	RestShare float64 `json:"rest_share"` // of the records with another value
	Lift      float64 `json:"lift"`       // ratio of the two, with half a record added to each count
	P         float64 `json:"p"`          // Fisher's exact test, two-sided
	Q         float64 `json:"q"`          // P adjusted over all cells (Benjamini-Hochberg)
	Verdict   Verdict `json:"verdict"`
}

// Verdict says what the test of a cell found.
type Verdict string

// The verdicts: over and under are given at Q <= 0.05 only.
const (
	Over       Verdict = "over"
	Under      Verdict = "under"
	AsExpected Verdict = "as expected"
)

// Issue is one entry of the prioritised list.
type Issue struct {
	Rank    int      `json:"rank"`
	ThemeID string   `json:"theme_id"`
	Title   string   `json:"title"`
	Score   float64  `json:"score"`   // 0..100
	Praise  float64  `json:"praise"`  // 0..1, of its theme: the weighted mean of the factors is multiplied by 1 - Praise
	Factors []Factor `json:"factors"` // those with data behind them; see Formula
}

// Factor is one part of an issue's score.
type Factor struct {
	Name   string  `json:"name"`  // reach, intensity, growth, segment_weight, confidence
	Value  float64 `json:"value"` // 0..1
	Weight float64 `json:"weight"`
	Means  string  `json:"means"` // the value in words
}

// Formula states how issues are ranked.
type Formula struct {
	Text           string             `json:"text"`
	Weights        map[string]float64 `json:"weights"`         // of the factors that have data behind them
	SegmentWeights map[string]float64 `json:"segment_weights"` // "plan=enterprise": 2; a record without an entry weighs 1
}

// AlertKind names a pattern over time.
type AlertKind string

// The kinds of alert.
const (
	Emerging AlertKind = "emerging"
	Spiking  AlertKind = "spiking"
	Fading   AlertKind = "fading"
)

// Alert is a share that left its own history. It speaks of shares, never of
// volume: more tickets alone raise nothing.
type Alert struct {
	Kind      AlertKind `json:"kind"`
	ThemeID   string    `json:"theme_id,omitempty"`
	Segment   string    `json:"segment,omitempty"` // set for a segment's share, with Value
	Value     string    `json:"value,omitempty"`
	Period    string    `json:"period"` // label of the period
	Count     int       `json:"count"`
	Share     float64   `json:"share"`
	Before    float64   `json:"share_before"` // share over all earlier periods
	P         float64   `json:"p"`
	Q         float64   `json:"q"`     // P adjusted over every theme, segment and period tested
	Ratio     float64   `json:"ratio"` // Share over Before, with half a record added to each count
	Test      string    `json:"test"`
	Statement string    `json:"statement"`
	Validated string    `json:"validated_by,omitempty"`
}

// Finding is something the reader must know about the data itself.
type Finding struct {
	Kind     string   `json:"kind"`     // duplicate_id, empty_text, excel_damage, gap, bad_row, ...
	Severity string   `json:"severity"` // info, warning
	Message  string   `json:"message"`
	Where    []string `json:"where"` // places, at most 20
	Count    int      `json:"count"`
}

// Gap is something the artefact does not say because the input does not hold it.
type Gap struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Mend string `json:"mend"`
}

// Rejection is a statement dropped because it was not grounded.
type Rejection struct {
	Statement string `json:"statement"`
	Why       string `json:"why"`
}

// Method says how the draft was made and where that ends.
type Method struct {
	Analyst string   `json:"analyst"` // offline, or the model's name
	Version string   `json:"version"`
	Seed    uint64   `json:"seed"`
	Steps   []string `json:"steps"`
	Limits  []string `json:"limits"`
	Notes   []string `json:"notes"`
}

// Redaction says what was masked before anything was read.
type Redaction struct {
	On     bool           `json:"on"`
	Masked map[string]int `json:"masked"` // kind -> number
}
