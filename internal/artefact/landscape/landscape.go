package landscape

import (
	"time"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Schema names the JSON form; Kind names the artefact and its contract.
const (
	Schema = "roleos/stakeholder-landscape/v1"
	Kind   = "stakeholder-landscape"
)

// StakeholderLandscape is what the people around a product said they want,
// decided, do and doubt. The same input gives the same bytes.
type StakeholderLandscape struct {
	Schema       string               `json:"schema"`
	Title        string               `json:"title"`
	Sample       bool                 `json:"sample"` // made from the embedded sample, not from real talk
	Sources      []evidence.Source    `json:"sources"`
	Summary      Summary              `json:"summary"`
	Stakeholders []Stakeholder        `json:"stakeholders"` // who spoke most first
	Statements   []Statement          `json:"statements"`   // in the order of the records
	Decisions    []Reference          `json:"decisions"`    // best supported first
	Actions      []Task               `json:"actions"`      // best supported first
	Requirements []Requirement        `json:"requirements"` // highest priority first
	Matrix       []Cell               `json:"matrix"`       // by stakeholder, then requirement; everybody heard is in it
	Conflicts    []Conflict           `json:"conflicts"`    // best supported first
	Questions    []Question           `json:"questions"`    // in the order of the records
	Findings     []artefact.Finding   `json:"findings"`     // about the data
	Gaps         []artefact.Gap       `json:"gaps"`         // what could not be said, and what would mend it
	Redirects    map[string]string    `json:"redirects"`    // id of a merged stakeholder -> who they are; of a dropped statement -> "dropped"
	Method       artefact.Method      `json:"method"`
	Redaction    artefact.Redaction   `json:"redaction"`
	Figures      []evidence.Figure    `json:"figures"`
	Rejected     []artefact.Rejection `json:"rejected"` // statements an analyst made that the evidence did not bear out
}

// Summary opens the report. Every number in it is a figure.
type Summary struct {
	Records      int       `json:"records"`
	Stakeholders int       `json:"stakeholders"` // heard or named
	Heard        int       `json:"heard"`        // spoke themselves
	Statements   int       `json:"statements"`
	Decisions    int       `json:"decisions"`
	Actions      int       `json:"actions"`
	Requirements int       `json:"requirements"`
	Conflicts    int       `json:"conflicts"`
	Unresolved   int       `json:"unresolved"` // conflicts that no person has settled
	Questions    int       `json:"questions"`
	Unanswered   int       `json:"unanswered"`
	From         time.Time `json:"from,omitzero"`
	To           time.Time `json:"to,omitzero"` // time of the last record
}

// Stakeholder is one person or group that spoke or was named.
type Stakeholder struct {
	ID         string   `json:"id"` // made from the name: "ada-example"
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`    // person, group
	Heard      bool     `json:"heard"`   // false: only named by others
	Aliases    []Alias  `json:"aliases"` // other names taken as theirs, each with its reason
	Records    int      `json:"records"` // what they said themselves
	Statements []string `json:"statement_ids"`
	Edited     bool     `json:"edited,omitempty"` // a person renamed or merged them
}

// Alias is another name of a stakeholder.
type Alias struct {
	Name     string `json:"name"`
	Why      string `json:"why"`
	RecordID string `json:"record_id,omitempty"` // where it occurs first
}

// The kinds of a statement.
const (
	Request    = "request"
	Commitment = "commitment"
	Proposal   = "proposal"
	Decision   = "decision"
	Action     = "action"
	Concern    = "concern"
	Asked      = "question"
)

// The statuses of a statement.
const (
	Open       = "open"
	Decided    = "decided"
	Contested  = "contested" // it is a side of a conflict that nobody settled
	Answered   = "answered"
	Unanswered = "unanswered"
	Resolved   = "resolved" // of a conflict
)

// Statement is one passage that does something. Text is the record's own, at
// the byte offsets Start and End.
type Statement struct {
	ID          string  `json:"id"`
	Kind        string  `json:"kind"`
	Stakeholder string  `json:"stakeholder"` // id; empty when the record does not say whose it is
	Text        string  `json:"text"`
	RecordID    string  `json:"record_id"`
	Start       int     `json:"start"`
	End         int     `json:"end"`
	Status      string  `json:"status"`
	Level       string  `json:"level"` // how sure the kind is: high, medium, low
	Score       float64 `json:"score"` // the same, 0..1
	Cue         string  `json:"cue"`   // the words that gave it away
	Topic       string  `json:"topic,omitempty"`
	Owner       string  `json:"owner,omitempty"` // stakeholder who is to do it
	Due         string  `json:"due,omitempty"`   // in the record's own words
	Against     bool    `json:"against,omitempty"`
	Conditional bool    `json:"conditional,omitempty"`
	Confirmed   string  `json:"confirmed_by,omitempty"`
	// Reading is a model's own reading where it is another one. It is shown beside
	// Kind and counts nowhere.
	Reading *Reading `json:"reading,omitempty"`
}

// Reading is what a language model takes something for.
type Reading struct {
	As string `json:"as"` // of a statement decision, action or neither; of a conflict NotOpposed
	By string `json:"by"` // the model
}

// What a model may take a statement or a conflict for, beside the kinds of a statement.
const (
	Neither    = "neither"
	NotOpposed = "not opposed"
)

// Quote returns the statement's passage.
func (s Statement) Quote() evidence.Quote {
	return evidence.Quote{RecordID: s.RecordID, Text: s.Text, Start: s.Start, End: s.End}
}

// Reference points at a statement in a view of its own.
type Reference struct {
	StatementID string `json:"statement_id"`
	Level       string `json:"level"`
}

// Task is one action: who, what, until when.
type Task struct {
	StatementID string `json:"statement_id"`
	Level       string `json:"level"`
	Owner       string `json:"owner"` // stakeholder id; empty when nobody is named
	Due         string `json:"due"`   // empty when no date is stated
}

// Requirement is one matter that several statements are about.
type Requirement struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"` // its most telling words
	StatementIDs []string `json:"statement_ids"`
	Priority     string   `json:"priority"` // high, medium, low: from the factors alone
	Factors      []Factor `json:"factors"`
}

// Factor is one stated signal of priority. Count is the length of Items.
type Factor struct {
	Name  string   `json:"name"` // asked_by, times, urgent, decided, opposed
	Count int      `json:"count"`
	Items []string `json:"items"` // stakeholder or statement ids
	Means string   `json:"means"`
}

// Cell says where a stakeholder stands towards a requirement. A stakeholder who
// took no stance has one cell without a requirement.
type Cell struct {
	Stakeholder string          `json:"stakeholder"`
	Requirement string          `json:"requirement"`
	Stance      string          `json:"stance"` // for, against, unsure, conditional, none
	Quote       *evidence.Quote `json:"quote,omitempty"`
}

// NoStance is the stance of a stakeholder who was heard and took none.
const NoStance = "none"

// Conflict is one matter on which stakeholders stand against each other.
type Conflict struct {
	ID         string      `json:"id"`
	Kind       string      `json:"kind"` // opposed stances, incompatible numbers, decision against request
	About      string      `json:"about"`
	Sides      []Side      `json:"sides"`
	Level      string      `json:"level"`
	Score      float64     `json:"score"`
	Open       bool        `json:"open"`   // no person has settled it
	Status     string      `json:"status"` // open, resolved
	Resolution *Resolution `json:"resolution,omitempty"`
	Reading    *Reading    `json:"reading,omitempty"` // a model's doubt; a person decides
}

// Side is what one stakeholder said in a conflict.
type Side struct {
	Stakeholder string   `json:"stakeholder"`
	Stance      string   `json:"stance"` // for, against; empty where each has a number of their own
	Statements  []string `json:"statement_ids"`
}

// Resolution is a person's word on a conflict.
type Resolution struct {
	Side string `json:"side"` // stakeholder id
	Why  string `json:"why"`
	By   string `json:"by"`
}

// Question is one question that was asked, with its answer where one followed.
type Question struct {
	StatementID string          `json:"statement_id"`
	Stakeholder string          `json:"stakeholder"`
	Text        string          `json:"text"`
	RecordID    string          `json:"record_id"`
	Start       int             `json:"start"`
	End         int             `json:"end"`
	Unanswered  bool            `json:"unanswered"`
	Answer      *evidence.Quote `json:"answer,omitempty"`
}

// Parse reads a landscape strictly: unknown fields and another schema are refused.
func Parse(body []byte) (StakeholderLandscape, error) {
	return artefact.Read(body, Schema, func(l StakeholderLandscape) string { return l.Schema })
}

// Quotes returns every quote in reading order.
func (l StakeholderLandscape) Quotes() []evidence.Quote {
	var out []evidence.Quote
	for i := range l.Statements {
		out = append(out, l.Statements[i].Quote())
	}
	for i := range l.Matrix {
		if q := l.Matrix[i].Quote; q != nil {
			out = append(out, *q)
		}
	}
	for i := range l.Questions {
		if q := l.Questions[i].Answer; q != nil {
			out = append(out, *q)
		}
	}
	return out
}
