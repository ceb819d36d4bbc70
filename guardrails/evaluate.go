package guardrails

import (
	"math"
	"math/bits"
	"strconv"
	"time"
)

// Phase is how far a set wants to go. The zero value asks for everything.
type Phase uint8

// The phases. Each asks for all that the later-named one asks for.
const (
	Apply   Phase = iota // proof, unmoved state and grant
	Confirm              // proof and unmoved state
	Propose              // the envelope alone: may be staged and shown
)

// Request is everything that a decision depends on. What is left out is
// unknown, and what is unknown is denied.
type Request struct {
	Phase    Phase
	Set      *ChangeSet
	Used     Used
	Observed []string // digest of each change's object as it is now, in the set's order; from Confirm on
	Proof    Proof    // from Confirm on
	Current  Current
	Grant    *Confirmed // from Apply on
	Solo     bool       // the workspace is set to one person
	Now      time.Time
}

// Used is what the same proposer has touched on the same target before. It
// covers retries, runs and handoffs. The zero value is not known.
type Used struct {
	Known  bool
	Window time.Duration // that Counts, Touched, Money and Tokens cover; at least the envelope's
	Per    time.Duration // that Recent covers; at least the envelope's Rate.Per
	Counts []Count
	Touched,
	Recent,
	Money,
	Tokens int64
}

// Count is a number of objects per operation.
type Count struct {
	Op      string
	Objects int64
}

// Proof is the record of what staging showed. The zero value proves nothing.
type Proof struct {
	Set           string    `json:"set"` // digest of the set it was run with
	TargetVersion string    `json:"target_version"`
	Staged        bool      `json:"staged"`   // applied to a copy, and every object became what the plan says
	Diverged      bool      `json:"diverged"` // applied to a copy, and something else came out
	Reversed      bool      `json:"reversed"` // the inverse was run there, and the whole copy compared equal to before
	At            time.Time `json:"at"`
	Expires       time.Time `json:"expires"`
	Note          string    `json:"note,omitempty"` // why not, for the reader
}

// Current is what holds now, to compare with what held when the set was planned.
type Current struct {
	Policy        string
	Contract      string
	Environment   string
	TargetVersion string
}

// Evaluate decides. It is pure and safe for concurrent use; an allowed request
// allocates nothing.
func Evaluate(r Request) Decision {
	var d Decision
	if r.Set == nil || len(r.Set.content.Changes) == 0 {
		d.deny(BlastRadius, NoChangeSet, "Plan the changes first.", "there is no change set to decide about")
		return d
	}
	c := &r.Set.content
	var m measured
	measure(&d, c, &m)
	blastRadius(&d, c, &r.Used, &m)
	writeNarrow(&d, c, &m)
	if r.Phase != Propose {
		unproven := irreversibility(&d, &r)
		staging(&d, &r, unproven)
		if r.Phase != Confirm {
			confirmation(&d, &r, m.destructive || unproven)
		}
	}
	versions(&d, c, &r.Current)
	d.Allow = len(d.Reasons) == 0
	return d
}

// measured is what the changes add up to.
type measured struct {
	counts      [MaxRules]int64 // per rule
	touched     int64           // existing objects
	objects     int64           // all of them
	classes     [Send + 1]bool
	destructive bool
}

