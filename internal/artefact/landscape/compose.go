package landscape

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Outline is all that an analyst or a reviewer decides about a landscape.
// Compose computes the rest.
type Outline struct {
	Title        string
	Sample       bool
	Sources      []evidence.Source
	Stakeholders []Stakeholder             // Records and Statements are computed
	Statements   []Statement               // Status is computed
	Requirements []Requirement             // Priority and Factors are computed
	Stances      []Cell                    // those taken in so many words
	Conflicts    []Conflict                // Open is computed
	Answers      map[string]evidence.Quote // question statement -> its answer
	Findings     []artefact.Finding
	Gaps         []artefact.Gap
	Redirects    map[string]string
	Method       artefact.Method
	Redaction    artefact.Redaction
	Rejected     []artefact.Rejection
}

// StatementID makes a statement's stable id from its place.
func StatementID(record string, start, end int) string {
	return digest("s-", fmt.Sprintf("%s\x00%d\x00%d", record, start, end))
}

// RequirementID and ConflictID make stable ids from the statements they stand on.
func RequirementID(first string) string { return digest("r-", first) }

// ConflictID makes a conflict's stable id from its kind and statements.
func ConflictID(kind string, statements []string) string {
	return digest("c-", kind+"\x00"+strings.Join(statements, "\x00"))
}

func digest(prefix, of string) string {
	sum := sha256.Sum256([]byte(of))
	return prefix + hex.EncodeToString(sum[:5])
}

// StakeholderID makes an id from a name: "Ada Example" is "ada-example".
func StakeholderID(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		default:
			dash = true
		}
	}
	if b.Len() == 0 {
		return digest("p-", name)
	}
	return b.String()
}

// LevelOf says in a word how sure a score is.
func LevelOf(score float64) string {
	switch {
	case score >= .8:
		return "high"
	case score >= .62:
		return "medium"
	}
	return "low"
}

// Compose computes a landscape. It leaves out, with its reason, every statement
// that does not stand in its record. It fails when a record id occurs twice.
func Compose(o Outline, records []evidence.Record) (StakeholderLandscape, error) {
	l := StakeholderLandscape{
		Schema: Schema, Title: o.Title, Sample: o.Sample, Sources: o.Sources, Findings: o.Findings,
		Redirects: o.Redirects, Method: o.Method, Redaction: o.Redaction, Rejected: slices.Clone(o.Rejected),
	}
	place := make(map[string]int, len(records))
	for i := range records {
		if _, dup := place[records[i].ID]; dup {
			return l, fmt.Errorf("record id %q occurs twice", records[i].ID)
		}
		place[records[i].ID] = i
	}
	grounded := func(q evidence.Quote) error {
		i, ok := place[q.RecordID]
		if !ok {
			return fmt.Errorf("it cites record %q, which is not among the records", q.RecordID)
		}
		return evidence.CheckQuote(&records[i], q)
	}
	known := map[string]bool{}
	for _, s := range o.Statements {
		if err := grounded(s.Quote()); err != nil {
			l.Rejected = append(l.Rejected, artefact.Rejection{Statement: s.Text, Why: err.Error()})
			continue
		}
		if !known[s.ID] {
			known[s.ID] = true
			s.Score = evidence.Round(s.Score)
			s.Level = LevelOf(s.Score)
			l.Statements = append(l.Statements, s)
		}
	}
	slices.SortStableFunc(l.Statements, func(a, b Statement) int {
		return cmp.Or(place[a.RecordID]-place[b.RecordID], a.Start-b.Start, a.End-b.End)
	})
	l.conflicts(o, known)
	l.questions(o, grounded)
	l.statuses(o)
	l.people(o, records)
	l.requirements(o, known)
	l.matrix(o, grounded)
	l.views()
	l.gaps(o)
	l.empty()
	return l, l.count(records)
}

