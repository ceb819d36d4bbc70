package contracts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"roleos/contracts/gate"
)

// Severity says what a finding of the linter means.
type Severity string

// The severities: a contract with an error is not accepted.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note" // what no example shows; no defect
)

// Finding is one thing the linter has to say about a gate.
type Finding struct {
	Gate     string   `json:"gate"` // "" when the file cannot be read as a contract
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Message  string   `json:"message"`
	Mend     string   `json:"mend"`
	Excerpt  string   `json:"-"` // the place in the file, with a caret
}

// String writes the finding as compilers do, with the place in the file.
func (f Finding) String() string {
	gate := ""
	if f.Gate != "" {
		gate = "gate " + f.Gate + ": "
	}
	s := fmt.Sprintf("%s:%d:%d: %s: %s%s%s", f.File, f.Line, f.Column, f.Severity, gate, f.Message, f.Excerpt)
	if f.Mend != "" {
		s += "\n" + f.Mend
	}
	return s
}

// Accepted reports whether none of the findings is an error.
func Accepted(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Lint decides from structure whether every gate of c can be enforced: its kind
// is known, its check compiles, its passes_on example passes and its fails_on
// example fails. A gate that cannot fail is an error, and so is one that lets a
// draft pass which has nothing to look at: the examples are changed where a gate
// looks, and it has to notice. Vague words in what a gate says explain an error
// and otherwise warn: they decide nothing.
func Lint(ctx context.Context, c *HandoffContract) []Finding {
	l := &linter{c: c, examples: map[*byte]map[string]*Example{}, plain: map[*byte][]*Example{}}
	formless := false
	for i, made := range c.compile() {
		g := c.Gates[i]
		switch {
		case formless: // every draft would only be skipped
		case made.problem != nil:
			p := made.problem
			spot := g.locate(p.Field).inside(g.src.data, p.Line, p.Column)
			mend := "Write a check that a program can run, or move the sentence to preferences."
			if g.Kind == gate.Attested || g.Kind == gate.Carried {
				mend = "Write it as the message says, or move the sentence to preferences."
			}
			l.add(Uncompiled, Error, g, spot, "it does not compile: "+p.Message+l.vague(g), mend)
		default:
			l.try(ctx, i, made.gate)
		}
		formless = formless || i == 0 && !Accepted(l.out)
		if w := vagueWords(g.Says); len(w) > 0 {
			l.add(VagueWords, Warning, g, g.locate("says"), fmt.Sprintf("%s can be read in more than one way (ISO/IEC/IEEE 29148, 5.2.7)", quoted(w)),
				"Say what the check looks at, in its words.")
		}
	}
	return l.out
}

type linter struct {
	c        *HandoffContract
	examples map[*byte]map[string]*Example // by the file that names them, and their own name
	plain    map[*byte][]*Example          // the same, as JSON decodes them, once they were needed
	out      []Finding
}

func (l *linter) add(r Rule, s Severity, g Gate, at place, message, mend string) {
	l.out = append(l.out, Finding{
		Gate: g.ID, Rule: r, Severity: s, File: g.src.name, Line: at.line, Column: at.column,
		Message: message, Mend: mend, Excerpt: excerpt(g.src.data, at),
	})
}

// try runs gate i over its examples, as they are and changed where it looks.
func (l *linter) try(ctx context.Context, i int, made *gate.Gate) {
	g := l.c.Gates[i]
	passes, good := l.example(ctx, g, "passes_on", g.PassesOn)
	fails, bad := l.example(ctx, g, "fails_on", g.FailsOn)
	if l.judge(g, good, bad); good == nil || bad == nil || good.Status != Passed || bad.Status != Failed && bad.Status != Waiting {
		return
	}
	switch {
	case g.Kind == gate.Carried:
		l.carries(g, passes)
	case g.Kind == gate.Automatic && g.Check == "":
		l.vacuity(ctx, i, made, passes)
		l.idle(ctx, i, made, passes, fails)
		l.selfGraded(g, made)
	default:
		l.vacuity(ctx, i, made, passes)
	}
}

// known returns the examples read so far of the file that the gate stands in.
func (l *linter) known(g Gate) map[string]*Example {
	known := l.examples[&g.src.data[0]]
	if known == nil {
		known = map[string]*Example{}
		l.examples[&g.src.data[0]] = known
	}
	return known
}

// example runs the gate over one of its examples; nil when there is none to run.
func (l *linter) example(ctx context.Context, g Gate, key, name string) (*Example, *GateResult) {
	e, err := loadExample(g.src.files, name, maxBases, l.known(g))
	if err == nil {
		var s Subject
		if s, err = e.Subject(); err == nil {
			r := check(ctx, l.c, s, func(x Gate) bool { return x.ID == g.ID })
			return e, &r.Gates[slices.IndexFunc(r.Gates, func(x GateResult) bool { return x.ID == g.ID })]
		}
	}
	l.add(ExampleUnusable, Error, g, g.locate(key), fmt.Sprintf("%s cannot be used: %v", key, err), "Name an example that exists: a draft, or a base with changes.")
	return nil, nil
}

func (l *linter) judge(g Gate, good, bad *GateResult) {
	if good != nil && good.Status == Waiting {
		l.add(GoodRefused, Error, g, g.locate("passes_on"), fmt.Sprintf("%s does not pass: %s", g.PassesOn, good.Observed),
			fmt.Sprintf("Let somebody attest it in the example: attestations: [{gate: %s, by: person:somebody, roles: [%s]}]", g.ID, gate.RoleOf(g.By)))
	} else if good != nil && good.Status != Passed {
		l.add(GoodRefused, Error, g, g.locate("passes_on"), fmt.Sprintf("%s does not pass (%s at %q: %s)%s", g.PassesOn, good.Status, good.Where, good.Observed, l.vague(g)),
			"Mend the example, or the check.")
	}
	if bad == nil {
		return
	}
	switch bad.Status {
	case Failed:
	case Waiting: // what an attestation says when it refuses
	case Passed:
		l.add(BadAccepted, Error, g, g.locate("fails_on"), fmt.Sprintf("%s passes: nothing shows that the gate can fail%s", g.FailsOn, l.vague(g)),
			l.shown(g)+"A gate that cannot fail checks nothing: change the check or the example until it is refused, or move the sentence to preferences.")
	case Errored, Skipped:
		l.add(BadUnclear, Error, g, g.locate("fails_on"), fmt.Sprintf("%s ends as %s instead of failing: %s", g.FailsOn, bad.Status, bad.Observed),
			"Change the example so that it has the schema's form and only this gate's condition is broken.")
	}
}

// shown says what is wrong with the example that a gate has to refuse.
func (l *linter) shown(g Gate) string {
	e, err := loadExample(g.src.files, g.FailsOn, maxBases, l.known(g))
	if err != nil || e.Base == "" || len(e.Change) == 0 {
		return ""
	}
	var at []string
	for _, c := range e.Change {
		at = append(at, c.Op+" "+c.Path)
	}
	return fmt.Sprintf("The example is bad by: %s. ", strings.Join(at, ", "))
}

// vague explains a rejection by the words that may have led there.
func (l *linter) vague(g Gate) string {
	if w := vagueWords(g.Says); len(w) > 0 {
		return fmt.Sprintf("; what it says rests on %s, which people decide differently", quoted(w))
	}
	return ""
}

// vague lists words that make a requirement unverifiable: ISO/IEC/IEEE
// 29148:2018, 5.2.7, and rules R7 to R9 of INCOSE's guide to writing requirements.
var vague = []string{
	"acceptable", "adequate", "appropriate", "as appropriate", "as far as possible", "as needed", "as possible", "as required", "best practice",
	"better", "clear", "clearly", "easy", "easily", "effective", "efficient", "enough", "etc", "fast", "flexible", "good", "good enough",
	"high quality", "if possible", "intuitive", "meaningful", "minimal", "nice", "optimal", "quick", "quickly", "reasonable", "relevant", "robust",
	"several", "significant", "simple", "sufficient", "suitable", "timely", "user friendly", "user-friendly", "useful", "usually", "well",
}

func vagueWords(says string) []string {
	text := " " + strings.Join(strings.FieldsFunc(strings.ToLower(says), func(r rune) bool {
		return strings.ContainsRune(" \t\n.,;:!?()\"“”/", r)
	}), " ") + " "
	var out []string
	for _, w := range vague {
		if strings.Contains(text, " "+w+" ") && !slices.ContainsFunc(vague, func(longer string) bool {
			return longer != w && strings.Contains(longer, w) && strings.Contains(text, " "+longer+" ")
		}) {
			out = append(out, w)
		}
	}
	return out
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "“" + w + "”"
	}
	return strings.Join(out, ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
