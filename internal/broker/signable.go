package broker

import (
	"bytes"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// skew is how far the clocks of the two processes, on one machine, may differ,
// and how long asking may take.
const skew = time.Minute

// Signable refuses a message that is not a person's confirmation or standing
// delegation given now: the key signs nothing else, whoever asks. In a team's
// workspace (solo is false) it signs none that claims to be of a workspace of one.
func Signable(message []byte, now time.Time, solo bool) error {
	const most = 64 << 10
	refuse := func(why string) error {
		return fault.New(fault.Denied, "broker.sign", "that is not signed: %s", why)
	}
	fresh := func(granted, expires time.Time, life time.Duration) bool {
		age := now.Sub(granted)
		return age > -skew && age < skew && expires.After(granted) && expires.Sub(granted) <= life
	}
	if raw, ok := bytes.CutPrefix(message, guardrails.SignedPart(nil)); ok {
		var g guardrails.Grant
		if err := guardrails.DecodeStrict(bytes.Clone(raw), most, &g); err != nil || g.Schema != guardrails.GrantSchema {
			return refuse("it is no confirmation that can be read")
		}
		by := g.Binding.Requester
		switch {
		case !g.Approver.Person || g.Approver.ID == "" || (g.Second.ID != "" && !g.Second.Person):
			return refuse("a person confirms")
		case g.Solo && !solo:
			return refuse("this is the workspace of a team")
		case (g.Approver.ID == by.ID || g.Second.ID == by.ID) && (!g.Solo || !by.Person):
			return refuse("who asked for a change does not confirm it")
		case g.Binding.Set == "" || g.View == "" || g.Nonce == "":
			return refuse("it is bound to nothing that somebody was shown")
		case !fresh(g.Granted, g.Expires, guardrails.GrantLife):
			return refuse("it was not given now, or is good for too long")
		}
		return nil
	}
	if raw, ok := bytes.CutPrefix(message, guardrails.StandingPart(nil)); ok {
		var d guardrails.Standing
		if err := guardrails.DecodeStrict(bytes.Clone(raw), most, &d); err != nil || d.Schema != guardrails.StandingSchema {
			return refuse("it is no delegation that can be read")
		}
		switch {
		case !d.By.Person || d.By.ID == "" || d.Agent.Person || d.Agent.ID == "" || d.Target == "":
			return refuse("a person delegates, one target to one agent")
		case d.Solo && !solo:
			return refuse("this is the workspace of a team")
		case !fresh(d.Granted, d.Expires, guardrails.StandingLife):
			return refuse("it was not given now, or is good for too long")
		}
		return nil
	}
	return refuse("it is neither a confirmation nor a standing delegation")
}