func (l *StakeholderLandscape) conflicts(o Outline, known map[string]bool) {
	for _, c := range o.Conflicts {
		var sides []Side
		for _, s := range c.Sides {
			s.Statements = slices.DeleteFunc(slices.Clone(s.Statements), func(id string) bool { return !known[id] })
			if len(s.Statements) > 0 {
				sides = append(sides, s)
			}
		}
		if len(sides) < 2 {
			continue
		}
		c.Sides, c.Open, c.Status = sides, c.Resolution == nil, Open
		if !c.Open {
			c.Status = Resolved
		}
		c.Score = evidence.Round(c.Score)
		c.Level = LevelOf(c.Score)
		l.Conflicts = append(l.Conflicts, c)
	}
	slices.SortStableFunc(l.Conflicts, func(a, b Conflict) int { return doubted(a.Reading) - doubted(b.Reading) })
}

func (l *StakeholderLandscape) questions(o Outline, grounded func(evidence.Quote) error) {
	for _, s := range l.Statements {
		if s.Kind != Asked {
			continue
		}
		q := Question{
			StatementID: s.ID, Stakeholder: s.Stakeholder, Text: s.Text, RecordID: s.RecordID, Start: s.Start, End: s.End, Unanswered: true,
		}
		if a, ok := o.Answers[s.ID]; ok && grounded(a) == nil {
			q.Answer, q.Unanswered = &a, false
		}
		l.Questions = append(l.Questions, q)
	}
}

// statuses says of each statement how far it got.
func (l *StakeholderLandscape) statuses(o Outline) {
	contested := map[string]bool{}
	for _, c := range l.Conflicts {
		for _, s := range c.Sides {
			for _, id := range s.Statements {
				contested[id] = contested[id] || c.Open
			}
		}
	}
	at := map[string]int{}
	for i, s := range l.Statements {
		at[s.ID] = i
	}
	settled := map[string]int{} // statement -> place of a later decision on the same matter
	for _, r := range o.Requirements {
		last := -1
		for _, id := range r.StatementIDs {
			if i, ok := at[id]; ok && l.Statements[i].Kind == Decision {
				last = max(last, i)
			}
		}
		for _, id := range r.StatementIDs {
			settled[id] = last
		}
	}
	open := map[string]bool{}
	for _, q := range l.Questions {
		open[q.StatementID] = q.Unanswered
	}
	for i := range l.Statements {
		s := &l.Statements[i]
		switch last, ok := settled[s.ID]; {
		case s.Kind == Asked && open[s.ID]:
			s.Status = Unanswered
		case s.Kind == Asked:
			s.Status = Answered
		case contested[s.ID]:
			s.Status = Contested
		case s.Kind == Decision, ok && last > i && (s.Kind == Request || s.Kind == Proposal):
			s.Status = Decided
		default:
			s.Status = Open
		}
	}
}

// people counts what each stakeholder said.
func (l *StakeholderLandscape) people(o Outline, records []evidence.Record) {
	said := map[string][]string{}
	for _, s := range l.Statements {
		said[s.Stakeholder] = append(said[s.Stakeholder], s.ID)
	}
	counts := map[string]int{}
	of := speakers(o.Stakeholders)
	for i := range records {
		if id, ok := of[Speaker(&records[i])]; ok {
			counts[id]++
		}
	}
	for _, p := range o.Stakeholders {
		p.Records, p.Statements = counts[p.ID], said[p.ID]
		p.Heard = p.Records > 0
		if !p.Heard && len(p.Statements) == 0 && !l.owns(p.ID) {
			continue
		}
		l.Stakeholders = append(l.Stakeholders, p)
	}
	slices.SortStableFunc(l.Stakeholders, func(a, b Stakeholder) int {
		return cmp.Or(b.Records-a.Records, len(b.Statements)-len(a.Statements))
	})
}

func (l *StakeholderLandscape) owns(id string) bool {
	return slices.ContainsFunc(l.Statements, func(s Statement) bool { return s.Owner == id })
}

// Speaker returns who a record is of, as the source spells it: the speaker, or the account.
func Speaker(r *evidence.Record) string { return cmp.Or(r.Origin.Speaker, r.Account) }

