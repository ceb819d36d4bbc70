package brief

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/scaffold"
)

// atLeast is how many data points a problem needs, from at least two records.
const atLeast = 3

// Classes returns the classes of constraint that a brief has to speak of.
func Classes() []string { return []string{scaffold.Technical, scaffold.Regulatory, scaffold.Timeline} }

// further begins the statements of absence that stand beside what is stated.
var further = regexp.MustCompile(`(?i)^no (?:known )?(?:further|other|additional|more)\b`)

// Contradicts returns the constraint of whose class n states that there is none.
// "No further ..." contradicts nothing.
func (n NoneKnown) Contradicts(constraints []Constraint) (Constraint, bool) {
	for _, c := range constraints {
		if c.Kind == n.Of && !further.MatchString(n.Text) {
			return c, true
		}
	}
	return Constraint{}, false
}

// gaps writes down what neither a record nor a person has said.
func (b *builder) gaps() {
	s := &b.out
	add := func(key, what, why, mend string) {
		g := Gap{ID: "gap-" + key, Gap: artefact.Gap{What: what, Why: why, Mend: mend}}
		for _, a := range b.o.Answers {
			if a.Gap == g.ID {
				g.Answer, g.By = a.Text, a.By
			}
		}
		s.Gaps = append(s.Gaps, g)
	}
	if s.Problem.Statement == "" {
		add("problem", "The problem", "No input names one: there is no feedback synthesis with themes among the artefacts the brief builds on.",
			"Run feedback-river first and give its approved draft with --from, or state the problem in review.")
	}
	if n := len(s.Evidence); n < atLeast {
		add("evidence", "Three data points", fmt.Sprintf("Only %s could be quoted for this problem.", plural(n, "data point", "data points")),
			"Read more feedback, or give a stakeholder landscape or a market brief with --from.")
	}
	if s.Size == nil {
		add("size", "How many are affected", "No counted feedback stands behind the problem.", "Give an approved feedback synthesis with --from.")
	} else if len(s.Segments) == 0 {
		add("segments", "Who is affected", "The feedback carries no plan, region or other segment with at least two values of five records each.",
			"Export the feedback with a column that divides customers, or name it with --map segment=COLUMN.")
	}
	if len(s.Stakeholders) == 0 {
		add("stakeholders", "What stakeholders say", "No stakeholder landscape is among the artefacts the brief builds on.", "Run stakeholder-synthesizer over meetings, chats and mails, and give its approved draft with --from.")
	} else if !slices.ContainsFunc(s.Stakeholders, func(x Stakeholder) bool { return len(x.Said) > 0 }) {
		add("stakeholders", "What stakeholders say of this problem", fmt.Sprintf("%s heard; nothing they said names the problem in its words.", plural(len(s.Stakeholders), "stakeholder was", "stakeholders were")),
			"Ask them, or choose another focus.")
	}
	b.strategyGaps(add)
	b.boundaryGaps(add)
	for _, c := range s.Conflicts {
		if c.General {
			continue
		}
		add("conflict-"+c.ID, "Open conflict: "+c.About, "The stakeholder landscape holds both sides and no decision.", "Resolve it with those who hold the sides, or say in an answer how it is handled.")
	}
}

func (b *builder) strategyGaps(add func(key, what, why, mend string)) {
	s := &b.out
	general := !slices.ContainsFunc(s.Rationale, func(l Line) bool { return !l.General })
	switch {
	case len(s.Rationale) == 0:
		add("rationale", "Business rationale", "No input states a priority of the portfolio.",
			"Add a document with “kind: strategy” and its priorities, or add the rationale in review.")
	case general:
		add("rationale-link", "How the strategy reaches this problem", "Priorities are stated, none of them in this problem's words.",
			"Ask the owner of the strategy which priority it serves, and add that as rationale in review.")
	}
	if len(s.Criteria) == 0 {
		add("criteria", "Success criteria", "No input states a measure with comparator, target, unit and deadline.",
			"Add a line such as “Contacts about late transfers: at most 10 % by 2027-03-31” under “Success measures” of a strategy document, or add a criterion in review.")
	} else if !slices.ContainsFunc(s.Criteria, func(c Criterion) bool { return !c.General }) {
		add("criteria-link", "A criterion that measures this problem", "The stated measures hold for the portfolio; none names this problem."+b.elsewhere(),
			"Choose the problem that they measure, add a criterion for this problem in review, or confirm in an answer that one of these measures it.")
	}
	for _, c := range s.Criteria {
		if c.Baseline == nil {
			add("baseline-"+c.ID, "Baseline of “"+c.Metric+"”", "No input measures it as it is today.",
				"Add a line such as “"+c.Metric+": NUMBER "+c.Unit+" (month, source)” to a document with “kind: baselines”.")
		}
	}
	for _, a := range s.Aims {
		add("aim-"+a.ID, "A measure for “"+Short(a.Text, 80)+"”", missing(a.Text), "Give it metric, comparator, number, unit and deadline, or leave it out with a reason.")
	}
}