// measure adds the changes up and denies what no rule names or nobody measured.
func measure(d *Decision, c *Content, m *measured) {
	last := -1
	for i := range c.Changes {
		ch := &c.Changes[i]
		if last < 0 || c.Envelope.Allow[last].Op != ch.Op {
			last = rule(c, ch.Op)
		}
		switch {
		case last < 0:
			d.deny(WriteNarrow, NotNamed, "Ask for an envelope that names it.",
				"the envelope does not name %q on %q, wanted for %q", ch.Op, c.Target, ch.Object)
		case !c.Envelope.Allow[last].covers(ch.Object):
			d.deny(WriteNarrow, OutsideFolders, "Keep to the folders of the envelope.",
				"%q is in none of the folders where the envelope allows %q", ch.Object, ch.Op)
		}
		class := ch.Class
		if !class.known() {
			d.deny(WriteNarrow, UnknownEffect, "Only operations in the target's manifest can be planned.",
				"no manifest says what %q on %q does to the world", ch.Op, c.Target)
			class = Unknown
		}
		if ch.Objects < 1 || ch.Before.Digest == "" {
			d.deny(BlastRadius, Unmeasured, "Plan again where the target can be read.",
				"what %q touches could not be measured, so it counts as unbounded", ch.Object)
			continue
		}
		m.classes[class] = true
		m.destructive = m.destructive || class.Destructive()
		m.objects = add(m.objects, ch.Objects)
		if class != Create || ch.Before.Digest != Absent {
			m.touched = add(m.touched, ch.Objects)
		} else {
			m.touched = add(m.touched, ch.Objects-1) // what a creation drags along was there before
		}
		if last >= 0 {
			m.counts[last] = add(m.counts[last], ch.Objects)
		}
	}
}

// rule returns the index of the rule for op on the set's target, -1 when there is none.
func rule(c *Content, op string) int {
	for i := range c.Envelope.Allow {
		if c.Envelope.Allow[i].Op == op && c.Envelope.Allow[i].Target == c.Target {
			return i
		}
	}
	return -1
}

// blastRadius compares what the set and everything before it touch with the envelope.
func blastRadius(d *Decision, c *Content, used *Used, m *measured) {
	e := &c.Envelope
	if len(e.Allow) == 0 {
		d.deny(BlastRadius, NoEnvelope, "Declare an envelope for the proposer.", "there is no envelope, so nothing may be written")
	}
	if !used.Known || used.Window < e.Window || used.Per < e.Rate.Per || e.Window <= 0 || e.Rate.Per <= 0 {
		d.deny(BlastRadius, UsageUnknown, "Give the envelope a window and a rate period, and let the ledger be read over both.",
			"what was touched before is not known for the whole window, so it counts as unbounded")
	}
	for i := range e.Allow {
		if m.counts[i] == 0 {
			continue
		}
		before := used.of(e.Allow[i].Op)
		if total := add(m.counts[i], before); before < 0 || total > e.Allow[i].Most {
			d.deny(BlastRadius, TooManyObjects, "Propose fewer, or wait until the window has passed.",
				"%q would touch %d objects on top of %d in the window; the most is %d", e.Allow[i].Op, m.counts[i], before, e.Allow[i].Most)
		}
	}
	if total := add(m.touched, used.Touched); m.touched > 0 && (used.Touched < 0 || !within(total, c.Population, e.MostShare)) {
		if c.Population < 0 {
			d.deny(BlastRadius, Unmeasured, "Plan again where the target can be counted.", "how much the target holds could not be measured")
		} else {
			d.deny(BlastRadius, TooLargeShare, "Propose a smaller part.",
				"%d of %d existing objects would have been touched in the window; the most is %s",
				total, c.Population, percent(e.MostShare))
		}
	}
	if total := add(m.objects, used.Recent); used.Recent < 0 || total > e.Rate.Most {
		d.deny(BlastRadius, TooFast, "Wait, then try again.", "%d objects within %s; the most is %d", total, e.Rate.Per, e.Rate.Most)
	}
	cost(d, c, used)
	if e.Stop.After <= 0 {
		d.deny(BlastRadius, NoStopCondition, "Give the envelope a longest duration.", "the envelope does not say when an apply stops")
	}
}

func cost(d *Decision, c *Content, used *Used) {
	if total := add(c.Cost.Money, used.Money); c.Cost.Money < 0 || used.Money < 0 || total > c.Envelope.MostMoney {
		d.deny(BlastRadius, TooMuchMoney, "Raise the budget or wait for the next window.",
			"the cost is %d millionths on top of %d (below zero: not known); the most is %d", c.Cost.Money, used.Money, c.Envelope.MostMoney)
	}
	if total := add(c.Cost.Tokens, used.Tokens); c.Cost.Tokens < 0 || used.Tokens < 0 || total > c.Envelope.MostTokens {
		d.deny(BlastRadius, TooManyTokens, "Raise the budget or wait for the next window.",
			"the cost is %d tokens on top of %d (below zero: not known); the most is %d", c.Cost.Tokens, used.Tokens, c.Envelope.MostTokens)
	}
}

