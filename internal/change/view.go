package change

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// How long reading takes at least. Faster confirmations are marked.
const (
	// readingSpeed is how many characters of a view are read in a second at most:
	// about 500 words a minute, twice an adult's silent reading of prose
	// (https://doi.org/10.1016/j.jml.2019.104047).
	readingSpeed = 50
	// readingLine is how many characters of one line count. That is some 330
	// words, more than nearly every paragraph written on one line; a line that
	// goes on for longer was made by a machine for a machine, such as a whole JSON
	// document, and is looked at but not read. Text that is laid out to be read
	// counts in full.
	readingLine = 2_000
)

// reading returns what reading the difference takes at least.
func reading(diff string) time.Duration {
	read := 0
	for l := range strings.Lines(diff) {
		read += min(utf8.RuneCountInString(l), readingLine)
	}
	return time.Duration(read) * time.Second / readingSpeed
}

// Shown is the part of a view that a confirmation is about. It is rendered from
// the stored bytes alone, with the staging's result and the question asked.
type Shown struct {
	ID          string               `json:"id"`
	Set         string               `json:"set"` // digest of the bytes
	Intent      string               `json:"intent"`
	By          guardrails.Principal `json:"by"`
	Run         string               `json:"run,omitempty"`
	Draft       string               `json:"draft,omitempty"`
	Undoes      string               `json:"undoes,omitempty"`
	Created     time.Time            `json:"created"`
	Target      string               `json:"target"`
	Environment string               `json:"environment"`
	Policy      string               `json:"policy"`
	Contract    string               `json:"contract,omitempty"`
	Worst       guardrails.Class     `json:"worst"`
	Changes     []ShownChange        `json:"changes"`
	Limits      []Limit              `json:"limits"`
	Proof       ShownProof           `json:"proof"`
	Tainted     bool                 `json:"tainted"`
	TaintedBy   []string             `json:"tainted_by,omitempty"`
	Provenance  []string             `json:"provenance,omitempty"`
	Ask         Ask                  `json:"ask"`
	Digest      string               `json:"digest,omitempty"`  // of all the above; what the answer has to name
	Reading     time.Duration        `json:"reading,omitempty"` // what reading the differences takes at least
}

// ShownChange is one change as a person reads it. Diff is complete, with
// invisible characters made visible.
type ShownChange struct {
	Op      string           `json:"op"`
	Object  string           `json:"object"`
	Class   guardrails.Class `json:"class"`
	Objects int64            `json:"objects"`
	Note    string           `json:"note,omitempty"` // what the objects are, where there are more than the one named
	Diff    string           `json:"diff"`
	Inverse string           `json:"inverse,omitempty"` // operation that takes it back
}

// Limit is one limit of the envelope beside what the set takes of it.
type Limit struct {
	Name string `json:"name"`
	This int64  `json:"this"`
	Most int64  `json:"most"`
}

// ShownProof is what staging showed.
type ShownProof struct {
	Staged   bool   `json:"staged"`
	Reversed bool   `json:"reversed"`
	Note     string `json:"note,omitempty"`
}

// View is a change set as a person sees it now.
type View struct {
	Shown
	State    State               `json:"state"`
	Reason   string              `json:"reason,omitempty"`
	Effects  []Effect            `json:"effects"`
	Used     guardrails.Used     `json:"used"`              // before this set, over the envelope's windows
	Drift    []Drift             `json:"drift,omitempty"`   // objects that others have changed since
	Trouble  string              `json:"trouble,omitempty"` // why the target could not be read now
	Decision guardrails.Decision `json:"decision"`          // what the guardrails say now about the next step
	Record   guardrails.Proof    `json:"proof_record"`
	Next     []string            `json:"next"` // commands that go on from here
	Grant    *guardrails.Grant   `json:"grant,omitempty"`
}

// Drift is an object that is no longer what it was when planned.
type Drift struct {
	Object string `json:"object"`
	Diff   string `json:"diff"` // from the planned state to the one now
}

