package feedbackriver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/textmine"
	"roleos/internal/textmine/label"
)

// Kind is the artefact that the Feedback River drafts.
const Kind = "feedback-synthesis"

// Version names the offline analyst's method; it changes when its results may.
const Version = "textmine/1"

// Options set how the agent drafts. The zero value of Mining is its defaults.
type Options struct {
	Mining textmine.Options
	Policy artefact.Policy // see Policy
	// Wording names the model that words what statistics found; usually none.
	Wording wording.Options
}

// Agent is the Feedback River with the offline analyst.
type Agent struct{ o Options }

// New returns the agent.
func New(o Options) *Agent { return &Agent{o: o} }

// Policy returns p with the declared measures and methods of the offline analyst.
func Policy(p artefact.Policy) artefact.Policy {
	p.Intensity = func(r *evidence.Record) float64 {
		v, _ := label.Intensity(readable(r))
		return v
	}
	p.Praise = praise
	p.Confidence = func(s artefact.Signals) float64 {
		v, _ := label.ConfidenceWith(label.Signals{
			Silhouette: s.Silhouette, Stability: s.Stability, InnerEdges: s.InnerEdges,
			Cohesion: s.Cohesion, Margin: s.Margin, Size: s.Size,
		}, label.Wording{Named: s.Named, Marker: s.Marker})
		return v
	}
	p.Level = func(c float64) string { return string(label.LevelOf(c)) }
	return p
}

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
	s, err := artefact.Compose(o, t.Records, a.o.Policy)
	if err != nil {
		return agents.Draft{}, err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return agents.Draft{}, fmt.Errorf("write the synthesis: %w", err)
	}
	return agents.Draft{Kind: Kind, Title: s.Title, Body: body, Taint: t.Taint(taint...)}, nil
}

// Outline groups and names the task's records and leaves the counting to Compose.
func (a *Agent) Outline(ctx context.Context, t agents.Task) (artefact.Outline, error) {
	docs := make([]textmine.Doc, len(t.Records))
	for i := range t.Records {
		docs[i] = textmine.Doc{Text: t.Records[i].Text, Skip: ranges(t.Records[i].Masks)}
	}
	mining := a.o.Mining
	if t.Progress != nil {
		mining.Progress = func(stage string, done, total int) { t.Progress(stageName(stage), done, total) }
	}
	found, err := textmine.Analyze(ctx, docs, mining)
	if err != nil {
		return artefact.Outline{}, fmt.Errorf("group the feedback: %w", err)
	}
	o := artefact.Outline{
		Title: title(t), Sample: t.Sample, Sources: t.Sources, Findings: t.Findings, Redaction: t.Redaction,
		Method: method(mining),
	}
	texts := unitTexts(found, t.Records)
	phrases, wording := label.Describe(texts, found.UnitTheme, len(found.Themes))
	names := label.Unique(named(phrases), phrases)
	o.Groups, o.Themes = groups(found, texts), make([]artefact.Grouping, len(found.Themes))
	for i, th := range found.Themes {
		o.Themes[i] = grouping(th, texts, phrases[i], names[i], t.Records, o.Groups)
		o.Themes[i].Signals = signals(th.Signals, wording[i])
	}
	for doc, also := range found.Also {
		for _, th := range also {
			o.Themes[th].Mentions = append(o.Themes[th].Mentions, t.Records[doc].ID)
		}
	}
	return o, nil
}

func signals(s textmine.Signals, w label.Wording) artefact.Signals {
	return artefact.Signals{
		Silhouette: s.Silhouette, Stability: s.Stability, InnerEdges: s.InnerEdges, Cohesion: s.Cohesion,
		Margin: s.Margin, Named: w.Named, Marker: w.Marker, Size: s.Size,
	}
}

func named(phrases [][]label.Phrase) []string {
	names := make([]string, len(phrases))
	for i, ps := range phrases {
		names[i] = label.Name(ps)
	}
	return names
}

// stageName says in words what the analyst is at.
func stageName(stage string) string {
	switch stage {
	case "read":
		return "Reading the texts"
	case "space":
		return "Comparing words"
	case "neighbours":
		return "Linking similar texts"
	case "themes":
		return "Finding themes"
	case "assign":
		return "Placing the other texts"
	case "signals", "done":
		return "Measuring how sure each theme is"
	}
	return "Grouping the texts"
}

func title(t agents.Task) string {
	switch {
	case len(t.Sources) == 1:
		return "Feedback synthesis of " + t.Sources[0].Name
	case len(t.Sources) > 1:
		return fmt.Sprintf("Feedback synthesis of %s and %d more sources", t.Sources[0].Name, len(t.Sources)-1)
	}
	return "Feedback synthesis"
}

