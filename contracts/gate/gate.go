package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"roleos/contracts/schema"
	"roleos/internal/evidence"
)

// Kind names how a gate is checked.
type Kind string

// The kinds.
const (
	Automatic Kind = "automatic"   // a CEL expression is true, or the schema holds
	Grounded  Kind = "grounded"    // what the draft cites is in the evidence
	Threshold Kind = "threshold"   // every number at some places is within bounds
	Attested  Kind = "attestation" // a person of a role, no author, says so of these bytes
	Carried   Kind = "carry"       // what stood upstream is here, or dropped with a reason
)

// Kinds returns the kinds there are.
func Kinds() []Kind { return []Kind{Automatic, Grounded, Threshold, Attested, Carried} }

// Names of the built-in checks.
const (
	CheckSchema    = "schema"    // automatic: the draft has its schema's form, and no key twice
	CheckQuotes    = "quotes"    // grounded: every quote at Over stands word for word in its record
	CheckFigures   = "figures"   // grounded: every number has a figure, and every figure recomputes
	CheckPartition = "partition" // grounded: the record ids at Over are all records, each once
)

// Spec is a gate as a contract writes it. Which parts may be set depends on the
// kind; Compile says which are missing or too many.
type Spec struct {
	ID      string
	Kind    Kind
	Check   string   // a built-in check; empty for CEL and thresholds
	CEL     string   // true when the gate passes; sees draft, and it with Over
	Observe string   // CEL for what to show when it does not
	Over    []string // JSON pointers, * for any one step
	Exempt  []string // figures: subtrees whose numbers claim nothing about the records
	Cites   []string // figures: places of strings that are pointers to numbers
	AtLeast *float64
	AtMost  *float64
	By      string // attestation: who attests, "role:..."
	NotBy   string // attestation: NotByAuthor
	Binds   string // attestation: BindsDigest
	Carry   *Carry // carry: what must not be lost
}

// Violation is one place that does not pass.
type Violation struct {
	Where    string `json:"where"` // JSON pointer in the draft
	Observed string `json:"observed"`
}

// MaxViolations is how many places an outcome names; the rest is counted.
const MaxViolations = 20

// Outcome is what a gate found. The zero value is a pass.
type Outcome struct {
	Violations []Violation // at most MaxViolations
	Count      int         // all of them
	Waiting    bool        // a person has not said so yet; no pass
	Err        error       // the check could not be made; no pass
	Cost       uint64      // of an expression, in CEL's own measure
	Gap        string      // what could not be held against its evidence, since that was erased; no violation
}

func (o *Outcome) add(where, format string, args ...any) {
	if o.Count++; o.Count <= MaxViolations {
		o.Violations = append(o.Violations, Violation{Where: where, Observed: clip(fmt.Sprintf(format, args...))})
	}
}