// speakers maps every spelling of a name to its stakeholder.
func speakers(ps []Stakeholder) map[string]string {
	of := map[string]string{}
	for _, p := range ps {
		for _, a := range p.Aliases {
			of[a.Name] = p.ID
		}
	}
	for _, p := range ps {
		if _, taken := of[p.Name]; !taken {
			of[p.Name] = p.ID
		}
	}
	return of
}

// requirements counts the signals behind each and ranks by them.
func (l *StakeholderLandscape) requirements(o Outline, known map[string]bool) {
	byID := map[string]*Statement{}
	for i := range l.Statements {
		byID[l.Statements[i].ID] = &l.Statements[i]
	}
	for _, r := range o.Requirements {
		r.StatementIDs = slices.DeleteFunc(slices.Clone(r.StatementIDs), func(id string) bool { return !known[id] })
		if len(r.StatementIDs) == 0 {
			continue
		}
		r.Factors, r.Priority = priority(r.StatementIDs, byID)
		l.Requirements = append(l.Requirements, r)
	}
	rank := map[string]int{"high": 0, "medium": 1, "low": 2}
	slices.SortStableFunc(l.Requirements, func(a, b Requirement) int {
		return cmp.Or(rank[a.Priority]-rank[b.Priority], b.Factors[0].Count-a.Factors[0].Count, len(b.StatementIDs)-len(a.StatementIDs))
	})
}

//nolint:gochecknoglobals // an immutable table
var urgency = []string{"urgent", "asap", "as soon as", "immediately", "blocker", "blocking", "critical", "deadline", "must have", "right now", "priority", "essential", "crucial", "need to", "as quickly as"}

// PriorityRule says in words what priority makes of the factors.
const PriorityRule = "Priority is high from 5 points, medium from 3: one for each stakeholder who asked (at most 3), one from 3 statements on, one for urgent words or a stated date, one for a decision, one for being contested."

func priority(ids []string, byID map[string]*Statement) ([]Factor, string) {
	var askers, urgent, decided, contested []string
	for _, id := range ids {
		s := byID[id]
		if s.Stakeholder != "" && s.Kind != Concern && !s.Against && !slices.Contains(askers, s.Stakeholder) {
			askers = append(askers, s.Stakeholder)
		}
		text := strings.ToLower(s.Text)
		if s.Due != "" || slices.ContainsFunc(urgency, func(w string) bool { return strings.Contains(text, w) }) {
			urgent = append(urgent, id)
		}
		if s.Kind == Decision {
			decided = append(decided, id)
		}
		if s.Status == Contested {
			contested = append(contested, id)
		}
	}
	fs := []Factor{
		{"asked_by", len(askers), askers, "stakeholders who want it"},
		{"times", len(ids), ids, "statements about it"},
		{"urgent", len(urgent), urgent, "statements with urgent words or a date"},
		{"decided", len(decided), decided, "decisions on it"},
		{"contested", len(contested), contested, "statements that stand in an open conflict"},
	}
	points := min(len(askers), 3)
	for _, yes := range []bool{len(ids) >= 3, len(urgent) > 0, len(decided) > 0, len(contested) > 0} {
		if yes {
			points++
		}
	}
	for i := range fs {
		if fs[i].Items == nil {
			fs[i].Items = []string{}
		}
	}
	switch {
	case points >= 5:
		return fs, "high"
	case points >= 3:
		return fs, "medium"
	}
	return fs, "low"
}

// matrix keeps everybody who was heard, with or without a stance.
func (l *StakeholderLandscape) matrix(o Outline, grounded func(evidence.Quote) error) {
	byPerson := map[string][]Cell{}
	order := map[string]int{}
	for i, r := range l.Requirements {
		order[r.ID] = i
	}
	for _, c := range o.Stances {
		if _, ok := order[c.Requirement]; !ok || c.Quote == nil || grounded(*c.Quote) != nil {
			continue
		}
		byPerson[c.Stakeholder] = append(byPerson[c.Stakeholder], c)
	}
	for _, p := range l.Stakeholders {
		cells := byPerson[p.ID]
		slices.SortStableFunc(cells, func(a, b Cell) int { return order[a.Requirement] - order[b.Requirement] })
		if len(cells) == 0 {
			cells = []Cell{{Stakeholder: p.ID, Stance: NoStance}}
		}
		l.Matrix = append(l.Matrix, cells...)
	}
}

