package guardrails_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"roleos/guardrails"
)

func standingKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func entrust(t testing.TB, s guardrails.Standing) *guardrails.Delegated {
	t.Helper()
	key := standingKey()
	raw, err := guardrails.SealStanding(s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := guardrails.OpenStanding(raw, ed25519.Sign(key, guardrails.StandingPart(raw)), key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func standing() guardrails.Standing {
	return guardrails.Standing{
		ID: "sd-1", Agent: agent, Target: "context", By: ann, Because: "feeds only",
		Granted: now.Add(-time.Hour), Expires: now.Add(24 * time.Hour),
	}
}

// A grant under a standing delegation is good for what the delegation names, for
// as long as it holds, and never for what cannot be taken back.
func TestAStandingDelegationCoversOnlyWhatItNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		class  guardrails.Class
		change func(*guardrails.Standing)
		want   guardrails.Code // "" is allowed
	}{
		{"as given", guardrails.Update, func(*guardrails.Standing) {}, ""},
		{"another one", guardrails.Update, func(s *guardrails.Standing) { s.ID = "sd-2" }, guardrails.StandingVoid},
		{"another agent", guardrails.Update, func(s *guardrails.Standing) { s.Agent.ID = "agent:market-scanner" }, guardrails.StandingVoid},
		{"another target", guardrails.Update, func(s *guardrails.Standing) { s.Target = "tracker" }, guardrails.StandingVoid},
		{"another person", guardrails.Update, func(s *guardrails.Standing) { s.By = bob }, guardrails.StandingVoid},
		{"an agent's word", guardrails.Update, func(s *guardrails.Standing) { s.By.Person = false }, guardrails.StandingVoid},
		{"over", guardrails.Update, func(s *guardrails.Standing) { s.Expires = now }, guardrails.StandingVoid},
		{"not yet", guardrails.Update, func(s *guardrails.Standing) { s.Granted = now.Add(time.Second) }, guardrails.StandingVoid},
		{"for too long", guardrails.Update, func(s *guardrails.Standing) { s.Granted = now.Add(-guardrails.StandingLife) }, guardrails.StandingVoid},
		{"solo where two are needed", guardrails.Update, func(s *guardrails.Standing) { s.Solo = true }, guardrails.StandingVoid},
		{"a deletion", guardrails.Delete, func(*guardrails.Standing) {}, guardrails.StandingGuarded},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := content()
			if c.class == guardrails.Delete {
				content.Changes = []guardrails.Change{change("delete", guardrails.Delete, "context/feedback/a.md")}
			}
			r := allowed(t, content)
			g := grantFor(r.Set)
			g.Standing = "sd-1"
			r.Grant = sign(t, g)
			s := standing()
			c.change(&s)
			r.Standing = entrust(t, s)
			d := guardrails.Evaluate(r)
			if c.want == "" && !d.Allow || c.want != "" && !d.Has(c.want) {
				t.Errorf("%s, want %q", d, c.want)
			}
			r.Standing = nil
			if d := guardrails.Evaluate(r); !d.Has(guardrails.StandingVoid) {
				t.Errorf("without the delegation: %s", d)
			}
		})
	}
}

func TestAStandingDelegationIsItsSignedBytes(t *testing.T) {
	key := standingKey()
	pub := key.Public().(ed25519.PublicKey)
	raw, err := guardrails.SealStanding(standing())
	if err != nil {
		t.Fatal(err)
	}
	sig := ed25519.Sign(key, guardrails.StandingPart(raw))
	for i := range raw {
		forged := append([]byte(nil), raw...)
		forged[i] ^= 1
		if _, err := guardrails.OpenStanding(forged, sig, pub); err == nil {
			t.Fatalf("byte %d can be changed", i)
		}
	}
	if _, err := guardrails.OpenStanding(raw, ed25519.Sign(key, guardrails.SignedPart(raw)), pub); err == nil {
		t.Error("a grant's signature delegates")
	}
	if _, ok := (*guardrails.Delegated)(nil).Standing(); ok {
		t.Error("nothing delegates")
	}
}
