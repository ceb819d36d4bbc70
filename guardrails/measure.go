package guardrails

import (
	"math"
	"math/bits"
	"strconv"
)

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
		if ch.Before.Digest != Absent {
			m.touched = add(m.touched, ch.Objects)
		} else {
			m.touched = add(m.touched, ch.Objects-1) // what something new drags along was there before
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