func method(o textmine.Options) artefact.Method {
	return artefact.Method{
		Analyst: "offline", Version: Version, Seed: cmp.Or(o.Seed, 1),
		Steps: []string{
			"Long texts that hold several issues are split by sentence; equal texts count once while grouping and each in every count.",
			"Words, word parts and words that keep the same company give each text a direction; near texts are linked.",
			"The map equation cuts the network of links into as many themes as describe it best; what is near nothing stays unassigned.",
			"A theme is named by the words that tell it apart from the others and speaks through quotes copied word for word.",
			"Every number is computed from the records by the query beside it.",
		},
		Limits: []string{
			"Grouping looks at words, not at meaning: two ways to say the same thing without common words may be two themes, and irony is lost.",
			"Intensity and praise know English words only, and irony passes for praise.",
			"Shares describe the records in this input, not all customers.",
			"A test against segments or time says that a difference is unlikely to be chance, not why it is there.",
		},
	}
}

// unitTexts cuts the units out of their records, with their masks.
func unitTexts(found *textmine.Result, records []evidence.Record) []label.Text {
	texts := make([]label.Text, len(found.Units))
	for i, u := range found.Units {
		r := &records[u.Doc]
		x := label.Text{Doc: u.Doc, Start: u.Start, End: u.End, Text: r.Text[u.Start:u.End]}
		for _, m := range r.Masks {
			if m.Start < u.End && u.Start < m.End {
				x.Skip = append(x.Skip, [2]int{max(m.Start, u.Start) - u.Start, min(m.End, u.End) - u.Start})
			}
		}
		texts[i] = x
	}
	return texts
}

func grouping(th textmine.Theme, texts []label.Text, ps []label.Phrase, name string, records []evidence.Record, groups []artefact.Bundle) artefact.Grouping {
	g := artefact.Grouping{Label: name}
	centre := texts[th.Central[0]]
	g.ID = artefact.ThemeID(&records[centre.Doc], centre.Start)
	if th.Parent >= 0 && th.Parent < len(groups) {
		g.Parent = groups[th.Parent].ID
	}
	for _, d := range th.Docs {
		g.Records = append(g.Records, records[d].ID)
	}
	for _, p := range ps {
		g.Phrases = append(g.Phrases, p.Surface)
	}
	cite := func(unit, start, end int) (evidence.Quote, bool) {
		from := texts[unit].Start
		r := &records[texts[unit].Doc]
		q, ok := r.Quote(from+start, from+end)
		return q, ok && evidence.CheckQuote(r, q) == nil // what the contract would refuse is not drafted
	}
	for _, s := range label.Quotes(th.Central, texts, 3) {
		if q, ok := cite(s.Unit, s.Start, s.End); ok {
			g.Quotes = append(g.Quotes, q)
		}
	}
	if s := label.State(th.Central, texts, ps); s.Unit >= 0 {
		if q, ok := cite(s.Unit, s.Start, s.End); ok {
			g.Statement, g.Says = s.Text, &q
		}
	}
	if len(g.Quotes) == 0 {
		g.Quotes = wholeRecord(th.Docs, records)
	}
	if g.Says == nil && len(g.Quotes) > 0 {
		g.Says, g.Statement = &g.Quotes[0], "People say: “"+g.Quotes[0].Text+"”"
	}
	return g
}

// wholeRecord quotes the shortest record whole: always a quote, where no part of
// the theme's texts is one.
func wholeRecord(docs []int, records []evidence.Record) []evidence.Quote {
	const look = 200 // records; the shortest of so many is short enough
	var best []evidence.Quote
	for _, d := range docs[:min(len(docs), look)] {
		r := &records[d]
		text := strings.TrimSpace(r.Text)
		start := strings.Index(r.Text, text)
		q, ok := r.Quote(start, start+len(text))
		if ok && evidence.CheckQuote(r, q) == nil && (best == nil || len(q.Text) < len(best[0].Text)) {
			best = []evidence.Quote{q}
		}
	}
	return best
}

// groups names the upper level by the words that tell its groups apart.
func groups(found *textmine.Result, texts []label.Text) []artefact.Bundle {
	if len(found.Parents) == 0 {
		return nil
	}
	upper := make([]int, len(found.UnitTheme))
	for i, th := range found.UnitTheme {
		upper[i] = -1
		if th >= 0 {
			upper[i] = found.Themes[th].Parent
		}
	}
	phrases := label.Phrases(texts, upper, len(found.Parents))
	out := make([]artefact.Bundle, len(phrases))
	for i, n := range label.Unique(named(phrases), phrases) {
		out[i] = artefact.Bundle{ID: fmt.Sprintf("g-%d", i+1), Label: n}
	}
	return out
}

func ranges(masks []evidence.Mask) [][2]int {
	var out [][2]int
	for _, m := range masks {
		out = append(out, [2]int{m.Start, m.End})
	}
	return out
}

// readable returns the record's text without its masks.
func readable(r *evidence.Record) string {
	if len(r.Masks) == 0 {
		return r.Text
	}
	b := []byte(r.Text)
	for _, m := range r.Masks {
		for i := range b[m.Start:m.End] {
			b[m.Start+i] = ' '
		}
	}
	return string(b)
}
