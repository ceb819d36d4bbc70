package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"roleos/internal/audit"
)

// Type is what happened.
type Type string

// The types.
const (
	DraftWaiting        Type = "draft.waiting"        // its contract passed; a person is to review it
	DraftApproved       Type = "draft.approved"       // a person approved it, or let it pass
	DraftPublished      Type = "draft.published"      // its change set was applied
	HandoffAcknowledged Type = "handoff.acknowledged" // the taker has it
	HandoffRefused      Type = "handoff.refused"      // the taker gave it back
	HandoffBreached     Type = "handoff.breached"     // a deadline of its clocks has passed
	ChangeSetWaiting    Type = "change_set.waiting"   // it was tried on a copy; a person is to confirm it
	ChangeSetApplied    Type = "change_set.applied"
	RunFailed           Type = "run.failed"
	BudgetWarned        Type = "budget.warned"    // four fifths of a day's budget are used
	BudgetExhausted     Type = "budget.exhausted" // all of it is
	Ping                Type = "ping"             // somebody tries the endpoint
)

// Types returns every type that can be asked for.
func Types() []Type {
	return []Type{
		DraftWaiting, DraftApproved, DraftPublished, HandoffAcknowledged, HandoffRefused, HandoffBreached, ChangeSetWaiting, ChangeSetApplied,
		RunFailed, BudgetWarned, BudgetExhausted,
	}
}

// Event is what happened to something.
type Event struct {
	ID      string // the same however often it is told
	Type    Type
	Subject string // id of the draft, change set, run or budget
	At      time.Time
	// Facts are further ids and states: "digest", "contract", "due", ...
	Facts map[string]string
}

// Of returns the event that a record of the audit log is, or false.
func Of(r audit.Record) (Event, bool) {
	var d struct {
		Digest   string `json:"digest"`
		Contract string `json:"contract"`
		From     string `json:"from"`
		To       string `json:"to"`
		Verb     string `json:"verb"`
		Role     string `json:"role"`
		Expect   string `json:"expect"`
		Due      string `json:"due"`
		Draft    string `json:"draft"`
		Set      string `json:"change_set"`
		Diverged bool   `json:"diverged"`
	}
	if len(r.Detail) > 0 && json.Unmarshal(r.Detail, &d) != nil {
		return Event{}, false // a kind whose details have another form is no event
	}
	e := Event{Subject: r.Subject, At: r.At, Facts: map[string]string{}}
	facts := map[string]string{"digest": d.Digest}
	readable := d.To == "validated" || d.To == "in_review"
	switch {
	case r.Kind == "draft.validated", d.From == "drafted" && readable:
		e.Type = DraftWaiting
		facts["contract"] = d.Contract
	case r.Kind == "review.approve", d.To == "approved" && d.From == "validated":
		e.Type = DraftApproved
	case r.Kind == "draft.published":
		e.Type = DraftPublished
		facts["change_set"] = d.Set
	case d.Verb == "acknowledge" && d.To == "acknowledged":
		e.Type = HandoffAcknowledged
		facts["role"] = d.Role
	case d.Verb == "refuse" && d.To != "":
		e.Type = HandoffRefused
		facts["role"] = d.Role
	case r.Kind == "clock.breach":
		e.Type = HandoffBreached
		facts["role"], facts["expect"], facts["due"] = d.Role, d.Expect, d.Due
	case r.Kind == "change.staged" && !d.Diverged:
		e.Type = ChangeSetWaiting
	case r.Kind == "change.applied":
		e.Type = ChangeSetApplied
	case r.Kind == "run.failed":
		e.Type = RunFailed
		facts["draft"] = d.Draft
	default:
		return Event{}, false
	}
	for name, value := range facts {
		if value != "" {
			e.Facts[name] = value
		}
	}
	e.ID = id(fmt.Sprint(r.Seq), r.At.Format(time.RFC3339Nano), r.Kind, r.Subject)
	return e, true
}

// Budget is how much of an account's limit is used.
type Budget struct {
	Account string // "day:2026-09-01"
	Share   float64
}

// OfBudget returns the events of a budget: each once for each account.
func OfBudget(b Budget, now time.Time) []Event {
	var out []Event
	for _, step := range []struct {
		from float64
		Type
	}{{0.8, BudgetWarned}, {1, BudgetExhausted}} {
		if b.Share >= step.from {
			out = append(out, Event{ID: id(string(step.Type), b.Account), Type: step.Type, Subject: b.Account, At: now})
		}
	}
	return out
}

// id names an event after what makes it one; a log that was restored and went on
// otherwise gives other names.
func id(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "evt-" + hex.EncodeToString(sum[:10])
}

// Body is the event as it is sent, in the form that Standard Webhooks recommend.
// title is left out when it is "".
func (e Event) Body(title string) ([]byte, error) {
	data := map[string]string{"id": e.Subject}
	for name, value := range e.Facts {
		data[name] = value
	}
	if title != "" {
		data["title"] = title
	}
	return json.Marshal(struct {
		Type      Type              `json:"type"`
		Timestamp time.Time         `json:"timestamp"`
		Data      map[string]string `json:"data"`
	}{e.Type, e.At.UTC(), data})
}

// after is how long is waited after each failed try: three days in all, as
// Standard Webhooks recommend.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//
//nolint:gochecknoglobals // immutable
var after = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Tries is how often a delivery is tried before it is given up.
func Tries() int { return len(after) + 1 }

// Next returns when a delivery that has failed tries times is tried again; false
// when it is given up. jitter is 0 to 1 and spreads what failed together by a
// fifth.
func Next(tries int, failed time.Time, jitter float64) (time.Time, bool) {
	if tries > len(after) {
		return time.Time{}, false
	}
	wait := after[max(tries, 1)-1]
	return failed.Add(wait + time.Duration(jitter*float64(wait)/5)), true
}

// wants reports whether the endpoint asked for the type.
func (e Endpoint) wants(t Type) bool { return len(e.Types) == 0 || slices.Contains(e.Types, t) }
