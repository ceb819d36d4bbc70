package clock

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Clock is one promise about time, running for one revision of one draft. It is
// a plain value: its methods return another one.
type Clock struct {
	ID       string          `json:"id"`
	Draft    string          `json:"draft"`
	Digest   string          `json:"digest"`   // of the revision it runs for
	Contract string          `json:"contract"` // id@version that makes the promise
	On       string          `json:"on"`       // state that started it
	Expect   string          `json:"expect"`   // state that ends it
	Role     string          `json:"role"`     // who has to act
	Within   time.Duration   `json:"within"`
	Working  bool            `json:"working"`  // only the calendar's working time counts; else every hour does
	Remind   []time.Duration `json:"remind"`   // time since the start, ascending
	Escalate []time.Duration `json:"escalate"` // time since the breach, ascending; none: nobody is told
	Started  time.Time       `json:"started"`
	Pauses   []Pause         `json:"pauses,omitempty"`
	Ended    time.Time       `json:"ended,omitzero"`
	End      End             `json:"end,omitempty"` // how it ended; "" while it runs
	EndedBy  string          `json:"ended_by,omitempty"`
	Done     []string        `json:"done,omitempty"` // keys of the actions that were taken
}

// End is how a clock ended.
type End string

// The ends.
const (
	Met  End = "met"  // what was expected came
	Void End = "void" // the draft went back, so nothing is expected any more
)

// Pause is time that does not count.
type Pause struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it lasts
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// Kind is what falls due.
type Kind string

// The kinds. None of them approves anything.
const (
	Reminder   Kind = "reminder"   // the deadline comes nearer
	Breach     Kind = "breach"     // it has passed; this is the evidence
	Escalation Kind = "escalation" // somebody else is told
)

// Action is one thing that has fallen due. It is taken once for each Key.
type Action struct {
	Kind Kind      `json:"kind"`
	Step int       `json:"step"` // from 1
	Key  string    `json:"key"`  // unique in its clock
	At   time.Time `json:"at"`   // when it fell due
}

// of returns the calendar that the clock runs by.
func (c Clock) of(cal Calendar) Calendar {
	if c.Working {
		return cal
	}
	return Calendar{}
}

// Running reports whether the clock has not ended.
func (c Clock) Running() bool { return c.End == "" }

// Paused returns the pause that lasts, if one does.
func (c Clock) Paused() (Pause, bool) {
	if n := len(c.Pauses); n > 0 && c.Pauses[n-1].To.IsZero() {
		return c.Pauses[n-1], true
	}
	return Pause{}, false
}

// Due returns the deadline; ok is false while a pause keeps it open.
func (c Clock) Due(cal Calendar) (at time.Time, ok bool) { return c.reach(cal, c.Within) }

// Left returns the time that counts up to the deadline, negative behind it. It
// stands still in a pause and after the end.
func (c Clock) Left(cal Calendar, now time.Time) time.Duration { return c.Within - c.elapsed(cal, now) }

// elapsed returns the working time that counts up to now.
func (c Clock) elapsed(cal Calendar, now time.Time) time.Duration {
	cal = c.of(cal)
	if !c.Running() && c.Ended.Before(now) {
		now = c.Ended
	}
	sum, from := time.Duration(0), c.Started
	for _, p := range c.Pauses {
		if !p.From.Before(now) {
			break
		}
		sum += cal.Between(from, p.From)
		if p.To.IsZero() || !p.To.Before(now) {
			return sum
		}
		from = p.To
	}
	return sum + cal.Between(from, now)
}

// reach returns the instant at which d of working time counts; ok is false when
// a pause that lasts keeps it open.
func (c Clock) reach(cal Calendar, d time.Duration) (at time.Time, ok bool) {
	cal = c.of(cal)
	from := c.Started
	for _, p := range c.Pauses {
		run := cal.Between(from, p.From)
		if run >= d {
			return cal.Add(from, d), true
		}
		if p.To.IsZero() {
			return time.Time{}, false
		}
		d, from = d-run, p.To
	}
	return cal.Add(from, d), true
}

