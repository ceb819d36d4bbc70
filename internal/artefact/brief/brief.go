package brief

import (
	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Schema names the JSON form of a ProblemBrief.
const Schema = "roleos/problem-brief/v1"

// Kind is the artefact's kind, which names its contract.
const Kind = "problem-brief"

// ProblemBrief says which problem is worth deciding on, for whom, why, by what
// its success is measured and what binds its solution.
type ProblemBrief struct {
	Schema       string             `json:"schema"`
	Title        string             `json:"title"`
	Sample       bool               `json:"sample"`
	Sources      []evidence.Source  `json:"sources"`
	From         []Input            `json:"from"` // the artefacts it builds on
	Problem      Problem            `json:"problem"`
	Evidence     []Datum            `json:"evidence"`
	Size         *Size              `json:"size,omitempty"` // nil: no counted feedback
	Segments     []Dimension        `json:"segments"`
	Stakeholders []Stakeholder      `json:"stakeholders"`
	Conflicts    []Conflict         `json:"conflicts"` // open ones; those that touch the problem first
	Rationale    []Line             `json:"business_rationale"`
	Criteria     []Criterion        `json:"success_criteria"`
	Others       []Criterion        `json:"other_criteria"` // stated measures that name other things, where some name this problem
	Aims         []Line             `json:"aims"`           // stated as success, but no criterion can be made of them
	Baselines    []Baseline         `json:"baselines"`
	Constraints  []Constraint       `json:"constraints"`
	NoneKnown    []NoneKnown        `json:"none_known"` // stated absences
	Dependencies []Dependency       `json:"dependencies"`
	Ethics       []Line             `json:"ethical_considerations"`
	Exclusions   []Line             `json:"exclusions"`
	Assumptions  []Line             `json:"assumptions"`
	Questions    []Line             `json:"open_questions"`
	Gaps         []Gap              `json:"gaps"`
	Dropped      []Dropped          `json:"dropped"`
	Themes       []Theme            `json:"themes"`     // the groups the figures count over; the first may be chosen instead of another
	Statements   []Statement        `json:"statements"` // what stakeholders said, for another focus
	Signals      []Signal           `json:"signals"`    // what the market brief quotes
	Edits        []Edited           `json:"edits"`
	Findings     []artefact.Finding `json:"findings"`
	Method       artefact.Method    `json:"method"`
	Redaction    artefact.Redaction `json:"redaction"`
	Figures      []evidence.Figure  `json:"figures"`
	// Suggested are records that a model found to say the problem in other words.
	Suggested []Suggestion `json:"suggested,omitempty"`
	// Rejected is what a model said that the evidence does not bear out.
	Rejected []artefact.Rejection `json:"rejected,omitempty"`
}

// Input is one artefact that the brief builds on.
type Input struct {
	Kind   string `json:"kind"`
	Draft  string `json:"draft"`
	Digest string `json:"digest"`
	State  string `json:"state"`
}

// Problem is what the brief is about.
type Problem struct {
	ThemeID   string          `json:"theme_id,omitempty"` // "": stated by a person or not at all
	Label     string          `json:"label"`
	Statement string          `json:"statement"` // sentences made by code around quotes; "" is a gap
	Numbers   []string        `json:"numbers"`   // JSON pointers of the numbers in Statement
	Says      *evidence.Quote `json:"says,omitempty"`
	Why       string          `json:"why_this"`            // why this problem and not another
	By        string          `json:"by,omitempty"`        // person who chose it in review
	Asked     bool            `json:"asked,omitempty"`     // the run was asked for this problem
	StatedBy  string          `json:"stated_by,omitempty"` // person whose words Statement are
	Worded    *Worded         `json:"worded,omitempty"`    // a model's words in Statement
}

// Worded is a problem in sentences that a model put around data points. It holds
// for one theme: another focus is worded by code.
type Worded struct {
	Theme     string     `json:"theme"`
	Sentences []Sentence `json:"sentences"`
	By        string     `json:"by"` // the model
}

// Suggestion is a passage that a model takes for a data point of a theme. It is
// none until a person takes it.
type Suggestion struct {
	ID     string `json:"id"`
	Theme  string `json:"theme"`
	Record string `json:"record"`
	Text   string `json:"text"`         // stands in the record word for word
	Model  string `json:"model"`        // that found it
	By     string `json:"by,omitempty"` // person who took it as a data point
}

// Sentence is a beginning in checked words, which a data point ends.
type Sentence struct {
	Before   string `json:"before"`   // may be empty
	Evidence string `json:"evidence"` // id of the data point
}

// Datum is one data point: a quote from one record.
type Datum struct {
	ID     string         `json:"id"`
	Kind   string         `json:"kind"` // feedback, stakeholder, market, measure
	Record string         `json:"record"`
	Theme  string         `json:"theme,omitempty"`
	Who    string         `json:"who,omitempty"` // speaker, where it is known
	Quote  evidence.Quote `json:"quote"`
}

// Size is how much of the feedback the problem is.
type Size struct {
	Records    int     `json:"records"`
	Population int     `json:"population"` // feedback records read
	Share      float64 `json:"share"`
	ShareLow   float64 `json:"share_low"` // 95 % interval (Wilson)
	ShareHigh  float64 `json:"share_high"`
	Rank       int     `json:"rank"`            // place among the issues of the synthesis; 0: not ranked
	Trend      string  `json:"trend,omitempty"` // rising, falling, steady, too little data
	Confidence string  `json:"confidence_level,omitempty"`
	Validated  string  `json:"validated_by,omitempty"`
}

// Dimension is one way the feedback is divided, with the problem's share in each value.
type Dimension struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"`
}

