package change

import (
	"context"
	"errors"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// ShortDigest is the fewest characters of a digest that confirm a set.
const ShortDigest = 8

// Ask says what a person has to type to confirm a set. Nothing else confirms
// it: no yes, no default, no silence, no flag.
type Ask struct {
	Name bool   `json:"name"` // the target's name, because the set is destructive or not proven
	Want string `json:"want"` // that name, or the digest's first characters
	Two  bool   `json:"two"`  // a second person has to confirm as well
}

// Prompt returns the question for a person.
func (a Ask) Prompt() string {
	if a.Name {
		return "This cannot simply be taken back. To confirm, type the target's name: " + a.Want
	}
	return "To confirm this set, type its short digest: " + a.Want
}

// Accepts reports whether text is the answer. It must be exact; one line end
// behind it is let pass. For a digest any length from ShortDigest on will do.
func (a Ask) Accepts(text, digest string) bool {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if a.Name {
		return a.Want != "" && text == a.Want
	}
	return len(text) >= ShortDigest && strings.HasPrefix(digest, text)
}

// Answer is what a person typed, and about what.
type Answer struct {
	Text  string
	View  string    // View.Shown.Digest of what the person was shown
	Shown time.Time // when the person was shown it
}

// Confirm takes a person's answer and grants the set, once. The set must be
// staged, unmoved, and within the guardrails.
//
// It fails with fault.NeedsConfirmation when the answer is not the one asked
// for or a second person has to confirm too, fault.Stale when the objects or
// the view have changed, and fault.Denied, with the Decision in the chain, when
// this person may not confirm this set.
func (s *Service) Confirm(ctx context.Context, id string, approver guardrails.Principal, a Answer) (guardrails.Grant, error) {
	out, err := s.Get(ctx, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	set := out.Set
	last, err := s.lastGrant(ctx, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	if set.State != Staged && (set.State != Granted || (last.State == GrantOpen && s.o.Now().Before(last.Expires))) {
		return guardrails.Grant{}, fault.New(fault.Conflict, "change.confirm", "%s is %s and cannot be confirmed", id, set.State)
	}
	cs, t, err := s.open(set)
	if err != nil {
		return guardrails.Grant{}, err
	}
	seen, err := s.observe(ctx, cs, t, nil)
	if err != nil {
		return guardrails.Grant{}, err
	}
	if seen.drifted(cs) {
		_, err := s.stale(ctx, set)
		return guardrails.Grant{}, err
	}
	req, err := s.request(ctx, guardrails.Confirm, cs, t, seen.schema, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	req.Observed, req.Proof = seen.digests, set.Proof
	if d := guardrails.Evaluate(req); !d.Allow {
		return guardrails.Grant{}, s.refuse(ctx, "confirm", approver.ID, id, d)
	}
	ask := s.ask(req)
	shown, err := s.shown(out, cs, ask)
	if err != nil {
		return guardrails.Grant{}, err
	}
	if err := s.checkAnswer(ctx, set, ask, shown, approver, a); err != nil {
		return guardrails.Grant{}, err
	}
	now := s.o.Now().UTC()
	g := guardrails.Grant{
		ID: s.o.NewID(), Binding: cs.Binding(), View: shown.Digest, Approver: approver, Solo: s.o.Policy.Solo, Typed: ask.Name,
		Hasty: now.Sub(a.Shown) < shown.Reading, Granted: now, Expires: now.Add(s.o.GrantLife), Nonce: s.o.NewID(),
	}
	return s.grant(ctx, set, out.Effects, req, g, last)
}

// Delegate grants the set under a person's standing delegation, in that person's
// name. Nobody looks at the set first; so it has to be staged with its inverse
// proven, unmoved, within the envelope and not destructive. The guardrails check
// the delegation's signature, its time, the requester and the target.
//
// It fails with fault.Denied, with the Decision in the chain, when the delegation
// does not cover the set, fault.NotFound when it is not in force, and fault.Stale
// when the objects have changed.
func (s *Service) Delegate(ctx context.Context, id, standing string) (guardrails.Grant, error) {
	out, err := s.Get(ctx, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	last, err := s.lastGrant(ctx, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	if out.Set.State == Granted && last.State == GrantOpen && s.o.Now().Before(last.Expires) {
		if c, err := s.openGrant(ctx, last); err == nil {
			if g, _ := c.Grant(); g.Standing == standing {
				return g, nil // granting twice is once
			}
		}
	}
	if out.Set.State != Staged && out.Set.State != Granted {
		return guardrails.Grant{}, fault.New(fault.Conflict, "change.delegate", "%s is %s and cannot be granted", id, out.Set.State)
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return guardrails.Grant{}, err
	}
	given, err := s.standing(ctx, standing)
	if err != nil {
		return guardrails.Grant{}, err
	}
	seen, err := s.observe(ctx, cs, t, nil)
	if err != nil {
		return guardrails.Grant{}, err
	}
	if seen.drifted(cs) {
		_, err := s.stale(ctx, out.Set)
		return guardrails.Grant{}, err
	}
	req, err := s.request(ctx, guardrails.Confirm, cs, t, seen.schema, id)
	if err != nil {
		return guardrails.Grant{}, err
	}
	req.Observed, req.Proof = seen.digests, out.Set.Proof
	shown, err := s.shown(out, cs, s.ask(req))
	if err != nil {
		return guardrails.Grant{}, err
	}
	by, _ := given.Standing()
	now := s.o.Now().UTC()
	g := guardrails.Grant{
		ID: s.o.NewID(), Binding: cs.Binding(), View: shown.Digest, Approver: by.By, Solo: by.Solo, Standing: standing,
		Granted: now, Expires: now.Add(s.o.GrantLife), Nonce: s.o.NewID(),
	}
	return s.grant(ctx, out.Set, out.Effects, req, g, StoredGrant{})
}

// standing reads a standing delegation that is in force and checks its signature.
func (s *Service) standing(ctx context.Context, id string) (*guardrails.Delegated, error) {
	if s.o.Standing == nil {
		return nil, fault.New(fault.NotFound, "change.standing", "there is no standing delegation %q", id)
	}
	raw, signature, key, err := s.o.Standing(ctx, id)
	if err != nil {
		return nil, err
	}
	pub, err := s.o.Keys.Public(ctx, key)
	if err != nil {
		return nil, err
	}
	d, err := guardrails.OpenStanding(raw, signature, pub)
	if err != nil {
		return nil, fault.Wrap(err, fault.Denied, "change.standing", "the standing delegation %s is not valid", id)
	}
	return d, nil
}

// Entrust signs a standing delegation and returns it as it is to be kept.
func (s *Service) Entrust(ctx context.Context, d guardrails.Standing) (raw, signature []byte, key string, err error) {
	if raw, err = guardrails.SealStanding(d); err != nil {
		return nil, nil, "", err
	}
	key, signature, err = s.o.Keys.Sign(ctx, guardrails.StandingPart(raw))
	return raw, signature, key, err
}

// ask says what confirms the set of the request.
func (s *Service) ask(r guardrails.Request) Ask {
	if guardrails.Guarded(r) {
		return Ask{Name: true, Want: r.Set.Content().Target, Two: !s.o.Policy.Solo}
	}
	return Ask{Want: r.Set.Digest()[:ShortDigest]}
}

// checkAnswer refuses every answer but the one asked for, and records that.
func (s *Service) checkAnswer(ctx context.Context, set Set, ask Ask, shown Shown, approver guardrails.Principal, a Answer) error {
	var err *fault.Error
	switch now := s.o.Now(); {
	case a.View == "" || a.Shown.IsZero() || a.Shown.After(now):
		err = fault.New(fault.NeedsConfirmation, "change.confirm", "%s has not been shown to %s", set.ID, approver.ID).WithMend("look at it first: `roleos plan show %s`", set.ID)
	case a.View != shown.Digest:
		err = fault.New(fault.Stale, "change.confirm", "what %s was shown is not what would be done now", approver.ID).WithMend("look at it again: `roleos plan show %s`", set.ID)
	case !ask.Accepts(a.Text, set.Digest):
		err = fault.New(fault.NeedsConfirmation, "change.confirm", "that does not confirm %s; nothing was changed", set.ID).WithMend("%s", ask.Prompt())
	default:
		return nil
	}
	if aerr := s.o.Audit.Append(ctx, "change.not_confirmed", approver.ID, set.ID, map[string]string{"digest": set.Digest, "why": err.Message}); aerr != nil {
		return errors.Join(err, aerr)
	}
	return err
}

func (s *Service) lastGrant(ctx context.Context, id string) (StoredGrant, error) {
	g, err := s.o.Grants.LastGrant(ctx, id)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return StoredGrant{}, nil
	}
	return g, err
}

// grant signs the grant, asks the guardrails whether it would do, and stores it.
func (s *Service) grant(ctx context.Context, set Set, effects []Effect, req guardrails.Request, g guardrails.Grant, last StoredGrant) (_ guardrails.Grant, err error) {
	ctx, end := s.span(ctx, "grant", set.ID, "")
	defer func() { end(string(set.State), err) }()
	by := g.Approver.ID
	if last.State == GrantPending && s.o.Now().Before(last.Expires) {
		// The first of two people has confirmed already; this is the second.
		first, err := s.openGrant(ctx, last)
		if err != nil {
			return g, err
		}
		if f, _ := first.Grant(); f.Approver.ID != g.Approver.ID && f.View == g.View && f.Binding == g.Binding {
			g.Second, g.Approver = g.Approver, f.Approver
			g.Hasty = g.Hasty || f.Hasty
		}
	}
	stored, err := s.sign(ctx, set.ID, g)
	if err != nil {
		return g, err
	}
	confirmed, err := s.openGrant(ctx, stored)
	if err != nil {
		return g, err
	}
	req.Phase, req.Grant, req.Now = guardrails.Apply, confirmed, g.Granted
	if g.Standing != "" {
		if req.Standing, err = s.standing(ctx, g.Standing); err != nil {
			return g, err
		}
	}
	d := guardrails.Evaluate(req)
	if !d.Allow && (len(d.Reasons) > 1 || !d.Has(guardrails.SecondPerson)) {
		return g, s.refuse(ctx, "confirm", by, set.ID, d)
	}
	detail := map[string]any{
		"digest": set.Digest, "grant": g.ID, "view": g.View, "approver": g.Approver.ID, "second": g.Second.ID,
		"solo": g.Solo, "typed": g.Typed, "hasty": g.Hasty, "standing": g.Standing, "expires": g.Expires,
	}
	if !d.Allow {
		stored.State = GrantPending
		err := s.o.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.o.Grants.PutGrant(ctx, stored); err != nil {
				return err
			}
			return s.o.Audit.Append(ctx, "change.confirmed_by_one", by, set.ID, detail)
		})
		if err != nil {
			return g, err
		}
		return g, fault.New(fault.NeedsConfirmation, "change.confirm", "%s is confirmed by %s; a second person has to confirm it too", set.ID, by).
			WithMend("until %s: `roleos plan confirm %s`", g.Expires.Format(time.TimeOnly), set.ID)
	}
	err = s.moved(ctx, &set, Granted, func(ctx context.Context) error {
		if err := s.o.Grants.PutGrant(ctx, stored); err != nil {
			return err
		}
		for _, e := range effects {
			if err := s.moveEffect(ctx, &e, EffectGranted, "", "", ""); err != nil {
				return err
			}
		}
		return s.o.Audit.Append(ctx, "change.granted", by, set.ID, detail)
	})
	return g, err
}

func (s *Service) sign(ctx context.Context, set string, g guardrails.Grant) (StoredGrant, error) {
	raw, err := guardrails.SealGrant(g)
	if err != nil {
		return StoredGrant{}, err
	}
	key, sig, err := s.o.Keys.Sign(ctx, guardrails.SignedPart(raw))
	if err != nil {
		return StoredGrant{}, err
	}
	return StoredGrant{ID: g.ID, Set: set, Bytes: raw, Signature: sig, Key: key, State: GrantOpen, Expires: g.Expires, At: g.Granted}, nil
}

func (s *Service) openGrant(ctx context.Context, g StoredGrant) (*guardrails.Confirmed, error) {
	pub, err := s.o.Keys.Public(ctx, g.Key)
	if err != nil {
		return nil, err
	}
	c, err := guardrails.OpenGrant(g.Bytes, g.Signature, pub)
	if err != nil {
		return nil, fault.Wrap(err, fault.Denied, "change.grant", "the stored confirmation of %s is not valid", g.Set)
	}
	return c, nil
}