// clip keeps what was observed readable.
func clip(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Input is what gates look at. One Input serves all gates of a draft, one after another.
type Input struct {
	Body     []byte // the draft's stored bytes
	Document *evidence.Document
	Records  []evidence.Record
	// Corpus gives the corpus over the draft's groups; it is asked once.
	Corpus func() (*evidence.Corpus, error)

	Digest       string        // what Body is called; "" when nobody named it
	Author       []string      // principals who wrote a revision of the draft
	Attestations []Attestation // of any gate and revision
	Upstream     []Upstream    // nil: not given; empty: the draft was made from records alone
	Erased       bool          // Body is what is left of the bytes that Digest names

	index map[string]*evidence.Record
	sum   string // of Body, once it was asked for
}

func (in *Input) record(id string) (*evidence.Record, bool) {
	if in.index == nil {
		in.index = make(map[string]*evidence.Record, len(in.Records))
		for i := range in.Records {
			in.index[in.Records[i].ID] = &in.Records[i]
		}
	}
	r, ok := in.index[id]
	return r, ok
}

// Gate is a compiled gate. It is safe for concurrent use.
type Gate struct {
	check    func(ctx context.Context, in *Input) Outcome
	holds    func(ctx context.Context, root any) Outcome // of expressions
	reads    []Read
	literals []string
}

// Check runs the gate over a draft.
func (g *Gate) Check(ctx context.Context, in *Input) Outcome {
	if err := ctx.Err(); err != nil {
		return Outcome{Err: err}
	}
	return g.check(ctx, in)
}

// Holds runs a gate that is an expression over decoded JSON. Every other gate
// needs more than that and ends as an error.
func (g *Gate) Holds(ctx context.Context, root any) Outcome {
	if g.holds == nil {
		return Outcome{Err: errors.New("the gate is no expression")}
	}
	return g.holds(ctx, root)
}

// Problem is why a gate does not compile.
type Problem struct {
	Field   string // the key of the gate that is wrong: cel, over, kind, ...
	Line    int    // in a CEL expression, from 1; else 0
	Column  int    // in a CEL expression, from 1
	Message string
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

func wrong(field, format string, args ...any) *Problem {
	return &Problem{Field: field, Message: fmt.Sprintf(format, args...)}
}

// Compiler compiles the gates of one schema. It is not safe for concurrent use.
type Compiler struct {
	schema *schema.Schema
	types  *types
	env    *environment
}

// NewCompiler returns a compiler; the costly parts are made when a gate needs them.
func NewCompiler(s *schema.Schema) *Compiler { return &Compiler{schema: s} }

// Compile returns the gate of spec. Every error is a *Problem.
func (c *Compiler) Compile(s Spec) (*Gate, error) {
	if c.types == nil {
		t, err := newTypes(c.schema)
		if err != nil {
			return nil, wrong("schema", "%v", err)
		}
		c.types = t
	}
	if p := s.shape(); p != nil {
		return nil, p
	}
	for _, at := range slices.Concat(s.Over, s.Exempt, s.Cites) {
		if _, p := c.types.at(at); p != nil {
			return nil, p
		}
	}
	switch {
	case s.Kind == Threshold:
		return c.threshold(s)
	case s.Kind == Attested:
		return attestation(s)
	case s.Kind == Carried:
		return c.carry(s)
	case s.Check == CheckSchema:
		return &Gate{check: c.form}, nil
	case s.Check == CheckQuotes:
		return c.quotes(s)
	case s.Check == CheckFigures:
		return figures(s), nil
	case s.Check == CheckPartition:
		return c.partition(s)
	}
	return c.expression(s)
}

// shape says which part of a gate is missing, unknown or too much.
func (s Spec) shape() *Problem {
	bounds := s.AtLeast != nil || s.AtMost != nil
	none := func(set bool, field, of string) *Problem {
		if set {
			return wrong(field, "%s does not go with %s", field, of)
		}
		return nil
	}
	first := func(ps ...*Problem) *Problem {
		for _, p := range ps {
			if p != nil {
				return p
			}
		}
		return nil
	}
	signed := s.By+s.NotBy+s.Binds != ""
	if s.Kind != Attested && signed {
		return wrong("by", "by, not_by and binds go with kind: %s", Attested)
	}
	switch s.Kind {
	case Attested, Carried:
		of := "kind: " + string(s.Kind)
		return first(none(s.CEL+s.Observe != "", "cel", of), none(s.Check != "", "check", of), none(len(s.Over) > 0, "over", of),
			none(len(s.Exempt)+len(s.Cites) > 0, "exempt or cites", of), none(bounds, "at_least or at_most", of))
	case Automatic:
		switch {
		case s.Check == "" && s.CEL == "":
			return wrong("cel", "an automatic gate needs cel, or check: %s", CheckSchema)
		case s.Check == "":
			if len(s.Over) > 1 {
				return wrong("over", "an expression goes over one path, not %d", len(s.Over))
			}
			return first(none(bounds, "at_least or at_most", "cel"), none(len(s.Exempt)+len(s.Cites) > 0, "exempt or cites", "cel"))
		case s.Check != CheckSchema:
			return wrong("check", "an automatic gate has no check %q, only %s", s.Check, CheckSchema)
		}
		of := "check: " + CheckSchema
		return first(none(s.CEL+s.Observe != "", "cel", of), none(len(s.Over)+len(s.Exempt)+len(s.Cites) > 0, "over", of), none(bounds, "at_least or at_most", of))
	case Grounded:
		of := "a grounded gate"
		if p := first(none(s.CEL+s.Observe != "", "cel", of), none(bounds, "at_least or at_most", of)); p != nil {
			return p
		}
		switch s.Check {
		case CheckFigures:
			return none(len(s.Over) > 0, "over", "check: "+CheckFigures+", which looks at the whole draft;")
		case CheckQuotes, CheckPartition:
			if len(s.Over) == 0 {
				return wrong("over", "check: %s needs over, the places to look at", s.Check)
			}
			return none(len(s.Exempt)+len(s.Cites) > 0, "exempt or cites", "check: "+s.Check)
		}
		return wrong("check", "a grounded gate has no check %q; there are %s, %s and %s", s.Check, CheckQuotes, CheckFigures, CheckPartition)
	case Threshold:
		of := "a threshold gate"
		switch {
		case len(s.Over) == 0:
			return wrong("over", "a threshold gate needs over, the place of its numbers")
		case !bounds:
			return wrong("at_least", "a threshold gate needs at_least, at_most or both")
		case s.AtLeast != nil && s.AtMost != nil && *s.AtLeast > *s.AtMost:
			return wrong("at_least", "at_least %v is more than at_most %v: nothing can pass", *s.AtLeast, *s.AtMost)
		}
		return first(none(s.CEL+s.Observe != "", "cel", of), none(s.Check != "", "check", of), none(len(s.Exempt)+len(s.Cites) > 0, "exempt or cites", of))
	}
	names := make([]string, len(Kinds()))
	for i, k := range Kinds() {
		names[i] = string(k)
	}
	return wrong("kind", "there is no gate kind %q; there are %s", s.Kind, strings.Join(names, ", "))
}

// form is the automatic check of the schema.
func (c *Compiler) form(_ context.Context, in *Input) (o Outcome) {
	if at, twice := schema.Duplicate(in.Body); twice {
		o.add(at, "the key occurs twice")
	}
	bad, err := c.schema.Check(in.Document.Root())
	if err != nil {
		return Outcome{Err: err}
	}
	for _, v := range bad {
		o.add(v.Where, "%s", v.Observed)
	}
	return o
}

func (c *Compiler) threshold(s Spec) (*Gate, error) {
	for _, at := range s.Over {
		if t, _ := c.types.at(at); !isNumber(t) {
			return nil, wrong("over", "%s is no number in the schema, it is %s", at, name(t))
		}
	}
	return &Gate{check: func(_ context.Context, in *Input) (o Outcome) {
		for _, pattern := range s.Over {
			found := false
			for at, v := range matches(in.Document.Root(), pattern) {
				found = true
				n, ok := v.(float64)
				switch {
				case !ok:
					o.add(at, "%v is no number", v)
				case s.AtLeast != nil && !(n >= *s.AtLeast):
					o.add(at, "%v, at least %v is asked for", n, *s.AtLeast)
				case s.AtMost != nil && !(n <= *s.AtMost):
					o.add(at, "%v, at most %v is asked for", n, *s.AtMost)
				}
			}
			if !found {
				o.add(pattern, "there is no number")
			}
		}
		return o
	}}, nil
}
