package pitchshaper

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/artefact/pitch"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/scaffold"
)

// Version names the offline analyst's method; it changes when its results may.
const Version = "shaping/1"

// Options set how the agent drafts. The zero value drafts without a model.
type Options struct {
	// Wording names the model that titles what people proposed; usually none.
	Wording wording.Options
}

// Agent is the Pitch Shaper with the offline analyst.
type Agent struct{ o Options }

// New returns the agent.
func New(o Options) *Agent { return &Agent{o: o} }

// Draft implements agents.Agent. It fails with fault.Invalid without a brief.
func (a *Agent) Draft(ctx context.Context, t agents.Task) (agents.Draft, error) {
	o, err := a.Outline(ctx, t)
	if err != nil {
		return agents.Draft{}, err
	}
	taint, err := a.worded(ctx, &o.Pitch, t)
	if err != nil {
		return agents.Draft{}, err
	}
	p, err := pitch.Compose(o, t.Records)
	if err != nil {
		return agents.Draft{}, err
	}
	body, err := p.Marshal()
	if err != nil {
		return agents.Draft{}, err
	}
	return agents.Draft{Kind: pitch.Kind, Title: p.Title, Body: body, Taint: t.Taint(taint...)}, nil
}

// Outline takes the brief over and finds the team's words for the rest.
func (a *Agent) Outline(ctx context.Context, t agents.Task) (pitch.Outline, error) {
	const op = "pitchshaper.draft"
	if err := ctx.Err(); err != nil {
		return pitch.Outline{}, err
	}
	p := pitch.ShapedPitch{Sample: t.Sample, Sources: t.Sources, Findings: t.Findings, Redaction: t.Redaction, Method: method()}
	var found *brief.ProblemBrief
	for _, up := range t.Upstream {
		p.From = append(p.From, brief.Input{Kind: up.Kind, Draft: up.Draft, Digest: up.Digest, State: up.State})
		if up.Kind != brief.Kind {
			continue
		}
		if found != nil {
			return pitch.Outline{}, fault.New(fault.Invalid, op, "a pitch builds on one problem brief, and %s is the second", up.Draft)
		}
		b, err := brief.Parse(up.Body)
		if err != nil {
			return pitch.Outline{}, fault.Wrap(err, fault.Invalid, op, "%s %s is not readable", up.Kind, up.Draft)
		}
		b.Rename(up.RecordID)
		found = &b
	}
	if found == nil {
		return pitch.Outline{}, fault.New(fault.Invalid, op, "there is no problem brief to shape a pitch from").
			WithMend("Publish one and have it acknowledged, then: roleos run pitch-shaper --from BRIEF --in team-input/")
	}
	take(&p, *found)
	carryNoGos(&p, t.Records)
	if t.Progress != nil {
		t.Progress("Reading what the team says", 0, 0)
	}
	listen(&p, team(t.Records, *found), *found)
	keepStated(&p)
	return pitch.Outline{Pitch: p}, nil
}

// take hands on what the brief holds, under the ids it has there.
func take(p *pitch.ShapedPitch, b brief.ProblemBrief) {
	p.Sample = p.Sample || b.Sample
	p.Problem = pitch.Problem{Label: b.Problem.Label, Statement: b.Problem.Statement, Says: b.Problem.Says, StatedBy: b.Problem.StatedBy}
	p.Evidence, p.Criteria, p.Constraints, p.Dependencies = b.Evidence, b.Criteria, b.Constraints, b.Dependencies
	p.Ethics, p.Assumptions, p.Exclusions = b.Ethics, b.Assumptions, b.Exclusions
	p.Rationale, p.NoneKnown = b.Rationale, b.NoneKnown
	said := map[string]brief.Statement{}
	for _, s := range b.Statements {
		said[s.ID] = s
	}
	for _, c := range b.Conflicts {
		if c.General {
			p.Dropped = append(p.Dropped, brief.Dropped{ID: c.ID, Text: c.About, Reason: "No side of it names this problem."})
			continue
		}
		x := pitch.Conflict{ID: c.ID, About: c.About}
		for _, id := range c.Sides {
			if s, ok := said[id]; ok {
				x.Sides = append(x.Sides, pitch.Side{ID: s.ID, Who: s.Who, Quote: s.Quote})
			}
		}
		p.Conflicts = append(p.Conflicts, x)
	}
}

// carryNoGos makes no-gos of what the brief left out because a document lists it
// under its no-gos. They keep the brief's ids and stay among the exclusions, where
// the contract looks for what the brief hands on.
func carryNoGos(p *pitch.ShapedPitch, records []evidence.Record) {
	stands := map[evidence.Quote]bool{}
	for _, it := range scaffold.Read(records).Of(scaffold.NoGo) {
		stands[it.Quote] = true
	}
	for _, x := range p.Exclusions {
		if x.Quote != nil && stands[*x.Quote] {
			q := *x.Quote
			p.NoGos = append(p.NoGos, pitch.Part{ID: x.ID, Text: x.Text, Quote: &q, Who: x.Owner})
		}
	}
}

// keepStated leaves out that there is no constraint of a class when one is stated:
// whoever builds must not be free to choose between the two.
func keepStated(p *pitch.ShapedPitch) {
	var kept []brief.NoneKnown
	for _, n := range p.NoneKnown {
		if c, ok := n.Contradicts(p.Constraints); ok {
			p.Dropped = append(p.Dropped, brief.Dropped{ID: "none-" + n.Of, Text: n.Text, Reason: "It contradicts " + c.ID + ", “" + brief.Short(c.Text, 80) + "”."})
			continue
		}
		kept = append(kept, n)
	}
	p.NoneKnown = kept
}

