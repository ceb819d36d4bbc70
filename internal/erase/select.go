package erase

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// Selection says whose data goes. Exactly one of Person and Record is set.
type Selection struct {
	Person string `json:"person,omitempty"` // an e-mail address, or a name as a source has it
	Record string `json:"record,omitempty"` // a record's id
	Source string `json:"source,omitempty"` // only what was read from a file of this name; "": from all
	// By is the role at whose request, as the notice says it: data-subject, admin.
	// Default data-subject.
	By string `json:"by,omitempty"`
}

var role = regexp.MustCompile(`^[a-z][a-z-]{0,39}$`) //nolint:gochecknoglobals // immutable

// Valid returns the selection with its defaults, or what is wrong with it. What it
// names is not repeated: it is what shall be forgotten.
func (s Selection) Valid() (Selection, error) {
	const op = "erase"
	s.Person, s.Record, s.Source = strings.TrimSpace(s.Person), strings.TrimSpace(s.Record), strings.TrimSpace(s.Source)
	if s.By == "" {
		s.By = "data-subject"
	}
	switch {
	case (s.Person == "") == (s.Record == ""):
		return s, fault.New(fault.Invalid, op, "say whose data: either a person or a record").WithMend("A person: their e-mail address, or their name as the source has it. A record: its id.")
	case s.Person != "" && utf8.RuneCountInString(s.Person) < 3:
		return s, fault.New(fault.Invalid, op, "a person's name or address has at least three characters")
	case !role.MatchString(s.By):
		return s, fault.New(fault.Invalid, op, "the role at whose request is a word in lower case, such as data-subject")
	}
	return s, nil
}

// Picks reports whether the record goes. original is its text before masking. An
// address picks every record that has it anywhere; a name picks those that name it
// as their author, their account or another value of theirs.
func (s Selection) Picks(r *evidence.Record, original string) bool {
	if r.Erased != nil {
		return false
	}
	if s.Record != "" {
		return r.ID == s.Record
	}
	who := strings.ToLower(s.Person)
	if strings.Contains(who, "@") && holds(original, who) {
		return true
	}
	is := func(v string) bool {
		return strings.EqualFold(strings.TrimSpace(v), who) || strings.Contains(who, "@") && holds(v, who)
	}
	if is(r.Account) || is(r.Origin.Speaker) || is(r.ID) {
		return true
	}
	for _, of := range [][]evidence.Attr{r.Segments, r.Fields} {
		for _, a := range of {
			if is(a.Value) {
				return true
			}
		}
	}
	return false
}

// Mentions reports whether the record, which stays, speaks of the person.
func (s Selection) Mentions(r *evidence.Record) bool {
	return s.Person != "" && r.Erased == nil && holds(r.Text, strings.ToLower(s.Person))
}

// holds reports whether name, in lower case, stands alone in text.
func holds(text, name string) bool {
	low := strings.ToLower(text)
	for from := 0; ; {
		i := strings.Index(low[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		before, _ := utf8.DecodeLastRuneInString(low[:start])
		after, _ := utf8.DecodeRuneInString(low[end:])
		if !wordly(before) && !wordly(after) {
			return true
		}
		from = end
	}
}

// Redacted is a record without what it said. Its place, time, channel, score and
// segments stay, since figures are computed from them, unless one names the person.
func (s Selection) Redacted(r evidence.Record, e evidence.Erased) evidence.Record {
	notice := e.Notice()
	keep := func(v string) string {
		if s.Person != "" && holds(v, strings.ToLower(s.Person)) {
			return notice
		}
		return v
	}
	r.Text, r.Masks, r.Fields, r.Erased = notice, nil, nil, &e
	if r.Origin.Speaker != "" {
		r.Origin.Speaker = notice
	}
	r.Account, r.Channel = keep(r.Account), keep(r.Channel)
	r.Origin.Heading, r.Origin.Thread = keep(r.Origin.Heading), keep(r.Origin.Thread)
	segments := r.Segments
	r.Segments = nil
	for _, a := range segments {
		r.Segments = append(r.Segments, evidence.Attr{Name: a.Name, Value: keep(a.Value)})
	}
	return r
}
