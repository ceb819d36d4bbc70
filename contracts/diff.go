package contracts

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"roleos/contracts/gate"
	"roleos/contracts/schema"
)

// Effect is what a difference between two versions of a contract does.
type Effect string

// The effects. The first three break what relied on the version before.
const (
	Rejects Effect = "rejects" // drafts that were accepted
	Accepts Effect = "accepts" // drafts that were refused
	Moves   Effect = "moves"   // drafts go from or to somebody else
	Adds    Effect = "adds"    // something that stops no draft: a promise, a warning, a field that may be left out
	Words   Effect = "words"   // only how it is said
)

// Difference is one thing in which two versions differ.
type Difference struct {
	Where   string   `json:"where"` // "gate documented", "schema /components/*", "carry", "from", ...
	Effects []Effect `json:"effects"`
	Says    string   `json:"says"`
	Example string   `json:"example,omitempty"` // on which it was seen
}

// Breaking reports whether drafts that crossed would not, or the other way round.
func (d Difference) Breaking() bool {
	return slices.ContainsFunc(d.Effects, func(e Effect) bool { return e == Rejects || e == Accepts || e == Moves })
}

// Bump is how far a version has to move.
type Bump int

// The bumps, as in Semantic Versioning 2.0.0.
const (
	NoBump Bump = iota
	Patch
	Minor
	Major
)

// String returns the bump's word.
func (b Bump) String() string { return [...]string{"none", "patch", "minor", "major"}[b] }

// Comparison is what became of a contract from one version to the next.
type Comparison struct {
	From        string       `json:"from"` // id@version
	To          string       `json:"to"`
	Differences []Difference `json:"differences"`
	Asks        Bump         `json:"-"` // for what the differences ask
	Got         Bump         `json:"-"` // how far the version did move; NoBump also when it went back
}

// Enough reports whether the version moved as far as the differences ask.
func (c Comparison) Enough() bool { return c.Got >= c.Asks }

// Breaking returns the differences that break what relied on the version before.
func (c Comparison) Breaking() []Difference {
	return slices.DeleteFunc(slices.Clone(c.Differences), func(d Difference) bool { return !d.Breaking() })
}

// Compare says what b changes of a, as versions of a wire format are compared:
// from the structure of both, and by running each over the examples of the
// other. Where a check is written differently and no example tells the two
// apart, it is counted as breaking both ways.
func Compare(ctx context.Context, a, b *HandoffContract) Comparison {
	d := &differ{ctx: ctx, a: a, b: b, out: Comparison{From: a.Name(), To: b.Name(), Got: moved(a.Version, b.Version)}}
	d.run()
	d.header()
	for _, c := range schema.Compare(a.schema, b.schema) {
		var effects []Effect
		if c.Rejects {
			effects = append(effects, Rejects)
		}
		if c.Accepts {
			effects = append(effects, Accepts)
		}
		if len(effects) == 0 {
			effects = []Effect{Adds}
		}
		d.add("schema "+c.Where, effects, "%s", c.What)
	}
	d.carry()
	d.gates()
	d.clocks()
	d.examples()
	d.out.Asks = NoBump
	for _, x := range d.out.Differences {
		switch {
		case x.Breaking() && strings.HasPrefix(a.Version, "0."):
			d.out.Asks = max(d.out.Asks, Minor) // Semantic Versioning 2.0.0, 4
		case x.Breaking():
			d.out.Asks = Major
		case slices.Contains(x.Effects, Adds):
			d.out.Asks = max(d.out.Asks, Minor)
		default:
			d.out.Asks = max(d.out.Asks, Patch)
		}
	}
	return d.out
}

type differ struct {
	ctx   context.Context
	a, b  *HandoffContract
	tried []tried
	out   Comparison
}

func (d *differ) add(where string, effects []Effect, format string, args ...any) {
	d.out.Differences = append(d.out.Differences, Difference{Where: where, Effects: effects, Says: fmt.Sprintf(format, args...)})
}

func (d *differ) header() {
	a, b := d.a, d.b
	if a.ID != b.ID {
		d.add("id", []Effect{Moves}, "is %s, was %s: these are two contracts and not two versions of one", b.ID, a.ID)
	}
	for _, p := range []struct {
		key  string
		x, y Party
	}{{"from", a.From, b.From}, {"to", a.To, b.To}} {
		if p.x != p.y {
			d.add(p.key, []Effect{Moves}, "is %s in %s, was %s in %s", p.y.Role, p.y.Stage, p.x.Role, p.x.Stage)
		}
	}
	if a.Governance != b.Governance {
		d.add("governance", []Effect{Adds}, "somebody or something else answers for it")
	}
	if a.Purpose != b.Purpose || !slices.Equal(a.Preferences, b.Preferences) {
		d.add("purpose and preferences", []Effect{Words}, "are worded differently")
	}
}