// team returns the records that are neither feedback nor quoted in the brief:
// what the team has said since.
func team(records []evidence.Record, b brief.ProblemBrief) []evidence.Record {
	known := map[string]bool{}
	for _, t := range b.Themes {
		for _, id := range t.RecordIDs {
			known[id] = true
		}
	}
	for _, q := range b.Quotes() {
		known[q.RecordID] = true
	}
	// What the brief left open is for the pitch to name as a rabbit hole.
	for _, q := range b.Questions {
		if q.Quote != nil {
			delete(known, q.Quote.RecordID)
		}
	}
	var out []evidence.Record
	for _, r := range records {
		if !known[r.ID] {
			out = append(out, r)
		}
	}
	return out
}

// listen sorts the team's words: lines of documents by their headings, then
// sentences of talk by what they say.
func listen(p *pitch.ShapedPitch, records []evidence.Record, b brief.ProblemBrief) {
	s := scaffold.Read(records)
	for _, it := range s.Items {
		if it.Pending {
			continue // nobody has said it yet
		}
		q := it.Quote
		x := pitch.Part{ID: it.ID, Text: it.Text, Quote: &q, Who: it.Owner}
		switch it.Section {
		case scaffold.Appetite:
			if it.Measure != nil {
				if a, ok := pitch.NewAppetite(*it.Measure); ok {
					a.ID, a.Says, a.Quote, a.Who = it.ID, it.Text, &q, it.Owner
					p.Appetites = append(p.Appetites, a)
				}
			}
		case scaffold.Option:
			p.Elements = append(p.Elements, x)
		case scaffold.RabbitHole:
			p.RabbitHoles = append(p.RabbitHoles, x)
		case scaffold.NoGo, scaffold.Exclusion:
			// The team may give the file again that the brief was framed from.
			if !slices.ContainsFunc(p.NoGos, func(old pitch.Part) bool { return old.Text == x.Text }) {
				p.NoGos = append(p.NoGos, x)
			}
		case scaffold.Kill:
			p.Kill = append(p.Kill, x)
		case scaffold.Feasible:
			view(p, it)
		case scaffold.Constraint:
			if !it.Nothing {
				for _, c := range p.Constraints {
					if c.ID == it.ID {
						it.ID = brief.NewID("c", it.Text, q.RecordID)
					}
				}
				p.Constraints = append(p.Constraints, brief.Constraint{ID: it.ID, Kind: it.Class, Text: it.Text, Quote: &q, Owner: it.Owner})
			}
		case scaffold.Assumption:
			p.Assumptions = append(p.Assumptions, brief.Line{ID: it.ID, Text: it.Text, Quote: &q, Owner: it.Owner})
		case scaffold.None, scaffold.Priority, scaffold.Target, scaffold.Baseline, scaffold.Dependency, scaffold.Ethics: // of the brief
		}
	}
	var talk []evidence.Record
	for _, r := range records {
		if !s.Records[r.ID] {
			talk = append(talk, r)
		}
	}
	hear(p, talk, scaffold.Words(b.Problem.Label, saysOf(b)))
}

func saysOf(b brief.ProblemBrief) string {
	if b.Problem.Says != nil {
		return b.Problem.Says.Text
	}
	return ""
}

var (
	fitsNot = regexp.MustCompile(`(?i)\b(?:does not fit|doesn't fit|not feasible|infeasible|cannot be (?:done|kept|met)|violates|breaks)\b`)
	atRisk  = regexp.MustCompile(`(?i)\b(?:at risk|risky|tight|unclear|depends on|not sure|only if|might)\b`)
	fits    = regexp.MustCompile(`(?i)\b(?:fits|feasible|fine|no problem|works|can be (?:done|kept|met))\b`)
)

// view takes a line of a feasibility section for each constraint whose id it names.
func view(p *pitch.ShapedPitch, it scaffold.Item) {
	q := it.Quote
	for _, c := range p.Constraints {
		if !names(it.ID+" "+it.Text, c.ID) {
			continue
		}
		v := pitch.View{ID: c.ID, View: pitch.Open, Note: it.Text, Quote: &q, Who: it.Owner}
		switch {
		case fitsNot.MatchString(it.Text):
			v.View = pitch.FitsNot
		case atRisk.MatchString(it.Text):
			v.View = pitch.AtRisk
		case fits.MatchString(it.Text):
			v.View = pitch.Fits
		}
		p.Feasibility = append(p.Feasibility, v)
	}
}

// names reports whether an id stands in a text as a word.
func names(text, id string) bool {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;:.()“”\"", r) }) {
		if w == id {
			return true
		}
	}
	return false
}

func method() artefact.Method {
	return artefact.Method{
		Analyst: "offline", Version: Version,
		Steps: []string{
			"Problem, evidence, criteria, constraints, dependencies, ethics, assumptions and exclusions are the brief's, under its ids; an exclusion that stands under “No-gos” is a no-go of the pitch too.",
			"Lines of the team's documents go where their headings say: appetite, options, rabbit holes, no-gos, kill criteria, feasibility.",
			"Of talk, a sentence is taken when it says one of these in set phrases and it, or the talk right around it, names the problem.",
			"An appetite is taken when all who state one agree, or when a person sets it.",
			"What nobody has said is written down as a gap.",
		},
		Limits: []string{
			"Set phrases miss what is said in other ways; what they find is a quote to check, not a decision.",
			"Feasibility is only laid out: whether the solution fits a constraint is for the architect.",
		},
		Notes: []string{},
	}
}
