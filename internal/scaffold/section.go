package scaffold

import (
	"regexp"
	"strings"
)

// Section says what a line of a context document speaks of.
type Section string

// The sections.
const (
	None       Section = ""
	Priority   Section = "priority"    // what the portfolio wants, from leadership
	Target     Section = "target"      // a success measure with its threshold
	Baseline   Section = "baseline"    // a measure as it is today
	Constraint Section = "constraint"  // what a solution must keep to, from the architect
	Dependency Section = "dependency"  // what the work waits for
	Ethics     Section = "ethics"      // who could be harmed, and what is done about it
	Exclusion  Section = "exclusion"   // what is left out on purpose
	Assumption Section = "assumption"  // what is taken as given: a time zone, a population
	Appetite   Section = "appetite"    // how much time the problem is worth
	Option     Section = "option"      // an element of a solution that somebody proposes
	RabbitHole Section = "rabbit_hole" // where the work could get lost
	NoGo       Section = "no_go"       // what will not be done
	Kill       Section = "kill"        // on what the work is stopped
	Feasible   Section = "feasibility" // what the architect says about it
)

// Classes of a constraint.
const (
	Technical  = "technical"
	Regulatory = "regulatory"
	Timeline   = "timeline"
)

// headings maps the words of a heading to its section. The first match counts:
// "no-gos and risks" is a list of no-gos.
var headings = []struct { //nolint:gochecknoglobals // an immutable table
	words   *regexp.Regexp
	section Section
}{
	{regexp.MustCompile(`(?i)\bno[- ]?gos?\b|\bout of bounds\b|\bwon'?t do\b|\bwill not do\b`), NoGo},
	{regexp.MustCompile(`(?i)\bkill criteria\b|\bstop (?:criteria|conditions?|if|when)\b|\bcircuit breaker\b`), Kill},
	{regexp.MustCompile(`(?i)\brabbit[- ]?holes?\b|\bknown unknowns\b|\brisks?$`), RabbitHole},
	{regexp.MustCompile(`(?i)\bappetite\b|\btime budget\b`), Appetite},
	{regexp.MustCompile(`(?i)\b(?:success|key) (?:measures?|criteria|metrics?|results?)\b|^targets?\b|\bwhat success (?:is|looks like)\b`), Target},
	{regexp.MustCompile(`(?i)\bbaselines?\b|\bmeasured today\b|\bcurrent (?:values?|measures?|numbers?)\b`), Baseline},
	{regexp.MustCompile(`(?i)\bexclusions?\b|\bexcluded\b|\bout of scope\b|\bnot included\b`), Exclusion},
	{regexp.MustCompile(`(?i)\bassumptions?\b|\bassumed\b`), Assumption},
	{regexp.MustCompile(`(?i)\bdependenc(?:y|ies)\b|\bdepends on\b|\bblockers?\b|\bblocked by\b`), Dependency},
	{regexp.MustCompile(`(?i)\bethic(?:s|al)?\b|\bfairness\b|\bharms?\b`), Ethics},
	{regexp.MustCompile(`(?i)\bfeasibility\b`), Feasible},
	{regexp.MustCompile(`(?i)\bconstraints?\b`), Constraint},
	{regexp.MustCompile(`(?i)\bpriorit(?:y|ies)\b|\bstrategic (?:goals?|bets?|themes?)\b|^(?:our )?(?:strategy|bets|goals|objectives)\b|\bportfolio goals?\b`), Priority},
	{regexp.MustCompile(`(?i)^(?:solution )?(?:options?|ideas|sketch(?:es)?|elements|proposals?)\b|\bsolution\b`), Option},
}

// kinds maps the kind in a document's front matter to the section of its lines
// that stand under no heading of their own.
var kinds = map[string]Section{ //nolint:gochecknoglobals // an immutable table
	"strategy": Priority, "priorities": Priority, "constraints": Constraint, "baselines": Baseline, "measures": Target,
	"dependencies": Dependency, "ethics": Ethics, "exclusions": Exclusion, "assumptions": Assumption,
	"team-input": Option, "appetite": Appetite, "options": Option,
}

// classes are the words by which a constraint, or a heading above it, tells its
// class; what names none is technical.
var classes = []struct { //nolint:gochecknoglobals // an immutable table
	words *regexp.Regexp
	class string
}{
	{regexp.MustCompile(`(?i)\b(?:regulat\w*|legal\w*|law|laws|complian\w*|privacy|gdpr|hipaa|pci|psd2|sox|ccpa|consent\w*|statut\w*|licen[cs]\w+|audit(?:or|ors|ing)?|data protection|retention|personal data)\b`), Regulatory},
	{regexp.MustCompile(`(?i)\b(?:timeline|timing|schedule|deadlines?|freeze|launch date|no later than|due (?:by|on)|(?:by|before|until|after|from) (?:the )?(?:end of )?(?:q[1-4]|\d{4}-\d{2}|\d{1,2} )?\s?(?:january|february|march|april|may|june|july|august|september|october|november|december|q[1-4]|\d{4}-\d{2}))\b`), Timeline},
}

// sectionOf returns the section a heading opens, and the class of constraints below it.
func sectionOf(heading string) (Section, string) {
	h := strings.Trim(strings.TrimSpace(heading), ":*_ ")
	if len(h) > 80 {
		return None, ""
	}
	for _, x := range headings {
		if x.words.MatchString(h) {
			if x.section == Constraint {
				return x.section, headingClass(h)
			}
			return x.section, ""
		}
	}
	return None, ""
}

// headingClass returns the class that a heading names, "" when it names none.
func headingClass(h string) string {
	switch l := strings.ToLower(h); {
	case strings.Contains(l, "technical") || strings.Contains(l, "platform") || strings.Contains(l, "architecture"):
		return Technical
	case classes[0].words.MatchString(h):
		return Regulatory
	case strings.Contains(l, "time") || strings.Contains(l, "date") || classes[1].words.MatchString(h):
		return Timeline
	}
	return ""
}

// ClassOf returns the class that a constraint's own words give it.
func ClassOf(text string) string {
	for _, c := range classes {
		if c.words.MatchString(text) {
			return c.class
		}
	}
	return Technical
}