// Show returns the set as a person should see it before answering. It writes nothing.
func (s *Service) Show(ctx context.Context, id string) (View, error) {
	out, err := s.Get(ctx, id)
	if err != nil {
		return View{}, err
	}
	if out.Set.Erased {
		return erased(out), nil
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return View{}, err
	}
	v := View{State: out.Set.State, Reason: guardrails.Visible(out.Set.Reason), Effects: out.Effects, Record: out.Set.Proof}
	var seen observed
	if (!out.Set.State.Done() && out.Set.State != Applying) || out.Set.State == Stale {
		if seen, err = s.observe(ctx, cs, t, nil); err != nil {
			v.Trouble = guardrails.Visible(err.Error())
		} else {
			v.Drift = drift(cs, seen)
		}
	}
	req, err := s.request(ctx, guardrails.Propose, cs, t, seen.schema, id)
	if err != nil {
		return View{}, err
	}
	req.Observed, req.Proof, v.Used = seen.digests, out.Set.Proof, req.Used
	if out.Set.State != Planned {
		req.Phase = guardrails.Confirm
	}
	if !out.Set.State.Done() && out.Set.State != Applying {
		v.Decision = guardrails.Evaluate(req)
	}
	ask := s.ask(req)
	if v.Grant, err = s.given(ctx, id); err != nil && !out.Set.State.Done() {
		return View{}, err
	} else if err != nil { // it is over; what it did is shown, and what cannot be checked about it
		v.Trouble = guardrails.Visible(err.Error())
	}
	if v.Grant != nil {
		ask = Ask{Name: v.Grant.Typed, Want: cs.Digest()[:ShortDigest], Two: v.Grant.Typed && !v.Grant.Solo}
		if ask.Name {
			ask.Want = cs.Content().Target
		}
	}
	if v.Shown, err = s.shown(out, cs, ask); err != nil {
		return View{}, err
	}
	v.Next = next(out.Set, v)
	return v, nil
}

// erased is what can still be said of a set whose bytes were erased.
func erased(out Outcome) View {
	v := View{State: out.Set.State, Effects: out.Effects, Record: out.Set.Proof, Reason: "What it held was erased with the personal data in it; it can be neither applied nor undone."}
	v.Shown = Shown{
		ID: out.Set.ID, Set: out.Set.Digest, Intent: guardrails.Visible(out.Set.Intent), By: guardrails.Principal{ID: out.Set.By}, Undoes: out.Set.Undoes,
		Created: out.Set.CreatedAt, Target: out.Set.Target, Changes: []ShownChange{}, Limits: []Limit{},
	}
	return v
}

// given returns the grant that the set was or is to be applied under, nil when there is none.
func (s *Service) given(ctx context.Context, id string) (*guardrails.Grant, error) {
	g, err := s.lastGrant(ctx, id)
	if err != nil || g.ID == "" || g.State == GrantVoid || (g.State != GrantUsed && !s.o.Now().Before(g.Expires)) {
		return nil, err
	}
	c, err := s.openGrant(ctx, g)
	if err != nil {
		return nil, err
	}
	grant, _ := c.Grant()
	return &grant, nil
}

// shown renders what is confirmed, and its digest.
func (s *Service) shown(out Outcome, cs *guardrails.ChangeSet, ask Ask) (Shown, error) {
	c := cs.Content()
	v := Shown{
		ID: c.ID, Set: cs.Digest(), Intent: guardrails.Visible(c.Intent), By: c.By, Run: guardrails.Visible(c.Run), Draft: guardrails.Visible(c.Draft),
		Undoes: c.Undoes, Created: c.Created, Target: c.Target, Environment: c.Environment, Policy: c.Policy, Contract: c.Contract, Worst: cs.Worst(),
		Proof:   ShownProof{Staged: out.Set.Proof.Staged, Reversed: out.Set.Proof.Reversed, Note: guardrails.Visible(out.Set.Proof.Note)},
		Tainted: c.Taint.Untrusted, TaintedBy: visible(c.Taint.Sources), Provenance: visible(c.Provenance), Ask: ask, Limits: limits(c),
	}
	for _, ev := range c.Events {
		if ev.Flags&guardrails.Untrusted != 0 {
			v.Tainted, v.TaintedBy = true, append(v.TaintedBy, "step "+guardrails.Visible(ev.Step))
		}
	}
	room := maxShown
	for _, ch := range c.Changes {
		after := ch.Body
		if ch.After == guardrails.Absent {
			after = nil
		}
		d, whole := unified(ch.Before.Body, after, room)
		if !whole {
			return v, fault.New(fault.Exhausted, "change.show", "the differences of %s have more than %d MiB as a person would read them", c.ID, maxShown>>20).
				WithMend("reject it, and propose less at once: what cannot be shown whole is not confirmed")
		}
		room -= len(d)
		v.Reading += reading(d)
		v.Changes = append(v.Changes, ShownChange{
			Op: guardrails.Visible(ch.Op), Object: guardrails.Visible(ch.Object), Class: ch.Class, Objects: ch.Objects, Note: guardrails.Visible(ch.Note), Diff: d, Inverse: ch.Inverse.Op,
		})
	}
	read := v.Reading
	v.Reading = 0 // an estimate, and no part of what is confirmed
	raw, err := json.Marshal(v)
	if err != nil {
		return v, fmt.Errorf("render %s: %w", c.ID, err)
	}
	v.Digest, v.Reading = guardrails.Digest(raw), read
	return v, nil
}