func (d *differ) carry() {
	var x, y Carry
	if d.a.Carry != nil {
		x = *d.a.Carry
	}
	if d.b.Carry != nil {
		y = *d.b.Carry
	}
	for _, item := range y.Items {
		if !slices.Contains(x.Items, item) {
			d.add("carry", []Effect{Rejects}, "%s may not get lost now", item)
			continue
		}
		if x.From[item] != y.From[item] || x.In[item] != y.In[item] {
			d.add("carry", []Effect{Rejects, Accepts}, "%s is looked for elsewhere", item)
		}
		for _, f := range y.Same[item] {
			if !slices.Contains(x.Same[item], f) {
				d.add("carry", []Effect{Rejects}, "%s of %s has to stay the same now", f, item)
			}
		}
		for _, f := range x.Same[item] {
			if !slices.Contains(y.Same[item], f) {
				d.add("carry", []Effect{Accepts}, "%s of %s may change now", f, item)
			}
		}
	}
	for _, item := range x.Items {
		if !slices.Contains(y.Items, item) {
			d.add("carry", []Effect{Accepts}, "%s may get lost now", item)
		}
	}
	if len(x.Items) > 0 && len(y.Items) > 0 && x.DroppedAt() != y.DroppedAt() {
		d.add("carry", []Effect{Rejects, Accepts}, "what is dropped is listed at %s, was %s", y.DroppedAt(), x.DroppedAt())
	}
}

func find(gates []Gate, id string) int {
	return slices.IndexFunc(gates, func(g Gate) bool { return g.ID == id })
}

func (d *differ) gates() {
	for _, g := range d.b.Gates {
		if i := find(d.a.Gates, g.ID); i >= 0 {
			d.gate(d.a.Gates[i], g)
			continue
		}
		effects := []Effect{Adds}
		if g.Enforcement == Deny {
			effects = []Effect{Rejects}
		}
		d.add("gate "+g.ID, effects, "is new (%s): %s", g.Enforcement, g.Says)
	}
	for _, g := range d.a.Gates {
		if find(d.b.Gates, g.ID) < 0 {
			effects := []Effect{Adds}
			if g.Enforcement == Deny {
				effects = []Effect{Accepts}
			}
			d.add("gate "+g.ID, effects, "is gone (was %s): %s", g.Enforcement, g.Says)
		}
	}
}

func (d *differ) gate(x, y Gate) {
	where := "gate " + y.ID
	if x.Enforcement != y.Enforcement {
		effects := []Effect{Adds}
		switch {
		case y.Enforcement == Deny:
			effects = []Effect{Rejects}
		case x.Enforcement == Deny:
			effects = []Effect{Accepts}
		}
		d.add(where, effects, "is %s, was %s", y.Enforcement, x.Enforcement)
	}
	if x.Says != y.Says || x.Mend != y.Mend || x.Observe != y.Observe || x.WhenEmpty != y.WhenEmpty || x.PassesOn != y.PassesOn || x.FailsOn != y.FailsOn {
		d.add(where, []Effect{Words}, "is said, shown or exemplified differently")
	}
	effects, what := d.check(x, y)
	if len(effects) == 0 {
		return
	}
	if x.Enforcement != Deny && y.Enforcement != Deny {
		effects = []Effect{Adds}
	}
	d.add(where, effects, "%s", what)
}

// check says what a gate's check lets through or stops now that it did not before.
func (d *differ) check(x, y Gate) ([]Effect, string) {
	one := func(g Gate) gate.Spec {
		s := g.spec(nil)
		s.ID, s.Observe, s.CEL = "", "", strings.Join(strings.Fields(s.CEL), " ")
		return s
	}
	p, q := one(x), one(y)
	if reflect.DeepEqual(p, q) {
		return nil, ""
	}
	bounds := func(s gate.Spec) gate.Spec { s.AtLeast, s.AtMost = nil, nil; return s }
	lists := func(s gate.Spec) gate.Spec { s.Exempt, s.Cites = nil, nil; return s }
	var tighter, looser bool
	switch {
	case reflect.DeepEqual(bounds(p), bounds(q)):
		up, down := limit(p.AtLeast, q.AtLeast, 1)
		lower, higher := limit(p.AtMost, q.AtMost, -1)
		tighter, looser = up || lower, down || higher
	case reflect.DeepEqual(lists(p), lists(q)):
		tighter = less(q.Exempt, p.Exempt) || less(p.Cites, q.Cites)
		looser = less(p.Exempt, q.Exempt) || less(q.Cites, p.Cites)
	case p.Kind == gate.Attested && q.Kind == gate.Attested:
		return []Effect{Rejects, Accepts}, fmt.Sprintf("is attested by %s, was by %s", q.By, p.By)
	default:
		return d.seen(x, y)
	}
	var out []Effect
	if tighter {
		out = append(out, Rejects)
	}
	if looser {
		out = append(out, Accepts)
	}
	return out, "asks for " + how(y) + ", was " + how(x)
}

