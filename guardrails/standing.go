package guardrails

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// StandingSchema names the form of a standing delegation's bytes. It is part of
// what is signed.
const StandingSchema = "roleos/standing/v1"

// StandingLife is the longest that a standing delegation may be good for.
const StandingLife = 90 * 24 * time.Hour

// Standing is a person's word, given before and for a while, that what one agent
// proposes for one target is granted in their name without their looking first.
// It never covers what is destructive or not proven to be reversible.
type Standing struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`
	Agent   Principal `json:"agent"` // the requester that it is for
	Target  string    `json:"target"`
	By      Principal `json:"by"` // the person who answers for it
	Because string    `json:"because"`
	Solo    bool      `json:"solo"` // given in a workspace of one person
	Granted time.Time `json:"granted"`
	Expires time.Time `json:"expires"`
}

// Delegated is a standing delegation whose signature was checked. Only
// OpenStanding makes one; the zero Delegated delegates nothing.
type Delegated struct {
	standing Standing
	ok       bool
}

// Standing returns the delegation; ok is false for the zero Delegated.
func (d *Delegated) Standing() (s Standing, ok bool) {
	if d == nil {
		return Standing{}, false
	}
	return d.standing, d.ok
}

// SealStanding writes the delegation's bytes, once. Sign what StandingPart returns.
func SealStanding(s Standing) ([]byte, error) {
	s.Schema = StandingSchema
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the standing delegation: %w", err)
	}
	return b, nil
}

// StandingPart returns the message to sign for a delegation's bytes. The prefix
// keeps the signature from meaning anything elsewhere, a grant above all.
func StandingPart(standing []byte) []byte { return append([]byte(StandingSchema+"\n"), standing...) }

// OpenStanding checks the Ed25519 signature over the bytes and reads them.
func OpenStanding(raw, signature []byte, key ed25519.PublicKey) (*Delegated, error) {
	const limit = 64 << 10
	if len(key) != ed25519.PublicKeySize || len(raw) > limit || !ed25519.Verify(key, StandingPart(raw), signature) {
		return nil, errors.New("the standing delegation's signature is not ours")
	}
	d := &Delegated{}
	if err := DecodeStrict(bytes.Clone(raw), limit, &d.standing); err != nil {
		return nil, fmt.Errorf("read the standing delegation: %w", err)
	}
	if d.standing.Schema != StandingSchema {
		return nil, fmt.Errorf("the standing delegation's schema is %q, want %q", d.standing.Schema, StandingSchema)
	}
	d.ok = true
	return d, nil
}

// delegated wants what a grant under a standing delegation rests on: the very
// delegation, by the same person, for this requester and target, valid now, and
// a set that can be taken back.
func delegated(d *Decision, r *Request, g *Grant, guarded bool) {
	s, ok := r.Standing.Standing()
	c := &r.Set.content
	switch {
	case !ok || s.ID != g.Standing || s.By != g.Approver || !s.By.Person || s.Agent != c.By || s.Target != c.Target:
		d.deny(Confirmation, StandingVoid, "A person has to confirm the set.", "no standing delegation of %q covers what %q proposes for %q", g.Approver.ID, c.By.ID, c.Target)
	case r.Now.Before(s.Granted) || !r.Now.Before(s.Expires) || s.Expires.Sub(s.Granted) > StandingLife:
		d.deny(Confirmation, StandingVoid, "A person has to confirm the set.", "the standing delegation is not valid now")
	case s.Solo && !r.Solo:
		d.deny(Confirmation, StandingVoid, "A person has to confirm the set.", "the standing delegation was given in solo mode, which is not set")
	}
	if guarded {
		d.deny(Confirmation, StandingGuarded, "A person has to look at it and type the target's name.", "a standing delegation never covers a destructive or unproven change")
	}
}
