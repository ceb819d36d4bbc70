package guardrails

import "time"

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
	Standing *Delegated // what the grant rests on, when it names one
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
		fits := r.Proof.Set == r.Set.binding.Set
		unproven := irreversibility(&d, &r, fits)
		staging(&d, &r, fits, unproven)
		if r.Phase != Confirm {
			confirmation(&d, &r, m.destructive || unproven)
		}
	}
	versions(&d, c, &r.Current)
	d.Allow = len(d.Reasons) == 0
	return d
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
func irreversibility(d *Decision, r *Request, fits bool) (unproven bool) {
	c, p := &r.Set.content, &r.Proof
	unproven = !p.Reversed
	if !fits || p.TargetVersion != r.Current.TargetVersion {
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
func staging(d *Decision, r *Request, fits, unproven bool) {
	c := &r.Set.content
	switch p := &r.Proof; {
	case !fits:
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
	if g.Standing != "" {
		delegated(d, r, g, guarded)
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

// Guarded reports whether the set is destructive or not proven to be
// reversible: then the target's name is typed, and a team needs two people.
// It reads the request's set, proof, current versions and time.
func Guarded(r Request) bool {
	if r.Set == nil || len(r.Set.content.Changes) == 0 {
		return true
	}
	var d Decision
	return r.Set.Worst().Destructive() || irreversibility(&d, &r, r.Proof.Set == r.Set.binding.Set)
}