// of returns the objects that op touched before, below zero when that is not known.
func (u *Used) of(op string) int64 {
	var n int64
	for i := range u.Counts {
		if u.Counts[i].Op != op {
			continue
		}
		if u.Counts[i].Objects < 0 {
			return -1
		}
		n = add(n, u.Counts[i].Objects)
	}
	return n
}

// writeNarrow refuses sequences over the whole run and destruction out of tainted runs.
func writeNarrow(d *Decision, c *Content, m *measured) {
	tainted := c.Taint.Untrusted
	for i := range c.Events {
		ev := &c.Events[i]
		tainted = tainted || ev.Flags&Untrusted != 0
		for class := Unknown; class <= Send; class++ {
			if !m.classes[class] || ev.Flags == 0 {
				continue
			}
			refused := builtin(ev.Flags, class)
			for _, s := range c.Envelope.Sequences {
				refused = refused || (ev.Flags&s.First != 0 && class == s.Then)
			}
			if refused {
				d.deny(WriteNarrow, ForbiddenSequence, "Propose it from a run that did not read this.",
					"the run read guarded data in %q and would then %s", ev.Step, class)
			}
		}
	}
	if tainted && m.destructive && !c.Envelope.Tainted {
		d.deny(WriteNarrow, TaintedDestruction, "A person can propose it instead.",
			"the run read text from outside, and the envelope does not let such a run propose destructive changes")
	}
}

// irreversibility reports whether the set counts as irreversible: whatever has
// no proof of its own inverse that is fresh, for these bytes and this target.
func irreversibility(d *Decision, r *Request) (unproven bool) {
	c, p := &r.Set.content, &r.Proof
	unproven = !p.Reversed
	if p.Set != r.Set.binding.Set || p.TargetVersion != r.Current.TargetVersion {
		unproven = true
		if p.Set != "" {
			d.deny(Irreversibility, ProofVoid, "Stage this set again.", "the proof was made for other bytes or another version of the target")
		}
	} else if r.Now.Before(p.At) || !r.Now.Before(p.Expires) {
		unproven = true
		d.deny(Irreversibility, ProofExpired, "Stage this set again.", "the proof is not valid now")
	}
	for i := range c.Changes {
		if c.Changes[i].Class == Send || c.Changes[i].Inverse.Op == "" || c.Changes[i].After == "" {
			unproven = true
		}
	}
	if unproven && !c.Envelope.Irreversible {
		d.deny(Irreversibility, Irreversible, "Stage the set so that its inverse is proven, or use an envelope that admits irreversible changes.",
			"it is not proven that these changes can be undone, and the envelope admits only what can")
	}
	return unproven
}

// staging wants the same bytes run on a copy, and the real objects unmoved since the plan.
func staging(d *Decision, r *Request, unproven bool) {
	c := &r.Set.content
	switch p := &r.Proof; {
	case p.Set != r.Set.binding.Set:
		d.deny(Staging, NotStaged, "Stage the set first.", "staging these bytes has not been tried")
	case p.Diverged:
		d.deny(Staging, Diverged, "Plan again: the target does not do what was planned.", "on the copy the result was not the planned one")
	case !p.Staged && (!unproven || !c.Envelope.Irreversible):
		d.deny(Staging, NotStaged, "Stage the set first.", "the set has not been applied to a copy")
	}
	if len(r.Observed) != len(c.Changes) {
		d.deny(Staging, Drift, "Read the objects again.", "%d of %d objects have been read again", len(r.Observed), len(c.Changes))
		return
	}
	for i := range c.Changes {
		if r.Observed[i] == "" || r.Observed[i] != c.Changes[i].Before.Digest {
			d.deny(Staging, Drift, "Plan again: the change was made for another state.", "%q is no longer what it was when planned", c.Changes[i].Object)
		}
	}
}

