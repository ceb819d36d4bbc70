package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/report/frame"
	"roleos/internal/report/say"
)

// View is everything a report shows. The zero value of every field is allowed;
// what is missing is left out or said to be missing.
type View struct {
	Draft     string    // id: "fs-3f2a91c0"
	Revision  string    // number: "2"
	Digest    string    // of the revision's bytes: "sha256:..."
	State     string    // as in handoff: "validated", "in_review", ...
	Said      string    // the reviewer's last words; may be empty
	Generated time.Time // shown as the time of the report; zero: not shown
	Synthesis artefact.FeedbackSynthesis
	// Records returns the record behind a quote. Nil: quotes stand without their rows.
	Records func(id string) (evidence.Record, bool)
	// SourceName returns the name of a source for a reader. Nil: the artefact's own names.
	SourceName func(id string) string
	Gates      []Gate
	Next       []string // exact next commands, the first is the one to take
	ModeWhy    string   // a sentence that says why
	Mode       string   // how the agent worked: autonomous or coordinated
	Solo       bool     // author and reviewer may be the same person
}

// Gate is the result of one check of the contract.
type Gate = frame.Gate

// Frame is what stands around the artefact.
func (v *View) Frame() frame.Frame {
	return frame.Frame{
		Draft: v.Draft, Revision: v.Revision, Digest: v.Digest, State: v.State, Said: v.Said, Generated: v.Generated,
		Gates: v.Gates, Next: v.Next, Solo: v.Solo, Mode: v.Mode, ModeWhy: v.ModeWhy,
	}
}

// record returns the record with the id, or false when it is not at hand.
func (v *View) record(id string) (evidence.Record, bool) {
	if v.Records == nil {
		return evidence.Record{}, false
	}
	return v.Records(id)
}

// place names where a record stands: "export.csv row 12", or "" when not known.
func (v *View) place(id string) string {
	r, ok := v.record(id)
	if !ok {
		return ""
	}
	return r.Where(v.source(r.Source))
}

func (v *View) source(id string) string {
	if v.SourceName != nil {
		if n := v.SourceName(id); n != "" {
			return n
		}
	}
	for _, s := range v.Synthesis.Sources {
		if s.ID == id {
			return s.Name
		}
	}
	return id
}

// title returns the synthesis' title, or a plain one.
func (v *View) title() string {
	if t := strings.TrimSpace(v.Synthesis.Title); t != "" {
		return t
	}
	return "Feedback synthesis"
}

// themes maps ids to themes.
func (v *View) themes() map[string]*artefact.Theme {
	m := make(map[string]*artefact.Theme, len(v.Synthesis.Themes))
	for i := range v.Synthesis.Themes {
		m[v.Synthesis.Themes[i].ID] = &v.Synthesis.Themes[i]
	}
	return m
}

// lead says in one paragraph what the records hold.
func (v *View) lead() string {
	s := v.Synthesis.Summary
	if s.Records == 0 {
		return "There are no records, so there is nothing to report."
	}
	var b strings.Builder
	b.WriteString(say.Plural(s.Records, "record", "records"))
	if n := len(v.Synthesis.Sources); n > 0 {
		b.WriteString(" from " + say.Plural(n, "file", "files"))
	}
	if d := say.Period(s.From, s.To); d != "" {
		b.WriteString(", dated " + d + ",")
	}
	if s.Themes == 0 {
		b.WriteString(say.Verb(s.Records, " forms", " form") + " no theme.")
	} else {
		fmt.Fprintf(&b, "%s %s that %s %s (%s).", say.Verb(s.Records, " forms", " form"),
			say.Plural(s.Themes, "theme", "themes"), say.Verb(s.Themes, "holds", "hold"), v.held(), say.Share(s.AssignedShare))
	}
	if n := s.Records - s.Assigned; n > 0 {
		fmt.Fprintf(&b, " %s %s nowhere and %s listed, not forced.", say.Count(n), say.Verb(n, "fits", "fit"), say.Verb(n, "is", "are"))
	}
	if n := s.NeedCheck; n > 0 {
		fmt.Fprintf(&b, " %s low confidence and %s a person's check.", say.Plural(n, "theme has", "themes have"), say.Verb(n, "needs", "need"))
	}
	return b.String()
}