// Decide returns what has fallen due up to now and was not done yet, in order.
// A clock that has ended reminds nobody, but when its end came late the breach
// is still evidence. A clock that was swept late gives each of its actions once.
func Decide(now time.Time, cal Calendar, c Clock) []Action {
	var out []Action
	for _, a := range c.schedule(cal) {
		fallen := now.After(a.At) || a.Kind == Reminder && now.Equal(a.At) // on the dot is in time
		if fallen && !slices.Contains(c.Done, a.Key) {
			out = append(out, a)
		}
	}
	return out
}

// Next returns when the clock next has something to do; ok is false when nothing
// is left, or a pause keeps it open.
func (c Clock) Next(cal Calendar) (at time.Time, ok bool) {
	for _, a := range c.schedule(cal) {
		if !slices.Contains(c.Done, a.Key) {
			return a.At, true
		}
	}
	return time.Time{}, false
}

// schedule returns every action of the clock whose time is known, in order.
func (c Clock) schedule(cal Calendar) []Action {
	var out []Action
	add := func(kind Kind, step int, after time.Duration) {
		if !c.Running() && (kind != Breach || !c.Broken(cal, c.Ended)) {
			return
		}
		if at, ok := c.reach(cal, after); ok {
			out = append(out, Action{Kind: kind, Step: step, Key: fmt.Sprintf("%s-%d", kind, step), At: at})
		}
	}
	for i, d := range c.Remind {
		if d < c.Within {
			add(Reminder, i+1, d)
		}
	}
	add(Breach, 1, c.Within)
	for i, d := range c.Escalate {
		add(Escalation, i+1, c.Within+max(d, 0))
	}
	slices.SortStableFunc(out, func(a, b Action) int { return a.At.Compare(b.At) })
	return out
}

// Pause returns the clock standing still from now on, with the reason.
func (c Clock) Pause(now time.Time, by, reason string) (Clock, error) {
	_, paused := c.Paused()
	switch {
	case !c.Running():
		return c, fmt.Errorf("the clock has ended")
	case paused:
		return c, fmt.Errorf("the clock is paused already")
	case strings.TrimSpace(reason) == "":
		return c, fmt.Errorf("a pause needs a reason")
	}
	c.Pauses = append(slices.Clone(c.Pauses), Pause{From: now, By: by, Reason: reason})
	return c, nil
}

// Resume returns the clock going on from now.
func (c Clock) Resume(now time.Time) (Clock, error) {
	if _, paused := c.Paused(); !paused || !c.Running() {
		return c, fmt.Errorf("the clock is not paused")
	}
	c.Pauses = slices.Clone(c.Pauses)
	c.Pauses[len(c.Pauses)-1].To = now
	return c, nil
}

// Stop returns the clock ended. A pause that lasts ends with it. A clock that
// has ended stays as it is.
func (c Clock) Stop(now time.Time, how End, by string) Clock {
	if !c.Running() {
		return c
	}
	if _, paused := c.Paused(); paused {
		c, _ = c.Resume(now)
	}
	c.Ended, c.End, c.EndedBy = now, how, by
	return c
}

// Did returns the clock with the action noted as taken.
func (c Clock) Did(key string) Clock {
	if !slices.Contains(c.Done, key) {
		c.Done = append(slices.Clone(c.Done), key)
	}
	return c
}

// Broken reports whether the promise was or is broken: the deadline, as people
// are shown it, passed before what was expected came.
func (c Clock) Broken(cal Calendar, now time.Time) bool {
	if !c.Running() && c.Ended.Before(now) {
		now = c.Ended
	}
	due, ok := c.Due(cal)
	return ok && now.After(due)
}

// Late returns the time that counts behind the deadline; 0 when it is not broken,
// or when none has passed since.
func (c Clock) Late(cal Calendar, now time.Time) time.Duration {
	return max(0, -c.Left(cal, now))
}