func visible(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, guardrails.Visible(t))
	}
	return out
}

// limits lists the envelope's limits that the set touches.
func limits(c guardrails.Content) []Limit {
	var out []Limit
	var all, there int64
	for _, r := range c.Envelope.Allow {
		var n int64
		for _, ch := range c.Changes {
			if r.Target == c.Target && ch.Op == r.Op {
				n += ch.Objects
				there += ch.Objects
				if ch.Before.Digest == guardrails.Absent {
					there--
				}
			}
		}
		if n > 0 {
			out = append(out, Limit{Name: r.Op + " in " + c.Envelope.Window.String(), This: n, Most: r.Most})
		}
		all += n
	}
	out = append(out,
		Limit{Name: "objects in " + c.Envelope.Rate.Per.String(), This: all, Most: c.Envelope.Rate.Most},
		Limit{Name: "money, millionths", This: c.Cost.Money, Most: c.Envelope.MostMoney},
		Limit{Name: "tokens", This: c.Cost.Tokens, Most: c.Envelope.MostTokens})
	if there > 0 {
		out = append(out, Limit{
			Name: fmt.Sprintf("existing objects of %d", c.Population), This: there,
			Most: max(c.Population, 0) * c.Envelope.MostShare / guardrails.Million,
		})
	}
	return out
}

func drift(cs *guardrails.ChangeSet, seen observed) []Drift {
	var out []Drift
	room := maxShown
	for i, c := range cs.Content().Changes {
		if seen.digests[i] == c.Before.Digest {
			continue
		}
		d := Drift{Object: guardrails.Visible(c.Object)}
		var whole bool
		if d.Diff, whole = unified(c.Before.Body, seen.states[i].Body, room); !whole {
			d.Diff = "the object has changed by more than can be shown\n"
		}
		room -= len(d.Diff)
		if d.Diff == "" {
			d.Diff = "the object reads the same, but what it drags along has changed\n"
			if (seen.states[i].Digest == guardrails.Absent) != (c.Before.Digest == guardrails.Absent) {
				d.Diff = "the object came or went\n"
			}
		}
		out = append(out, d)
	}
	return out
}

// next lists the commands that lead on.
func next(set Set, v View) []string {
	do := func(verbs ...string) []string {
		var out []string
		for _, verb := range verbs {
			command := "roleos plan " + verb + " " + set.ID
			if verb == "reject" {
				command += ` --text "..."` // it is refused without a reason
			}
			out = append(out, command)
		}
		return out
	}
	if (len(v.Drift) > 0 || v.Trouble != "") && !set.State.Done() {
		return do("reject")
	}
	switch set.State {
	case Planned:
		return do("stage", "reject")
	case Staged:
		if !v.Decision.Allow {
			return do("reject")
		}
		return do("confirm", "reject")
	case Granted:
		return do("apply", "reject")
	case Applying:
		return []string{"roleos resume"}
	case Applied, Halted:
		return do("undo")
	case Rejected, Stale:
		return nil
	}
	return nil
}