// held says how many of the records are in a theme, in words that fit one record.
func (v *View) held() string {
	s := v.Synthesis.Summary
	if s.Records == 1 {
		return say.Verb(s.Assigned, "it", "nothing")
	}
	return say.Count(s.Assigned) + " of them"
}

// coverage says that s speaks for a part of the rows only, or "".
func (v *View) coverage() string {
	h, ok := v.Synthesis.Coverage()
	if !ok {
		return ""
	}
	return h.Text
}

// validated says who confirmed the theme, or "".
func validated(t *artefact.Theme) string {
	if t.Validated == "" {
		return ""
	}
	return "validated by " + t.Validated
}

// praiseNote says that part of a theme's records only praise, or "".
func praiseNote(praise float64) string {
	if !(praise > 0) {
		return ""
	}
	return say.Share(praise) + " of its records only praise"
}

// standout is one cell whose test found something.
type standout struct {
	Theme *artefact.Theme
	Cell  artefact.Cell
}

// standouts returns the cells over, then those under; surest first, the
// stronger first among equals.
func (v *View) standouts() []standout {
	var out []standout
	for i := range v.Synthesis.Themes {
		t := &v.Synthesis.Themes[i]
		for _, c := range t.Segments {
			if told(c) {
				out = append(out, standout{t, c})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b standout) int {
		return cmp.Or(under(a.Cell)-under(b.Cell), cmp.Compare(a.Cell.Q, b.Cell.Q), cmp.Compare(strength(b.Cell), strength(a.Cell)))
	})
	return out
}

// told reports whether the test of a cell lets anything be said about it.
func told(c artefact.Cell) bool { return c.Verdict == artefact.Over || c.Verdict == artefact.Under }

func under(c artefact.Cell) int {
	if c.Verdict == artefact.Under {
		return 1
	}
	return 0
}

func strength(c artefact.Cell) float64 {
	if c.Lift <= 0 {
		return 0
	}
	return math.Abs(math.Log(c.Lift))
}

// versus compares a cell with the rest: "28.1% of its records, 9.4% elsewhere".
func versus(c artefact.Cell) string {
	return fmt.Sprintf("%s of its records, %s elsewhere", say.Share(c.Share), say.Share(c.RestShare))
}

// flagged returns the themes a person has to look at.
func (v *View) flagged() []*artefact.Theme {
	var out []*artefact.Theme
	for i := range v.Synthesis.Themes {
		if t := &v.Synthesis.Themes[i]; t.NeedsCheck {
			out = append(out, t)
		}
	}
	return out
}

// factorName turns a factor's key into words: segment_weight -> segment weight.
func factorName(key string) string { return strings.ReplaceAll(key, "_", " ") }

// contributions returns what each factor adds to the issue's score (0..100),
// and whether they add up to it, as a weighted mean damped by praise does.
func contributions(is artefact.Issue) ([]float64, bool) {
	total := 0.0
	for _, f := range is.Factors {
		total += f.Weight
	}
	out := make([]float64, len(is.Factors))
	if total <= 0 {
		return out, false
	}
	sum := 0.0
	for i, f := range is.Factors {
		if f.Weight < 0 || f.Value < 0 {
			return out, false
		}
		out[i] = 100 * f.Weight * f.Value / total * (1 - is.Praise)
		sum += out[i]
	}
	return out, math.Abs(sum-is.Score) < 0.05
}

// warningsFirst returns the findings with warnings in front, else as they stood.
func warningsFirst(list []artefact.Finding) []artefact.Finding {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b artefact.Finding) int {
		return cmp.Compare(severityRank(a.Severity), severityRank(b.Severity))
	})
	return out
}

func severityRank(s string) int {
	if s == "warning" {
		return 0
	}
	return 1
}
