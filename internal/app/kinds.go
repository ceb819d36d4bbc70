package app

import (
	"encoding/json"
	"slices"

	"roleos/agents"
	"roleos/agents/feedbackriver"
	"roleos/agents/marketscanner"
	"roleos/agents/pitchshaper"
	"roleos/agents/problemframer"
	"roleos/agents/stakeholdersynthesizer"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/artefact/landscape"
	"roleos/internal/artefact/market"
	"roleos/internal/artefact/pitch"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/llm"
	briefpage "roleos/internal/report/brief"
	landscapepage "roleos/internal/report/landscape"
	marketpage "roleos/internal/report/market"
	"roleos/internal/report/page"
	pitchpage "roleos/internal/report/pitch"
	"roleos/internal/textmine"
	"roleos/prompts"
)

// kind is what the app has to know about one kind of artefact; everything else
// is the same for all of them.
type kind struct {
	ID     string // as in the artefact's contract
	Prefix string // of its drafts' ids
	File   string // name of its published files, without extension
	// Corpus is what the artefact's figures are computed over.
	Corpus func(body []byte, records []evidence.Record) (*evidence.Corpus, error)
	Edit   handoff.Editor
	Diff   func(from, to []byte) ([]artefact.Difference, error)
	// Claims are its quotes in the order in which a reader meets them.
	Claims func(body []byte) ([]Claim, error)
	// Page is how it is shown; nil for the synthesis, which has a report of its own.
	Page func(body []byte, find Find, source func(id string) string) (page.Page, error)
}

// Find returns the record with the id, or false.
type Find = func(id string) (evidence.Record, bool)

// Claim is one quote of an artefact, and what it is quoted for.
type Claim struct {
	Of    string // id of the theme, statement or conflict; may be empty
	Label string
	Quote evidence.Quote
}

// kinds returns the kinds of artefact there are, by id.
func (a *App) kinds() map[string]kind {
	all := []kind{
		{
			ID: feedbackriver.Kind, Prefix: "fs", File: "synthesis",
			Corpus: a.synthesisCorpus, Edit: a.editSynthesis, Diff: diffOf(parseSynthesis, artefact.Diff), Claims: synthesisClaims,
		},
		plugged(kind{ID: brief.Kind, Prefix: "pb", File: "brief", Edit: brief.Edit}, brief.Parse, brief.Diff, briefpage.Page),
		plugged(kind{ID: pitch.Kind, Prefix: "sp", File: "pitch", Edit: pitch.Edit}, pitch.Parse, pitch.Diff, pitchpage.Page),
		plugged(kind{ID: landscape.Kind, Prefix: "sl", File: "landscape", Edit: landscape.Edit}, landscape.Parse, landscape.Diff, landscapepage.Page),
		plugged(kind{ID: market.Kind, Prefix: "mb", File: "market", Edit: market.Edit}, market.Parse, market.Diff, marketpage.Page),
	}
	out := make(map[string]kind, len(all))
	for _, k := range all {
		out[k.ID] = k
	}
	return out
}

// cited is an artefact that names its quotes and what its figures are computed over.
type cited interface {
	Corpus(records []evidence.Record) (*evidence.Corpus, error)
	Quotes() []evidence.Quote
}

// plugged fills in the parts of a kind that follow from its type.
func plugged[T cited](k kind, parse func([]byte) (T, error), diff func(a, b T) []artefact.Difference,
	show func(T, Find, func(string) string) page.Page,
) kind {
	k.Corpus = func(body []byte, records []evidence.Record) (*evidence.Corpus, error) {
		t, err := parse(body)
		if err != nil {
			return nil, err
		}
		return t.Corpus(records)
	}
	k.Diff = diffOf(parse, diff)
	k.Claims = func(body []byte) ([]Claim, error) {
		t, err := parse(body)
		if err != nil {
			return nil, err
		}
		var out []Claim
		for _, q := range t.Quotes() {
			out = append(out, Claim{Quote: q})
		}
		return out, nil
	}
	k.Page = func(body []byte, find Find, source func(string) string) (page.Page, error) {
		t, err := parse(body)
		if err != nil {
			return page.Page{}, err
		}
		return show(t, find, source), nil
	}
	return k
}

func diffOf[T any](parse func([]byte) (T, error), diff func(a, b T) []artefact.Difference) func(a, b []byte) ([]artefact.Difference, error) {
	return func(a, b []byte) ([]artefact.Difference, error) {
		x, err := parse(a)
		if err != nil {
			return nil, err
		}
		y, err := parse(b)
		if err != nil {
			return nil, err
		}
		return diff(x, y), nil
	}
}

func parseSynthesis(body []byte) (artefact.FeedbackSynthesis, error) {
	var s artefact.FeedbackSynthesis
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fault.Wrap(err, fault.Invalid, "app.synthesis", "the draft is no %s", artefact.SynthesisSchema)
	}
	return s, nil
}

func (a *App) synthesisCorpus(body []byte, records []evidence.Record) (*evidence.Corpus, error) {
	s, err := parseSynthesis(body)
	if err != nil {
		return nil, err
	}
	return s.Corpus(records, a.policy)
}

func synthesisClaims(body []byte) ([]Claim, error) {
	s, err := parseSynthesis(body)
	if err != nil {
		return nil, err
	}
	var out []Claim
	for _, t := range s.Themes {
		all := t.Quotes
		if t.Says != nil && !slices.Contains(all, *t.Says) {
			all = append([]evidence.Quote{*t.Says}, all...)
		}
		for _, q := range all {
			out = append(out, Claim{Of: t.ID, Label: t.Label, Quote: q})
		}
	}
	return out, nil
}

// agent returns the agent with these settings, or false when there is none of
// that name. model words its draft with words; nil leaves it to the offline analyst.
func (s settings) agent(id string, model llm.Model, words prompts.Set) (agents.Agent, bool) {
	worded := wording.Options{Model: model, Offline: s.Model.KeepsOffline(), Prompts: words}
	switch id {
	case "feedback-river":
		return feedbackriver.New(feedbackriver.Options{
			Policy: s.policy(), Wording: worded,
			Mining: textmine.Options{Seed: uint64(s.Analyst.Seed), MaxSample: s.Analyst.MaxSample, MinTheme: s.Analyst.MinTheme},
		}), true
	case "market-scanner":
		return marketscanner.New(marketscanner.Options{
			Wording: worded, Mining: textmine.Options{Seed: uint64(s.Analyst.Seed), MaxSample: s.Analyst.MaxSample},
		}), true
	case "problem-framer":
		return problemframer.New(problemframer.Options{Wording: worded}), true
	case "pitch-shaper":
		return pitchshaper.New(pitchshaper.Options{Wording: worded}), true
	case "stakeholder-synthesizer":
		return stakeholdersynthesizer.New(stakeholdersynthesizer.Options{Wording: worded}), true
	}
	return nil, false
}
