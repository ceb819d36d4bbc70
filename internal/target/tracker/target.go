package tracker

import (
	"context"
	"errors"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/tracker/rest"
)

// The operations of the target.
const (
	Open   = "open"   // a new issue, or the same one again after it was withdrawn
	Update = "update" // title, text and labels
	Close  = "close"  // and, where Open made it, withdraw
	Reopen = "reopen" // an issue that was there before us
)

// Defaults.
const (
	DefaultMaxIssues = 5_000
	DefaultGrace     = time.Minute
)

// Options says which tracker a Target writes to.
type Options struct {
	Tracker Tracker
	// Staging is another project or repository of the same tracker, in which
	// changes are tried; issues made there are closed again, not deleted.
	// Default: nothing can be staged.
	Staging Tracker
	// Dir is an own folder in which writes without an answer are remembered.
	// Default: none; then what was interrupted cannot be settled and stays unknown.
	Dir string
	// Grace is how long a write that was sent can still arrive when no answer
	// came: until then reading back proves nothing and Read waits. It covers the
	// request's timeout and the server's own; GitHub ends a request after ten
	// seconds (https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts).
	// Default DefaultGrace.
	Grace time.Duration
	// MaxIssues is how many issues are looked through. Where a marker is not
	// found among more, nothing is said about it. Default DefaultMaxIssues.
	MaxIssues int
	Now       func() time.Time
	Sleep     func(ctx context.Context, d time.Duration) error // default rest.Sleep
	// Hook is called between the steps of a write. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}

// Target is a project whose issues changes can touch. It is safe for concurrent use.
type Target struct {
	o    Options
	desk desk
	sent journal
}

// New returns the target.
func New(o Options) (*Target, error) {
	if o.Tracker == nil || o.Now == nil {
		return nil, errors.New("tracker: Tracker and Now are required")
	}
	if o.Grace <= 0 {
		o.Grace = DefaultGrace
	}
	if o.MaxIssues <= 0 {
		o.MaxIssues = DefaultMaxIssues
	}
	if o.Sleep == nil {
		o.Sleep = rest.Sleep
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	t := &Target{o: o, desk: desk{tracker: o.Tracker, most: o.MaxIssues, hook: o.Hook}}
	var err error
	t.sent, err = openJournal(o.Dir)
	return t, err
}

// Manifest says what this target can do. Opening is undone by closing, which
// is classed as deleting: the issue leaves everybody's list, and that it was
// there and who was told about it cannot be taken back.
func (t *Target) Manifest(name string) guardrails.Manifest {
	return guardrails.Manifest{
		Name: name, Version: "tracker/1", Settles: t.o.Dir != "",
		Operations: []guardrails.Operation{
			{Name: Open, Class: guardrails.Create},
			{Name: Update, Class: guardrails.Update},
			{Name: Close, Class: guardrails.Delete},
			{Name: Reopen, Class: guardrails.Update},
		},
	}
}

// Plan reads the issues and measures the changes: each touches one issue. The
// population is the number of open issues.
func (t *Target) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	var m change.Measured
	for _, in := range intended {
		before, err := t.Read(ctx, in.Object)
		if err != nil {
			return change.Measured{}, err
		}
		c := guardrails.Change{Op: in.Op, Object: in.Object, Objects: 1, Before: before, Body: in.Body}
		if err := effect(&c); err != nil {
			return change.Measured{}, err
		}
		m.Changes = append(m.Changes, c)
	}
	var err error
	m.Population, err = t.desk.population(ctx)
	return m, err
}

// effect fills in what the change leads to and what takes it back.
func effect(c *guardrails.Change) error {
	marker, _, err := name(c.Object)
	if err != nil {
		return err
	}
	refuse := func(kind fault.Kind, format string, args ...any) *fault.Error {
		return fault.New(kind, "tracker.plan", c.Object+" "+format, args...)
	}
	var now Ticket
	there := c.Before.Digest != guardrails.Absent
	if there {
		if err := guardrails.DecodeStrict(c.Before.Body, len(c.Before.Body), &now); err != nil {
			return refuse(fault.Internal, "cannot be read back")
		}
	}
	var want Ticket
	switch c.Op {
	case Open, Update:
		if want, err = parse(c.Body); err != nil {
			return err
		}
	case Close, Reopen:
		if len(c.Body) > 0 {
			return refuse(fault.Invalid, "is closed and reopened without a text")
		}
		want = now
	default:
		return refuse(fault.Invalid, "can be opened, updated, closed and reopened; %.40q is none of these", c.Op)
	}
	switch {
	case c.Op == Open && marker == "":
		return refuse(fault.Invalid, "is a number, and a tracker gives numbers itself: open issue/<marker>")
	case c.Op == Open && there:
		return refuse(fault.Conflict, "exists already").WithMend("update it instead")
	case c.Op != Open && !there:
		return refuse(fault.Conflict, "does not exist")
	case c.Op == Open && want.Closed, c.Op == Update && want.Closed != now.Closed:
		return refuse(fault.Invalid, "is not closed or reopened by changing its text")
	case c.Op == Close && now.Closed:
		return refuse(fault.Conflict, "is closed already")
	case c.Op == Reopen && !now.Closed:
		return refuse(fault.Conflict, "is open already")
	}
	switch c.Op {
	case Open:
		c.Inverse = guardrails.Inverse{Op: Close}
	case Update:
		c.Inverse = guardrails.Inverse{Op: Update, Body: c.Before.Body}
	case Close:
		want.Closed, c.Inverse = true, guardrails.Inverse{Op: Reopen}
		if marker != "" {
			c.Inverse = guardrails.Inverse{Op: Open, Body: c.Before.Body}
			c.After = guardrails.Absent
			return nil
		}
	case Reopen:
		want.Closed, c.Inverse = false, guardrails.Inverse{Op: Close}
		if marker != "" { // closing that would withdraw it, which is not how it was
			c.Inverse = guardrails.Inverse{}
		}
	}
	c.After = want.state().Digest
	return nil
}

// Read returns the ticket's JSON and its digest, guardrails.Absent when there
// is none. A withdrawn ticket is absent; one that somebody else closed is not.
//
// While an earlier write to the object can still arrive and has not, Read waits,
// at most for the Grace.
func (t *Target) Read(ctx context.Context, object string) (guardrails.State, error) {
	if err := ctx.Err(); err != nil {
		return guardrails.State{}, err
	}
	const look = 250 * time.Millisecond
	for waited := time.Duration(0); ; waited += look {
		pending, ok, err := t.sent.pending(object)
		if err != nil {
			return guardrails.State{}, fault.Wrap(err, fault.Unavailable, "tracker.read", "what was sent before cannot be read")
		}
		// Asked before reading: what arrives later than this would be over time. A
		// clock that was set back makes nobody wait for longer than the grace.
		over := waited >= t.o.Grace || !t.o.Now().Before(pending.At.Add(t.o.Grace))
		st, err := t.desk.read(ctx, object)
		if err != nil || !ok {
			return st, err
		}
		if st.Digest != pending.Before || over {
			return st, t.sent.end(object)
		}
		if err := t.o.Sleep(ctx, look); err != nil {
			return st, err
		}
	}
}

// Apply does the write. It fails with change.ErrDrift, and nothing is written,
// when the issue is not as planned. A write without an answer is not repeated.
func (t *Target) Apply(ctx context.Context, w change.Write) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	now, err := t.Read(ctx, w.Object)
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	if w.Before == "" || now.Digest != w.Before {
		return change.ErrDrift
	}
	if err := t.sent.begin(w.Object, pending{Before: now.Digest, At: t.o.Now().UTC()}); err != nil {
		return errors.Join(fault.Wrap(err, fault.Unavailable, "tracker.apply", "the write cannot be noted, so it is not begun"), change.ErrNotDone)
	}
	t.o.Hook("noted")
	err = t.desk.apply(ctx, w)
	t.o.Hook("answered")
	if err == nil || errors.Is(err, change.ErrNotDone) || errors.Is(err, change.ErrDrift) {
		return errors.Join(err, t.sent.end(w.Object))
	}
	return err
}