// missing says which parts a stated aim lacks to be a criterion.
func missing(text string) string {
	m, ok := scaffold.ParseMeasure(text)
	if !ok {
		return "It is stated as a success measure and names no number."
	}
	var parts []string
	for _, p := range []struct{ name, value string }{
		{"a metric", m.Metric}, {"a comparator", m.Comparator}, {"a unit", m.Unit}, {"a deadline", m.Deadline},
	} {
		if p.value == "" {
			parts = append(parts, p.name)
		}
	}
	return "It is stated as a success measure and lacks " + strings.Join(parts, " and ") + "."
}

func (b *builder) boundaryGaps(add func(key, what, why, mend string)) {
	s := &b.out
	for _, class := range Classes() {
		known := slices.ContainsFunc(s.Constraints, func(c Constraint) bool { return c.Kind == class }) ||
			slices.ContainsFunc(s.NoneKnown, func(n NoneKnown) bool { return n.Of == class })
		if !known {
			add("constraint-"+class, "Known "+class+" constraints", "No input names one, and nobody has said that there is none.",
				"Ask the architect for a document with “kind: constraints”, or state in review that none is known.")
		}
	}
	for _, n := range s.NoneKnown {
		if c, ok := n.Contradicts(s.Constraints); ok {
			add("contradiction-"+n.Of, "Whether there are "+n.Of+" constraints", fmt.Sprintf("“%s” stands beside %s “%s”.", Short(n.Text, 80), c.ID, Short(c.Text, 80)),
				"Ask who owns them, and leave one out with the reason: drop id="+c.ID+", or drop id=none-"+n.Of+".")
		}
	}
	none := slices.ContainsFunc(s.NoneKnown, func(n NoneKnown) bool { return n.Of == Dependencies })
	if len(s.Dependencies) == 0 && !none {
		add("dependencies", "Dependencies", "No input names one, and nobody has said that none blocks the work.",
			"Add them under “Dependencies”, each marked “(blocking)” or “(not blocking)”, or state in review that there is none.")
	}
	for _, d := range s.Dependencies {
		switch d.Blocking {
		case string(scaffold.Unsaid):
			add("dependency-"+d.ID, "Whether “"+Short(d.Text, 80)+"” blocks the work", speaks(d.Quote, d.By)+" does not say it.", "Ask, and settle it in review.")
		case string(scaffold.Blocks):
			add("dependency-"+d.ID, "A way around “"+Short(d.Text, 80)+"”", "It blocks the work.", "Have it released, or agree on a way around and settle the dependency in review.")
		}
	}
	if len(s.Ethics) == 0 {
		add("ethics", "Ethical considerations", "No input speaks of who could be harmed.",
			"Add them under “Ethical considerations”, or document them in review: who could be harmed, and what is done about it.")
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// elsewhere names the other themes whose words the stated measures share.
func (b *builder) elsewhere() string {
	var names []string
	for _, t := range b.out.Themes {
		if b.focus == nil || t.ID == b.focus.ID || t.Rank == 0 {
			continue
		}
		about := scaffold.Words(append([]string{t.Label}, t.Phrases...)...)
		for _, c := range b.out.Criteria {
			if n := scaffold.Shared(about, scaffold.Words(c.Metric)); n >= 2 || n == 1 && len(about) <= 2 {
				names = append(names, "“"+t.Label+"” ("+t.ID+")")
				break
			}
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > 3:
		names = names[:3]
	}
	return " They share words with " + strings.Join(names, ", ") + "."
}