// versions refuses what was planned under rules that no longer hold.
func versions(d *Decision, c *Content, now *Current) {
	again := "Plan again under what holds now."
	if c.Policy == "" || c.Policy != now.Policy {
		d.deny(Staging, PolicyChanged, again, "planned under policy %q, now %q holds", c.Policy, now.Policy)
	}
	if c.Contract != now.Contract {
		d.deny(Staging, ContractChanged, again, "planned under contract %q, now %q holds", c.Contract, now.Contract)
	}
	if c.Environment == "" || c.Environment != now.Environment {
		d.deny(Staging, EnvironmentChanged, again, "planned for environment %q, this is %q", c.Environment, now.Environment)
	}
	if c.TargetVersion == "" || c.TargetVersion != now.TargetVersion {
		d.deny(Staging, TargetChanged, again, "planned against version %q of the target, now it is %q", c.TargetVersion, now.TargetVersion)
	}
}

// confirmation wants a person's grant for exactly this.
func confirmation(d *Decision, r *Request, guarded bool) {
	if r.Grant == nil || !r.Grant.ok {
		d.deny(Confirmation, NoGrant, "A person has to confirm the set.", "no person has confirmed this set")
		return
	}
	g := &r.Grant.grant
	if r.Grant.key != r.Set.key {
		d.deny(Confirmation, GrantForOther, "Confirm this set.", "the confirmation was given for something else")
	}
	if r.Now.Before(g.Granted) || !r.Now.Before(g.Expires) || r.Grant.long {
		d.deny(Confirmation, GrantExpired, "Confirm again.", "the confirmation is not valid now")
	}
	by := &r.Set.content.By
	if !g.Approver.Person || g.Approver.ID == "" || (g.Second.ID != "" && !g.Second.Person) {
		d.deny(Confirmation, NotAPerson, "A person has to confirm.", "%q is not a person", g.Approver.ID)
	}
	if g.Solo && !r.Solo {
		d.deny(Confirmation, SoloNotSet, "Confirm again with two people.", "the confirmation was given in solo mode, which is not set")
	}
	if (g.Approver.ID == by.ID || g.Second.ID == by.ID) && (!g.Solo || !by.Person) {
		d.deny(Confirmation, SelfApproval, "Somebody else has to confirm.", "%q asked for the change and cannot confirm it", by.ID)
	}
	if !guarded {
		return
	}
	if !g.Typed {
		d.deny(Confirmation, NameNotTyped, "Type the target's name.", "a destructive or unproven change needs the target's name typed")
	}
	if !g.Solo && (g.Second.ID == "" || g.Second.ID == g.Approver.ID) {
		d.deny(Confirmation, SecondPerson, "A second person has to confirm.", "a destructive or unproven change needs two people")
	}
}

// add returns a+b, or the largest number when that is larger than it.
func add(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// within reports whether n is at most share millionths of population.
func within(n, population, share int64) bool {
	if n < 0 || population < 0 || share < 0 {
		return false
	}
	nh, nl := bits.Mul64(uint64(n), Million)
	ph, pl := bits.Mul64(uint64(population), uint64(share))
	return nh < ph || (nh == ph && nl <= pl)
}

// percent writes millionths as a percentage.
func percent(share int64) string {
	whole, rest := share/10_000, share%10_000
	out := strconv.FormatInt(whole, 10)
	if rest > 0 {
		frac := strconv.FormatInt(10_000+rest, 10)[1:]
		for frac[len(frac)-1] == '0' {
			frac = frac[:len(frac)-1]
		}
		out += "." + frac
	}
	return out + " %"
}

// Guarded reports whether the set is destructive or not proven to be
// reversible: then the target's name is typed, and a team needs two people.
// It reads the request's set, proof, current versions and time.
func Guarded(r Request) bool {
	if r.Set == nil || len(r.Set.content.Changes) == 0 {
		return true
	}
	var d Decision
	return r.Set.Worst().Destructive() || irreversibility(&d, &r)
}
