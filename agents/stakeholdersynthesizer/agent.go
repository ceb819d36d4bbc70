package stakeholdersynthesizer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/artefact/landscape"
	"roleos/internal/discourse"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// Version names the offline analyst's method; it changes when its results may.
const Version = "discourse/1"

// Options set how the agent drafts. The zero value is its defaults.
type Options struct {
	// MostRequirements and MostConflicts bound what is listed; 0 is 60 and 40.
	// What is left out is counted in a finding.
	MostRequirements int
	MostConflicts    int
	// Wording names the model that reads and titles what was found; usually none.
	Wording wording.Options
}

// Agent is the Stakeholder Synthesizer with the offline analyst.
type Agent struct{ o Options }

// New returns the agent.
func New(o Options) *Agent {
	o.MostRequirements = cmp.Or(o.MostRequirements, 60)
	o.MostConflicts = cmp.Or(o.MostConflicts, 40)
	return &Agent{o: o}
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
	l, err := landscape.Compose(o, t.Records)
	if err != nil {
		return agents.Draft{}, err
	}
	body, err := l.Marshal()
	if err != nil {
		return agents.Draft{}, err
	}
	return agents.Draft{Kind: landscape.Kind, Title: l.Title, Body: body, Taint: t.Taint(taint...)}, nil
}

// Outline reads the task's records and leaves the counting to Compose.
func (a *Agent) Outline(ctx context.Context, t agents.Task) (landscape.Outline, error) {
	if err := ctx.Err(); err != nil {
		return landscape.Outline{}, err
	}
	progress := func(stage string, done int) {
		if t.Progress != nil {
			t.Progress(stage, done, 2)
		}
	}
	progress("Reading who said what", 0)
	turns, at := conversation(t.Records)
	if !slices.ContainsFunc(at, func(i int) bool { return t.Records[i].Origin.Kind != "" || landscape.Speaker(&t.Records[i]) != "" }) {
		return landscape.Outline{}, nobody(t)
	}
	found := discourse.Analyze(turns)
	if err := ctx.Err(); err != nil {
		return landscape.Outline{}, err
	}
	progress("Setting the sides beside each other", 1)
	d := &drafting{o: a.o, records: t.Records, turns: turns, at: at, found: found, statements: map[string]int{}}
	d.out = landscape.Outline{
		Title: title(t), Sample: t.Sample, Sources: t.Sources, Findings: slices.Clone(t.Findings), Redaction: t.Redaction,
		Method: method(), Answers: map[string]evidence.Quote{},
	}
	d.people()
	d.say()
	d.oppose()
	d.require()
	d.answer()
	progress("Setting the sides beside each other", 2)
	return d.out, nil
}

// nobody says what the agent needs when nothing it was given is a conversation: a
// draft in which nobody is heard would count as bad work.
func nobody(t agents.Task) error {
	var read []string
	for _, s := range t.Sources[:min(len(t.Sources), 5)] {
		read = append(read, s.Name)
	}
	return fault.New(fault.Invalid, "agents.stakeholders", "the Stakeholder Synthesizer reads what people said to one another, and nobody speaks in what it was given: %s", strings.Join(read, ", ")).
		WithMend("Give it transcripts (VTT, SRT, lines of \"Name: text\"), notes in Markdown, mail or a Slack export. Tables of feedback are for: roleos run feedback-river --in PATH")
}

// conversation returns the records in which people speak as turns, with the
// position of each in records.
func conversation(records []evidence.Record) ([]discourse.Turn, []int) {
	turns := make([]discourse.Turn, 0, len(records))
	at := make([]int, 0, len(records))
	for i := range records {
		r := &records[i]
		if strings.TrimSpace(r.Text) == "" || r.Origin.Kind == "item" || automatic(landscape.Speaker(r)) {
			continue
		}
		turn := discourse.Turn{
			ID: r.ID, Speaker: landscape.Speaker(r), Thread: r.Source + "\x00" + r.Origin.Thread, Topic: r.Origin.Heading, Text: r.Text, Time: r.Time,
			Written: r.Origin.Kind == "mail",
		}
		for _, m := range r.Masks {
			turn.Skip = append(turn.Skip, discourse.Span{Start: m.Start, End: m.End})
		}
		turns = append(turns, turn)
		at = append(at, i)
	}
	return turns, at
}

// automatic reports whether a message comes from a machine that tells of mail:
// what it says is nobody's wish.
func automatic(speaker string) bool {
	s := strings.ToLower(speaker)
	for _, w := range []string{"mailer-daemon", "mail delivery", "postmaster", "no-reply", "noreply", "donotreply", "do-not-reply"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

func title(t agents.Task) string {
	switch {
	case len(t.Sources) == 1:
		return "Stakeholder landscape of " + t.Sources[0].Name
	case len(t.Sources) > 1:
		return fmt.Sprintf("Stakeholder landscape of %s and %d more sources", t.Sources[0].Name, len(t.Sources)-1)
	}
	return "Stakeholder landscape"
}

func method() artefact.Method {
	return artefact.Method{
		Analyst: "offline", Version: Version,
		Steps: []string{
			"Turns are cut into sentences; what a sentence does is read from its modality, person, performatives, question form and the idioms of minutes, and the cue is named.",
			"A decision or an action needs a strong cue, a matter of its own and its place in the conversation; what is weaker stands as the proposal, commitment or request that it also is.",
			"A reply that agrees or disagrees takes a stance towards the passage shortly before it with which it shares most telling words.",
			"Opposed stances that stand near each other, different numbers for one thing and decisions against a request are conflicts; they are set beside each other and never averaged.",
			"Two names are one stakeholder when they are equal but for titles, brackets and addresses, or when one is the first name of the only other that has it.",
			landscape.PriorityRule,
		},
		Limits: []string{
			"It knows English only, reads words and their order, and loses irony.",
			"A decision that was made without saying so is not found; ask the people who were there.",
			"Speakers called by their role (“Project Manager”) in several meetings count as one stakeholder.",
			"The words of a matter are its most telling ones, not a name that somebody gave it.",
		},
	}
}