// limit compares a bound; sign is 1 where more is stricter.
func limit(p, q *float64, sign float64) (tighter, looser bool) {
	switch {
	case p == nil && q == nil:
		return false, false
	case p == nil:
		return true, false
	case q == nil:
		return false, true
	}
	return (*q-*p)*sign > 0, (*q-*p)*sign < 0
}

// less reports whether y has something that x has not.
func less(x, y []string) bool {
	return slices.ContainsFunc(y, func(s string) bool { return !slices.Contains(x, s) })
}

// seen runs two forms of a gate over all examples and says which way they differ.
func (d *differ) seen(x, y Gate) ([]Effect, string) {
	var out []Effect
	for _, t := range d.tried {
		p, q := statusOf(t.a, x.ID), statusOf(t.b, y.ID)
		e := Rejects
		if q == Passed {
			e = Accepts
		}
		if (p == Passed) != (q == Passed) && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return []Effect{Rejects, Accepts}, "is checked differently, and no example tells the two checks apart: add one that does, or take it as breaking"
	}
	slices.Sort(out)
	return out, "is checked differently: " + how(y) + ", was " + how(x)
}

func statusOf(r Result, id string) Status {
	for _, g := range r.Gates {
		if g.ID == id {
			return g.Status
		}
	}
	return ""
}

// tried is one example under both versions.
type tried struct {
	name string
	a, b Result
}

// run puts the examples of both versions through both; those that cannot be read
// are lint's business.
func (d *differ) run() {
	for _, c := range []*HandoffContract{d.a, d.b} {
		for _, t := range Try(d.ctx, c) {
			if t.Err == nil {
				d.tried = append(d.tried, tried{
					name: t.Name + " of " + c.Version, a: Check(d.ctx, d.a, t.Subject), b: Check(d.ctx, d.b, t.Subject),
				})
			}
		}
	}
}

// examples names the first example that crossed and does not, and the first the
// other way round.
func (d *differ) examples() {
	done := map[Effect]bool{}
	for _, t := range d.tried {
		if t.a.Passed() == t.b.Passed() {
			continue
		}
		e, by, r := Rejects, d.b, t.b
		if t.b.Passed() {
			e, by, r = Accepts, d.a, t.a
		}
		if done[e] {
			continue
		}
		done[e] = true
		stopped := slices.IndexFunc(r.Gates, func(g GateResult) bool { return g.Enforcement == Deny && g.Status != Passed })
		d.out.Differences = append(d.out.Differences, Difference{
			Where: "examples", Effects: []Effect{e}, Example: t.name,
			Says: fmt.Sprintf("%s passes one, and %s stops it at gate %s: %s", t.name, by.Version, r.Gates[stopped].ID, r.Gates[stopped].Observed),
		})
	}
}

func (d *differ) clocks() {
	key := func(k Clock) string { return k.On + " to " + k.Until() }
	for _, k := range d.b.SLA {
		i := slices.IndexFunc(d.a.SLA, func(o Clock) bool { return key(o) == key(k) })
		switch {
		case i < 0:
			d.add("clock "+key(k), []Effect{Adds}, "is new: %s", k.text())
		case !reflect.DeepEqual(d.a.SLA[i], k):
			d.add("clock "+key(k), []Effect{Adds}, "is %s, was %s", k.text(), d.a.SLA[i].text())
		}
	}
	for _, k := range d.a.SLA {
		if !slices.ContainsFunc(d.b.SLA, func(o Clock) bool { return key(o) == key(k) }) {
			d.add("clock "+key(k), []Effect{Adds}, "is gone")
		}
	}
}

// moved says which part of a version moved up from one to the next.
func moved(from, to string) Bump {
	parts := func(v string) [3]int {
		var out [3]int
		v, _, _ = strings.Cut(v, "+")
		v, _, _ = strings.Cut(v, "-")
		for i, s := range strings.SplitN(v, ".", 3) {
			out[i], _ = strconv.Atoi(s) //nolint:errcheck // the version's form was checked
		}
		return out
	}
	a, b := parts(from), parts(to)
	for i, bump := range []Bump{Major, Minor, Patch} {
		if b[i] != a[i] {
			if b[i] < a[i] {
				return NoBump
			}
			return bump
		}
	}
	return NoBump
}
