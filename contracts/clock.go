package contracts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"roleos/contracts/gate"
)

// Clock is one promise about time: after On, By has Within until Expect.
//
// A clock reminds and escalates. It never approves, and there is no way to
// write one that does: silence is not consent.
type Clock struct {
	// On and Expect are states of a handoff: validated, approved, published,
	// acknowledged, started, closed. The start may be called by its stage,
	// decide_started; Until gives the state.
	On     string `yaml:"on" json:"on"`
	Expect string `yaml:"expect" json:"expect"`
	// By is who has to act, "role:architect"; the role that takes where nothing is said.
	By string `yaml:"by,omitempty" json:"by"`
	// Within is the time there is, as 24h or 90m.
	Within string `yaml:"within" json:"within"`
	// Calendar is "working" when only the workspace's working time counts
	// (handoff.calendar), "always", which is also the default, when every hour does.
	Calendar string `yaml:"calendar,omitempty" json:"calendar,omitempty"`
	// Remind lists after how much of that time By is reminded, ascending, each less than Within.
	Remind []string `yaml:"remind,omitempty" json:"remind,omitempty"`
	// Then is what happens when time is up: "escalate" tells somebody else as
	// well, "record" only keeps the evidence.
	Then string `yaml:"then" json:"then"`
}

// What a clock may say.
const (
	Escalate = "escalate"
	Record   = "record"
	Always   = "always"
	Working  = "working"
)

// clocked are the states that a clock may run between, in their order.
func clocked() []string {
	return []string{"validated", "approved", "published", "acknowledged", "started", "closed"}
}

// Role returns the role that has to act: "architect" of "role:architect".
func (c Clock) Role() string { return gate.RoleOf(c.By) }

// Until returns the state of the handoff that ends the clock.
func (c Clock) Until() string { return state(c.Expect) }

// Limit returns the time there is. Of a clock that was loaded it is more than 0.
func (c Clock) Limit() time.Duration {
	d, _ := time.ParseDuration(c.Within) //nolint:errcheck // was checked when the contract was loaded
	return d
}

// Reminders returns after how much of that time there are reminders, ascending.
func (c Clock) Reminders() []time.Duration {
	out := make([]time.Duration, len(c.Remind))
	for i, s := range c.Remind {
		out[i], _ = time.ParseDuration(s) //nolint:errcheck // was checked when the contract was loaded
	}
	return out
}

// text says the promise in a phrase.
func (c Clock) text() string {
	s := fmt.Sprintf("%s within %s", c.Role(), c.Within)
	if c.Calendar == Working {
		s += " of working time"
	}
	if len(c.Remind) > 0 {
		s += ", reminded after " + strings.Join(c.Remind, " and ")
	}
	return s + ", then " + c.Then
}

// state returns the state that a clock calls by its stage, or s itself.
func state(s string) string {
	if stage, ok := strings.CutSuffix(s, "_started"); ok && slices.Contains(stages(), stage) {
		return "started"
	}
	return s
}

// wrong says what is not right about the clock; "" when nothing is.
func (c Clock) wrong(to Party) string {
	limit, err := time.ParseDuration(c.Within)
	on, expect := slices.Index(clocked(), c.On), slices.Index(clocked(), c.Until())
	stage, staged := strings.CutSuffix(c.Expect, "_started")
	switch {
	case err != nil || limit <= 0:
		return fmt.Sprintf("within is %q, expected a duration such as 24h", c.Within)
	case c.On == "" || c.Expect == "" || c.Then == "":
		return "needs on, expect, within and then: {on: published, expect: acknowledged, within: 24h, then: escalate}"
	case on < 0:
		return fmt.Sprintf("on is %q; a clock starts when a handoff is %s", c.On, strings.Join(clocked()[:len(clocked())-1], ", "))
	case expect < 0:
		return fmt.Sprintf("expect is %q; a clock waits until a handoff is %s", c.Expect, strings.Join(clocked()[1:], ", "))
	case expect <= on:
		return fmt.Sprintf("a handoff is never %s after it was %s", c.Expect, c.On)
	case staged && stage != to.Stage:
		return fmt.Sprintf("expect is %s, and the draft goes to the stage %s", c.Expect, to.Stage)
	case c.By != "" && c.Role() == "":
		return fmt.Sprintf("by is %q; name who has to act, as by: role:%s", c.By, to.Role)
	case c.Then == "approve" || c.Then == "accept" || c.Then == "publish":
		return fmt.Sprintf("then is %q; a clock never approves, because silence is not consent; there are %s and %s", c.Then, Escalate, Record)
	case c.Then != Escalate && c.Then != Record:
		return fmt.Sprintf("then is %q; there are %s and %s", c.Then, Escalate, Record)
	case c.Calendar != "" && c.Calendar != Always && c.Calendar != Working:
		return fmt.Sprintf("calendar is %q; there are %s and %s", c.Calendar, Always, Working)
	}
	last := time.Duration(0)
	for _, s := range c.Remind {
		d, err := time.ParseDuration(s)
		if err != nil || d <= last || d >= limit {
			return fmt.Sprintf("remind %q: expected durations that grow and stay below within, such as [%s, %s]", s, short(limit/2), short(limit*3/4))
		}
		last = d
	}
	return ""
}

// short writes a duration without its empty parts: 24h.
func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
