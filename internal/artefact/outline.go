package artefact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"roleos/internal/evidence"
)

// Outline is all that an analyst or a reviewer decides about a synthesis.
// Compose computes the rest.
type Outline struct {
	Title     string
	Sample    bool
	Sources   []evidence.Source
	Themes    []Grouping
	Groups    []Bundle
	Findings  []Finding
	Gaps      []Gap
	Redirects map[string]string
	Rejected  []Rejection
	Method    Method
	Redaction Redaction
	// Validated maps a segment with an alert ("plan=enterprise") to the person who
	// confirmed it; an alert on a theme is confirmed with its theme.
	Validated map[string]string
}

// Grouping is one theme before its numbers.
type Grouping struct {
	ID        string
	Label     string
	Statement string
	Says      *evidence.Quote
	Parent    string
	Records   []string
	Mentions  []string
	Signals   Signals
	Quotes    []evidence.Quote
	Phrases   []string
	Validated string
	Edited    bool
}

// Bundle is one upper-level group before its numbers.
type Bundle struct {
	ID    string
	Label string // empty, or words that few of its records hold: Compose names it by its largest themes
}

// Policy is what a workspace sets for every synthesis.
type Policy struct {
	Weights        map[string]float64 // of the factors in an issue's score
	SegmentWeights map[string]float64 // "plan=enterprise" -> weight; 1 for the rest
	Q              float64            // a test says something at or below this false-discovery rate
	Least          int                // fewest records of a period that is judged
	Ratio          float64            // smallest change of share worth an alert, as a ratio above 1
	Intensity      evidence.Measure   // 0..1 per record
	Praise         evidence.Measure   // 0..1 per record: it praises and names no trouble; nil: nobody praises
	Confidence     func(Signals) float64
	Level          func(confidence float64) string // high, medium, low
}

// Names of the declared measures and methods in figures.
const (
	MeasureIntensity     = "intensity"
	MeasurePraise        = "praise"
	MeasureSegmentWeight = "segment_weight"
	MethodConfidence     = "confidence"
)

// ThemeID makes a theme's stable id from the text at its centre: the part of
// the record that starts at byte start.
func ThemeID(centre *evidence.Record, start int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", centre.ID, start, centre.Text))
	return "t-" + hex.EncodeToString(sum[:4])
}

// Outline returns what was decided in s, so that an edit can be made and the
// rest computed again.
func (s FeedbackSynthesis) Outline() Outline {
	o := Outline{
		Title: s.Title, Sample: s.Sample, Sources: s.Sources, Findings: s.Findings,
		Redirects: map[string]string{}, Rejected: s.Rejected, Method: s.Method, Redaction: s.Redaction,
		Validated: map[string]string{},
	}
	for k, v := range s.Redirects {
		o.Redirects[k] = v
	}
	for _, g := range s.Gaps {
		if !g.computed() {
			o.Gaps = append(o.Gaps, g)
		}
	}
	for _, t := range s.Themes {
		o.Themes = append(o.Themes, Grouping{
			ID: t.ID, Label: t.Label, Statement: t.Statement, Says: t.Says, Parent: t.Parent,
			Records: t.RecordIDs, Mentions: t.AlsoIn, Signals: t.Signals, Quotes: t.Quotes,
			Phrases: t.Phrases, Validated: t.Validated, Edited: t.Edited,
		})
	}
	for _, g := range s.Groups {
		label := g.Label
		if label == s.membersLabel(g.ThemeIDs, true) || label == s.membersLabel(g.ThemeIDs, false) {
			label = "" // made of theme labels: made again, should one be renamed
		}
		o.Groups = append(o.Groups, Bundle{ID: g.ID, Label: label})
	}
	for _, a := range s.Alerts {
		if a.Segment != "" && a.Validated != "" {
			o.Validated[a.Segment+"="+a.Value] = a.Validated
		}
	}
	return o
}

// Corpus returns the corpus that s's figures are computed over.
func (s FeedbackSynthesis) Corpus(records []evidence.Record, p Policy) (*evidence.Corpus, error) {
	return corpus(s.Outline().Themes, records, p, s.Formula.SegmentWeights)
}

func corpus(themes []Grouping, records []evidence.Record, p Policy, segmentWeights map[string]float64) (*evidence.Corpus, error) {
	members := make([]evidence.Membership, len(themes))
	for i, t := range themes {
		members[i] = evidence.Membership{Theme: t.ID, Records: t.Records, Mentions: t.Mentions}
	}
	c, err := evidence.NewCorpus(records, members)
	if err != nil {
		return nil, err
	}
	c.Define(MeasureIntensity, p.Intensity)
	praise := p.Praise
	if praise == nil {
		praise = func(*evidence.Record) float64 { return 0 }
	}
	c.Define(MeasurePraise, praise)
	c.Define(MeasureSegmentWeight, segmentWeight(segmentWeights))
	c.DefineMethod(MethodConfidence, func(in map[string]float64) float64 {
		return p.Confidence(Signals{
			Silhouette: in["silhouette"], Stability: in["stability"], InnerEdges: in["inner_edges"],
			Cohesion: in["cohesion"], Margin: in["margin"],
			Named: in["named"], Marker: in["marker"], Size: int(in["size"]),
		})
	})
	return c, nil
}

// segmentWeight returns a record's weight over the largest weight there is: the
// product of the weights of its segment values.
func segmentWeight(weights map[string]float64) evidence.Measure {
	top := map[string]float64{}
	for k, w := range weights {
		name := segmentName(k)
		top[name] = max(top[name], w, 1)
	}
	most := 1.0
	for _, w := range top {
		most *= w
	}
	return func(r *evidence.Record) float64 {
		v := 1.0
		for name := range top {
			if w, ok := weights[name+"="+r.Segment(name)]; ok {
				v *= w
			}
		}
		return v / most
	}
}

func segmentName(key string) string {
	for i := range key {
		if key[i] == '=' {
			return key[:i]
		}
	}
	return key
}