// views lists decisions and actions, best supported first, those that a model reads otherwise last.
func (l *StakeholderLandscape) views() {
	ranked := slices.Clone(l.Statements)
	slices.SortStableFunc(ranked, func(a, b Statement) int {
		return cmp.Or(sure(b)-sure(a), doubted(a.Reading)-doubted(b.Reading), cmp.Compare(b.Score, a.Score))
	})
	for _, s := range ranked {
		switch s.Kind {
		case Decision:
			l.Decisions = append(l.Decisions, Reference{s.ID, s.Level})
		case Action:
			l.Actions = append(l.Actions, Task{s.ID, s.Level, s.Owner, s.Due})
		}
	}
}

// doubted ranks what a model reads otherwise behind the rest.
func doubted(r *Reading) int {
	if r != nil {
		return 1
	}
	return 0
}

func sure(s Statement) int {
	if s.Confirmed != "" {
		return 1
	}
	return 0
}

// gaps says what the records do not hold.
func (l *StakeholderLandscape) gaps(o Outline) {
	l.Gaps = slices.Clone(o.Gaps)
	add := func(what, why, mend string) {
		if !slices.ContainsFunc(l.Gaps, func(g artefact.Gap) bool { return g.What == what }) {
			l.Gaps = append(l.Gaps, artefact.Gap{What: what, Why: why, Mend: mend})
		}
	}
	if !slices.ContainsFunc(l.Stakeholders, func(p Stakeholder) bool { return p.Heard }) {
		add("Who said what", "No record names its speaker.", "Read a transcript or an export that keeps the speakers' names.")
	}
	if len(l.Decisions) == 0 {
		add("Decisions", "No passage says plainly that something was decided.", "Ask the people who were there, or read the minutes as well.")
	}
	if slices.ContainsFunc(l.Actions, func(a Task) bool { return a.Owner == "" }) {
		add("Owners of some actions", "Nobody is named in the passage.", "Ask who does it, and change the action's owner in review.")
	}
	if slices.ContainsFunc(l.Actions, func(a Task) bool { return a.Due == "" }) {
		add("Dates of some actions", "No date is stated in the passage.", "Ask until when, in the next meeting.")
	}
	if slices.ContainsFunc(l.Questions, func(q Question) bool { return q.Unanswered }) {
		add("Answers to open questions", "No later passage answers them.", "Put them to the people named beside them.")
	}
}

// computed gaps are made again on every change.
func computed(g artefact.Gap) bool {
	switch g.What {
	case "Who said what", "Decisions", "Owners of some actions", "Dates of some actions", "Answers to open questions":
		return true
	}
	return false
}

// empty makes absent lists empty ones, so that the JSON has no null.
func (l *StakeholderLandscape) empty() {
	artefact.Present(&l.Sources)
	artefact.Present(&l.Stakeholders)
	artefact.Present(&l.Statements)
	artefact.Present(&l.Decisions)
	artefact.Present(&l.Actions)
	artefact.Present(&l.Requirements)
	artefact.Present(&l.Matrix)
	artefact.Present(&l.Conflicts)
	artefact.Present(&l.Questions)
	artefact.Present(&l.Findings)
	artefact.Present(&l.Gaps)
	artefact.Present(&l.Rejected)
	for i := range l.Findings {
		artefact.Present(&l.Findings[i].Where)
	}
	for i := range l.Stakeholders {
		artefact.Present(&l.Stakeholders[i].Aliases)
		artefact.Present(&l.Stakeholders[i].Statements)
	}
	artefact.Present(&l.Method.Steps)
	artefact.Present(&l.Method.Limits)
	artefact.Present(&l.Method.Notes)
	if l.Redirects == nil {
		l.Redirects = map[string]string{}
	}
	if l.Redaction.Masked == nil {
		l.Redaction.Masked = map[string]int{}
	}
}