// Cell is the problem in one segment, tested against the rest.
type Cell struct {
	Value     string           `json:"value"`
	Count     int              `json:"count"`
	Share     float64          `json:"share"`
	RestShare float64          `json:"rest_share"`
	Lift      float64          `json:"lift"`
	P         float64          `json:"p"`
	Q         float64          `json:"q"`
	Verdict   artefact.Verdict `json:"verdict"`
}

// Stakeholder is somebody who spoke of the problem, or was heard on something else.
type Stakeholder struct {
	Name   string   `json:"name"`
	Stance string   `json:"stance"` // asks for it, worries, ...; "" when nothing they said names the problem
	Said   []string `json:"said"`   // ids of Statements
}

// Statement is something a stakeholder said.
type Statement struct {
	ID     string         `json:"id"`
	Kind   string         `json:"kind"` // request, concern, decision, ...
	Who    string         `json:"who"`
	Status string         `json:"status,omitempty"`
	Quote  evidence.Quote `json:"quote"`
}

// Signal is a development that the market brief quotes.
type Signal struct {
	Title string         `json:"title"`
	Quote evidence.Quote `json:"quote"`
}

// Conflict is a disagreement for a person to resolve.
type Conflict struct {
	ID    string   `json:"id"`
	About string   `json:"about"`
	Sides []string `json:"sides"` // ids of Statements
	// General says that no side names this problem.
	General bool `json:"general"`
}

// Line is one statement from a context document, or a person's own.
type Line struct {
	ID      string          `json:"id"`
	Text    string          `json:"text"`
	Quote   *evidence.Quote `json:"quote,omitempty"`
	Owner   string          `json:"owner,omitempty"` // role or person the document names
	By      string          `json:"by,omitempty"`    // person who added it in review
	General bool            `json:"general"`         // it names nothing of this problem: it holds for the whole portfolio
}

// Criterion is one measurable success criterion. Says holds the words that state
// it; the figures of Target and Baseline are read from those words.
type Criterion struct {
	ID         string          `json:"id"`
	Metric     string          `json:"metric"`
	Comparator string          `json:"comparator"` // at most, at least, below, above
	Target     float64         `json:"target"`
	Number     string          `json:"target_as_written"`
	Unit       string          `json:"unit"`
	Deadline   string          `json:"deadline"` // last day, 2027-03-31
	Baseline   *Baseline       `json:"baseline,omitempty"`
	Says       string          `json:"says"`
	Source     string          `json:"source"` // file that states it, or the person
	Quote      *evidence.Quote `json:"quote,omitempty"`
	Owner      string          `json:"owner,omitempty"`
	By         string          `json:"by,omitempty"`
	General    bool            `json:"general"`
}

// Baseline is a measure as it is today.
type Baseline struct {
	ID       string          `json:"id"`
	Metric   string          `json:"metric"`
	Value    float64         `json:"value"`
	Number   string          `json:"as_written"`
	Unit     string          `json:"unit"`
	Measured string          `json:"measured,omitempty"` // when and where, as written
	Says     string          `json:"says"`
	Quote    *evidence.Quote `json:"quote,omitempty"`
}

// Constraint is something a solution must keep to.
type Constraint struct {
	ID    string          `json:"id"`
	Kind  string          `json:"kind"` // technical, regulatory, timeline
	Text  string          `json:"text"`
	Quote *evidence.Quote `json:"quote,omitempty"`
	Owner string          `json:"owner,omitempty"`
	By    string          `json:"by,omitempty"`
}

// NoneKnown states that there is none of something.
type NoneKnown struct {
	Of    string          `json:"of"` // technical, regulatory, timeline, dependencies
	Text  string          `json:"text"`
	Quote *evidence.Quote `json:"quote,omitempty"`
	Owner string          `json:"owner,omitempty"`
	By    string          `json:"by,omitempty"`
}

