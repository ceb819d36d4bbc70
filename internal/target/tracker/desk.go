package tracker

import (
	"context"
	"errors"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// errTooMany tells a project that is too large from a limit on requests.
var errTooMany = errors.New("not everything was looked through")

func isTooMany(err error) bool { return errors.Is(err, errTooMany) }

// desk reads and writes tickets in one project: the real one or the one for staging.
type desk struct {
	tracker Tracker
	most    int // issues looked through
	hook    func(point string)
	// alias gives an object's marker in the copy; nil in the real project.
	alias func(object string) string
}

// place is where an object is.
type place struct {
	ticket    *Issue // nil when there is none
	withdrawn *Issue // an earlier one that can be taken up again
	marker    string // that it is found by; empty for an issue that has its number from elsewhere
	ours      bool   // opened here, so that closing withdraws it
}

// find looks for the object's issue.
func (d desk) find(ctx context.Context, object string) (place, error) {
	marker, number, err := name(object)
	if err != nil {
		return place{}, err
	}
	p := place{marker: marker, ours: marker != ""}
	if d.alias != nil {
		p.marker = d.alias(object)
	}
	if p.marker == "" {
		i, err := d.tracker.Issue(ctx, number)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		if _, m, _ := read(i); m != "" {
			return p, fault.New(fault.Invalid, "tracker.read", "#%d was opened here and is called %s%s", number, prefix, m).WithMend("name it so")
		}
		p.ticket = &i
		return p, nil
	}
	err = d.walk(ctx, Query{Has: p.marker}, func(i Issue) error {
		_, m, withdrawn := read(i)
		switch {
		case m != p.marker:
		case withdrawn:
			p.withdrawn = &i // newest first, so the oldest is taken up again
		case p.ticket != nil:
			return fault.New(fault.Conflict, "tracker.read", "#%d and #%d both carry the marker %s", p.ticket.Number, i.Number, p.marker).
				WithMend("somebody copied it; take the marker's line out of one of them")
		default:
			p.ticket = &i
		}
		return nil
	})
	return p, err
}

// walk calls f for every issue of the query, newest first. It fails with
// fault.Exhausted when there are more than most.
func (d desk) walk(ctx context.Context, q Query, f func(Issue) error) error {
	seen := 0
	for {
		page, err := d.tracker.Issues(ctx, q)
		if err != nil {
			return err
		}
		for _, i := range page.Issues {
			if err := f(i); err != nil {
				return err
			}
		}
		// A page that holds nothing of ours counts too, so that this ends.
		if seen += max(len(page.Issues), 1); page.Next == "" {
			return nil
		}
		if page.Next == q.Cursor || seen >= d.most {
			return errors.Join(errTooMany, fault.New(fault.Exhausted, "tracker.read", "the project has more than %d issues to look through", d.most).
				WithMend("raise the limit, or name the account that opens tickets so that only its issues are looked through"))
		}
		q.Cursor = page.Next
	}
}

// read returns the object's state.
func (d desk) read(ctx context.Context, object string) (guardrails.State, error) {
	p, err := d.find(ctx, object)
	if err != nil || p.ticket == nil {
		return guardrails.State{Digest: guardrails.Absent}, err
	}
	t, _, _ := read(*p.ticket)
	return t.state(), nil
}

// population counts the open issues, -1 when there are too many.
func (d desk) population(ctx context.Context) (int64, error) {
	page, err := d.tracker.Issues(ctx, Query{Open: true})
	if err != nil || page.Total >= 0 {
		return page.Total, err
	}
	numbers := map[int64]bool{} // one that moved to a later page meanwhile counts once
	err = d.walk(ctx, Query{Open: true}, func(i Issue) error {
		numbers[i.Number] = true
		return nil
	})
	if isTooMany(err) {
		return -1, nil
	}
	return int64(len(numbers)), err
}

// apply does one write after a last look.
func (d desk) apply(ctx context.Context, w change.Write) error {
	not := func(err error) error { return errors.Join(err, change.ErrNotDone) }
	p, err := d.find(ctx, w.Object)
	if err != nil {
		return not(err)
	}
	now := guardrails.State{Digest: guardrails.Absent}
	if p.ticket != nil {
		t, _, _ := read(*p.ticket)
		now = t.state()
	}
	if w.Before == "" || now.Digest != w.Before {
		return change.ErrDrift
	}
	c := guardrails.Change{Op: w.Op, Object: w.Object, Body: w.Body, Before: now}
	if err := effect(&c); err != nil {
		return not(err)
	}
	var t Ticket
	if w.Op == Open || w.Op == Update {
		if t, err = parse(w.Body); err != nil {
			return not(err)
		}
	}
	switch w.Op {
	case Open:
		i := Issue{Title: t.Title, Text: marked(t.Body, p.marker, false), Labels: t.Labels}
		if p.withdrawn != nil {
			i.Number = p.withdrawn.Number
			return d.send("update", func() error { return d.tracker.Update(ctx, i) })
		}
		return d.send("create", func() error { _, err := d.tracker.Create(ctx, i); return err })
	case Update:
		i := Issue{Number: p.ticket.Number, Title: t.Title, Text: marked(t.Body, p.marker, false), Labels: t.Labels, Closed: p.ticket.Closed}
		return d.send("update", func() error { return d.tracker.Update(ctx, i) })
	case Close, Reopen:
		i := *p.ticket
		i.Closed = w.Op == Close
		if p.ours && w.Op == Close {
			was, _, _ := read(i)
			i.Text = marked(was.Body, p.marker, true)
		}
		return d.send("update", func() error { return d.tracker.Update(ctx, i) })
	}
	return not(fault.New(fault.Invalid, "tracker.apply", "%.40q is no operation here", w.Op))
}

func (d desk) send(what string, f func() error) error {
	d.hook("before " + what)
	err := f()
	d.hook("after " + what)
	return err
}