// Dependency is something the work waits for.
type Dependency struct {
	ID       string          `json:"id"`
	Text     string          `json:"text"`
	Blocking string          `json:"blocking"` // yes, no, unknown
	Quote    *evidence.Quote `json:"quote,omitempty"`
	Owner    string          `json:"owner,omitempty"`
	By       string          `json:"by,omitempty"`
}

// Gap is something that the brief does not say, with what would mend it.
type Gap struct {
	ID string `json:"id"`
	artefact.Gap
	Answer string `json:"answer,omitempty"` // what a person said to it
	By     string `json:"answered_by,omitempty"`
}

// Dropped is something an input holds and the brief leaves behind on purpose.
type Dropped struct {
	ID     string `json:"id"`
	Text   string `json:"text,omitempty"`
	Reason string `json:"reason"`
	By     string `json:"by,omitempty"`
}

// Theme is one group of feedback records: a problem that could be chosen. The
// group with the id artefact.Unassigned holds the records that fit nowhere.
type Theme struct {
	ID         string           `json:"id"`
	Label      string           `json:"label"`
	Rank       int              `json:"rank"` // in the synthesis' list of issues; 0: not ranked
	RecordIDs  []string         `json:"record_ids"`
	Mentions   []string         `json:"mentioned_in"`
	Phrases    []string         `json:"phrases"`
	Quotes     []evidence.Quote `json:"quotes"`
	Count      int              `json:"count"`
	Share      float64          `json:"share"`
	Trend      string           `json:"trend,omitempty"`
	Confidence string           `json:"confidence_level,omitempty"`
	Validated  string           `json:"validated_by,omitempty"`
}

// Edited records one edit by a person.
type Edited struct {
	Op   Op     `json:"op"`
	By   string `json:"by"`
	Note string `json:"note"`
}

// Parse reads a brief strictly.
func Parse(body []byte) (ProblemBrief, error) {
	return artefact.Read(body, Schema, func(b ProblemBrief) string { return b.Schema })
}

// Corpus returns the corpus that the brief's figures are computed over.
func (b ProblemBrief) Corpus(records []evidence.Record) (*evidence.Corpus, error) {
	return corpus(b.Themes, records)
}

func corpus(themes []Theme, records []evidence.Record) (*evidence.Corpus, error) {
	members := make([]evidence.Membership, len(themes))
	for i, t := range themes {
		members[i] = evidence.Membership{Theme: t.ID, Records: t.RecordIDs, Mentions: t.Mentions}
	}
	return evidence.NewCorpus(records, members)
}

// Quotes returns every quote of the brief in reading order.
func (b ProblemBrief) Quotes() []evidence.Quote {
	var out []evidence.Quote
	b.each(func(q *evidence.Quote) { out = append(out, *q) })
	return out
}

// Rename changes the record ids of all quotes in place: an artefact that builds
// on the brief may call records otherwise.
func (b *ProblemBrief) Rename(to func(id string) string) {
	b.each(func(q *evidence.Quote) { q.RecordID = to(q.RecordID) })
	for i := range b.Evidence {
		b.Evidence[i].Record = b.Evidence[i].Quote.RecordID
	}
}

// each visits every quote in reading order.
func (b *ProblemBrief) each(visit func(*evidence.Quote)) {
	add := func(q *evidence.Quote) {
		if q != nil {
			visit(q)
		}
	}
	lines := func(lists ...[]Line) {
		for _, list := range lists {
			for i := range list {
				add(list[i].Quote)
			}
		}
	}
	add(b.Problem.Says)
	for i := range b.Evidence {
		add(&b.Evidence[i].Quote)
	}
	for i := range b.Statements {
		add(&b.Statements[i].Quote)
	}
	lines(b.Rationale)
	for i := range b.Criteria {
		add(b.Criteria[i].Quote)
		if x := b.Criteria[i].Baseline; x != nil {
			add(x.Quote)
		}
	}
	for i := range b.Others {
		add(b.Others[i].Quote)
		if x := b.Others[i].Baseline; x != nil {
			add(x.Quote)
		}
	}
	lines(b.Aims)
	for i := range b.Baselines {
		add(b.Baselines[i].Quote)
	}
	for i := range b.Constraints {
		add(b.Constraints[i].Quote)
	}
	for i := range b.NoneKnown {
		add(b.NoneKnown[i].Quote)
	}
	for i := range b.Dependencies {
		add(b.Dependencies[i].Quote)
	}
	lines(b.Ethics, b.Exclusions, b.Assumptions, b.Questions)
	for i := range b.Signals {
		add(&b.Signals[i].Quote)
	}
	for i := range b.Themes {
		for j := range b.Themes[i].Quotes {
			add(&b.Themes[i].Quotes[j])
		}
	}
}
