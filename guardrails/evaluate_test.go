package guardrails_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
)

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	agent = guardrails.Principal{ID: "agent:feedback-river"}
	ann   = guardrails.Principal{ID: "ann", Person: true}
	bob   = guardrails.Principal{ID: "bob", Person: true}
)

// envelope allows ten creations, updates and deletions each, half the target.
func envelope() guardrails.Envelope {
	e := guardrails.Envelope{
		Window: 24 * time.Hour, MostShare: 500_000, Rate: guardrails.Rate{Most: 20, Per: time.Hour},
		MostMoney: 1_000, MostTokens: 1_000, Stop: guardrails.Stop{After: time.Minute},
	}
	for _, op := range []string{"create", "update", "delete", "send"} {
		e.Allow = append(e.Allow, guardrails.Rule{Target: "context", Op: op, Under: []string{"context/feedback"}, Most: 10})
	}
	return e
}

func change(op string, class guardrails.Class, object string) guardrails.Change {
	c := guardrails.Change{
		Op: op, Object: object, Class: class, Objects: 1,
		Before: guardrails.State{Digest: guardrails.Digest([]byte("before"))}, After: guardrails.Digest([]byte("after")), Body: []byte("after"),
		Inverse: guardrails.Inverse{Op: "update", Body: []byte("before")},
	}
	if class == guardrails.Create {
		c.Before, c.Inverse = guardrails.State{Digest: guardrails.Absent}, guardrails.Inverse{Op: "delete"}
	}
	if class == guardrails.Delete {
		c.After, c.Inverse.Op = guardrails.Absent, "create"
	}
	return c
}

func content() guardrails.Content {
	return guardrails.Content{
		ID: "set-1", Created: now, By: agent, Intent: "publish", Environment: "workspace", Target: "context", TargetVersion: "files/1",
		Population: 100, Changes: []guardrails.Change{change("update", guardrails.Update, "context/feedback/a.md")},
		Envelope: envelope(), Policy: "p1", Contract: "c@1",
	}
}

func seal(t testing.TB, c guardrails.Content) *guardrails.ChangeSet {
	t.Helper()
	s, err := guardrails.Seal(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func grantFor(s *guardrails.ChangeSet) guardrails.Grant {
	return guardrails.Grant{
		ID: "grant-1", Binding: s.Binding(), Approver: ann, Granted: now.Add(-time.Minute), Expires: now.Add(10 * time.Minute), Nonce: "n",
	}
}

func sign(t testing.TB, g guardrails.Grant) *guardrails.Confirmed {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	raw, err := guardrails.SealGrant(g)
	if err != nil {
		t.Fatal(err)
	}
	c, err := guardrails.OpenGrant(raw, ed25519.Sign(key, guardrails.SignedPart(raw)), key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// allowed returns a request that is allowed, for tests to break.
func allowed(t testing.TB, c guardrails.Content) guardrails.Request {
	t.Helper()
	s := seal(t, c)
	g := grantFor(s)
	r := guardrails.Request{
		Set: s, Now: now,
		Used:    guardrails.Used{Known: true, Window: 24 * time.Hour, Per: time.Hour},
		Current: guardrails.Current{Policy: "p1", Contract: "c@1", Environment: "workspace", TargetVersion: "files/1"},
		Proof: guardrails.Proof{
			Set: s.Digest(), TargetVersion: "files/1", Staged: true, Reversed: true,
			At: now.Add(-time.Minute), Expires: now.Add(time.Hour),
		},
	}
	for _, ch := range s.Content().Changes {
		r.Observed = append(r.Observed, ch.Before.Digest)
	}
	if s.Worst().Destructive() {
		g.Typed, g.Second = true, bob
	}
	r.Grant = sign(t, g)
	return r
}

func TestZeroDenies(t *testing.T) {
	if d := guardrails.Evaluate(guardrails.Request{}); d.Allow || len(d.Reasons) == 0 {
		t.Errorf("the zero request: %v", d)
	}
	if d := guardrails.Evaluate(guardrails.Request{Set: &guardrails.ChangeSet{}}); d.Allow {
		t.Error("the zero change set is allowed")
	}
	if (guardrails.Decision{}).Allow {
		t.Error("the zero decision allows")
	}
	if d := guardrails.Evaluate(guardrails.Request{Set: seal(t, content())}); d.Allow || len(d.Reasons) < 5 {
		t.Errorf("a set alone gives %d reasons, want all of them: %v", len(d.Reasons), d)
	}
}

func TestAllowed(t *testing.T) {
	if d := guardrails.Evaluate(allowed(t, content())); !d.Allow {
		t.Error(d)
	}
}

// Each row breaks one thing about a request that is allowed.
func TestEveryDenial(t *testing.T) {
	type cont = guardrails.Content
	type req = guardrails.Request
	tests := []struct {
		name string
		plan func(*cont)
		ask  func(*req)
		want guardrails.Code
	}{
		{"no set", nil, func(r *req) { r.Set = nil }, guardrails.NoChangeSet},
		{"no envelope", func(c *cont) { c.Envelope = guardrails.Envelope{} }, nil, guardrails.NoEnvelope},
		{"another target", func(c *cont) { c.Target = "prod" }, nil, guardrails.NotNamed},
		{"another operation", func(c *cont) { c.Changes[0].Op = "truncate" }, nil, guardrails.NotNamed},
		{"operation in another case", func(c *cont) { c.Changes[0].Op = "Update" }, nil, guardrails.NotNamed},
		{"another folder", func(c *cont) { c.Changes[0].Object = "context/other/a.md" }, nil, guardrails.OutsideFolders},
		{"folder's name as prefix", func(c *cont) { c.Changes[0].Object = "context/feedback2/a.md" }, nil, guardrails.OutsideFolders},
		{"stepping out", func(c *cont) { c.Changes[0].Object = "context/feedback/../x" }, nil, guardrails.OutsideFolders},
		{"unknown effect", func(c *cont) { c.Changes[0].Class = guardrails.Unknown }, nil, guardrails.UnknownEffect},
		{"cascade over the most", func(c *cont) { c.Changes[0].Objects = 11 }, nil, guardrails.TooManyObjects},
		{"unmeasured objects", func(c *cont) { c.Changes[0].Objects = 0 }, nil, guardrails.Unmeasured},
		{"unread before-state", func(c *cont) { c.Changes[0].Before.Digest = "" }, nil, guardrails.Unmeasured},
		{"uncounted target", func(c *cont) { c.Population = -1 }, nil, guardrails.Unmeasured},
		{"one of one is the whole", func(c *cont) { c.Population = 1 }, nil, guardrails.TooLargeShare},
		{"one of none", func(c *cont) { c.Population = 0 }, nil, guardrails.TooLargeShare},
		{"used up before", nil, func(r *req) { r.Used.Counts = []guardrails.Count{{Op: "update", Objects: 10}} }, guardrails.TooManyObjects},
		{"broken count", nil, func(r *req) { r.Used.Counts = []guardrails.Count{{Op: "update", Objects: -1}} }, guardrails.TooManyObjects},
		{"share used before", nil, func(r *req) { r.Used.Touched = 50 }, guardrails.TooLargeShare},
		{"too fast", nil, func(r *req) { r.Used.Recent = 20 }, guardrails.TooFast},
		{"usage not read", nil, func(r *req) { r.Used.Known = false }, guardrails.UsageUnknown},
		{"usage of a shorter window", nil, func(r *req) { r.Used.Window = time.Hour }, guardrails.UsageUnknown},
		{"no window", func(c *cont) { c.Envelope.Window = 0 }, nil, guardrails.UsageUnknown},
		{"money", func(c *cont) { c.Cost.Money = 1_001 }, nil, guardrails.TooMuchMoney},
		{"money not known", func(c *cont) { c.Cost.Money = -1 }, nil, guardrails.TooMuchMoney},
		{"tokens before", nil, func(r *req) { r.Used.Tokens = 1_001 }, guardrails.TooManyTokens},
		{"no stop condition", func(c *cont) { c.Envelope.Stop.After = 0 }, nil, guardrails.NoStopCondition},
		{"secret then send", func(c *cont) {
			c.Envelope.Irreversible = true
			c.Changes[0].Op, c.Changes[0].Class = "send", guardrails.Send
			c.Events = []guardrails.Event{{Step: "read contacts", Class: guardrails.Read, Flags: guardrails.Sensitive}, {Step: "think"}}
		}, nil, guardrails.ForbiddenSequence},
		{"declared sequence", func(c *cont) {
			c.Envelope.Sequences = []guardrails.Sequence{{First: guardrails.Untrusted, Then: guardrails.Update}}
			c.Events = []guardrails.Event{{Step: "read page", Flags: guardrails.Untrusted}}
		}, nil, guardrails.ForbiddenSequence},
		{"tainted deletion", func(c *cont) {
			c.Changes[0] = change("delete", guardrails.Delete, "context/feedback/a.md")
			c.Taint.Untrusted = true
		}, nil, guardrails.TaintedDestruction},
		{"taint told by an event", func(c *cont) {
			c.Changes[0] = change("delete", guardrails.Delete, "context/feedback/a.md")
			c.Events = []guardrails.Event{{Step: "ingest", Flags: guardrails.Untrusted}}
		}, nil, guardrails.TaintedDestruction},
		{"inverse not run", nil, func(r *req) { r.Proof.Reversed = false }, guardrails.Irreversible},
		{"no inverse", func(c *cont) { c.Changes[0].Inverse.Op = "" }, nil, guardrails.Irreversible},
		{"result cannot be read back", func(c *cont) { c.Changes[0].After = "" }, nil, guardrails.Irreversible},
		{"a send is never proven", func(c *cont) { c.Changes[0].Op, c.Changes[0].Class = "send", guardrails.Send }, nil, guardrails.Irreversible},
		{"old proof", nil, func(r *req) { r.Proof.Expires = now }, guardrails.ProofExpired},
		{"proof from the future", nil, func(r *req) { r.Proof.At = now.Add(time.Second) }, guardrails.ProofExpired},
		{"other proof", nil, func(r *req) { r.Proof.Set = "x" }, guardrails.ProofVoid},
		{"proof on another schema", nil, func(r *req) { r.Proof.TargetVersion = "files/0" }, guardrails.ProofVoid},
		{"never staged", nil, func(r *req) { r.Proof = guardrails.Proof{} }, guardrails.NotStaged},
		{"not staged", nil, func(r *req) { r.Proof.Staged = false }, guardrails.NotStaged},
		{"staging diverged", nil, func(r *req) { r.Proof.Diverged = true }, guardrails.Diverged},
		{"drift", nil, func(r *req) { r.Observed[0] = guardrails.Absent }, guardrails.Drift},
		{"not read again", nil, func(r *req) { r.Observed = nil }, guardrails.Drift},
		{"unreadable now", nil, func(r *req) { r.Observed[0] = "" }, guardrails.Drift},
		{"policy", nil, func(r *req) { r.Current.Policy = "p2" }, guardrails.PolicyChanged},
		{"contract", nil, func(r *req) { r.Current.Contract = "c@2" }, guardrails.ContractChanged},
		{"environment", nil, func(r *req) { r.Current.Environment = "production" }, guardrails.EnvironmentChanged},
		{"target version", nil, func(r *req) { r.Current.TargetVersion = "files/2" }, guardrails.TargetChanged},
		{"no grant", nil, func(r *req) { r.Grant = nil }, guardrails.NoGrant},
		{"unsigned grant", nil, func(r *req) { r.Grant = &guardrails.Confirmed{} }, guardrails.NoGrant},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := content()
			if tt.plan != nil {
				tt.plan(&c)
			}
			r := allowed(t, c)
			if tt.ask != nil {
				tt.ask(&r)
			}
			d := guardrails.Evaluate(r)
			if d.Allow || !d.Has(tt.want) {
				t.Errorf("want %s, got %v", tt.want, d)
			}
			for _, reason := range d.Reasons {
				if reason.Message == "" || reason.Mend == "" || reason.Constraint == "" {
					t.Errorf("a reason without words: %+v", reason)
				}
			}
		})
	}
}

func TestGrantIsBoundToEverything(t *testing.T) {
	type grant = guardrails.Grant
	tests := []struct {
		name string
		op   guardrails.Class
		flip func(*grant)
		want guardrails.Code
	}{
		{"set", guardrails.Update, func(g *grant) { g.Binding.Set = "x" }, guardrails.GrantForOther},
		{"before-states", guardrails.Update, func(g *grant) { g.Binding.Before = "x" }, guardrails.GrantForOther},
		{"envelope", guardrails.Update, func(g *grant) { g.Binding.Envelope = "x" }, guardrails.GrantForOther},
		{"policy", guardrails.Update, func(g *grant) { g.Binding.Policy = "x" }, guardrails.GrantForOther},
		{"contract", guardrails.Update, func(g *grant) { g.Binding.Contract = "x" }, guardrails.GrantForOther},
		{"environment", guardrails.Update, func(g *grant) { g.Binding.Environment = "x" }, guardrails.GrantForOther},
		{"target", guardrails.Update, func(g *grant) { g.Binding.Target = "x" }, guardrails.GrantForOther},
		{"target version", guardrails.Update, func(g *grant) { g.Binding.TargetVersion = "x" }, guardrails.GrantForOther},
		{"requester", guardrails.Update, func(g *grant) { g.Binding.Requester = ann }, guardrails.GrantForOther},
		{"expired", guardrails.Update, func(g *grant) { g.Expires = now }, guardrails.GrantExpired},
		{"from the future", guardrails.Update, func(g *grant) { g.Granted = now.Add(1) }, guardrails.GrantExpired},
		{"too long", guardrails.Update, func(g *grant) { g.Expires = g.Granted.Add(16 * time.Minute) }, guardrails.GrantExpired},
		{"never expires", guardrails.Update, func(g *grant) { g.Expires = time.Time{} }, guardrails.GrantExpired},
		{"agent", guardrails.Update, func(g *grant) { g.Approver = guardrails.Principal{ID: "agent:other"} }, guardrails.NotAPerson},
		{"nobody", guardrails.Update, func(g *grant) { g.Approver = guardrails.Principal{Person: true} }, guardrails.NotAPerson},
		{"agent second", guardrails.Delete, func(g *grant) { g.Second = guardrails.Principal{ID: "agent:other"} }, guardrails.NotAPerson},
		{"self", guardrails.Update, func(g *grant) { g.Approver = guardrails.Principal{ID: agent.ID, Person: true} }, guardrails.SelfApproval},
		{"self in solo mode", guardrails.Update, func(g *grant) { g.Solo, g.Approver = true, guardrails.Principal{ID: agent.ID, Person: true} }, guardrails.SelfApproval},
		{"self second", guardrails.Delete, func(g *grant) { g.Second = guardrails.Principal{ID: agent.ID, Person: true} }, guardrails.SelfApproval},
		{"solo where it is not set", guardrails.Update, func(g *grant) { g.Solo = true }, guardrails.SoloNotSet},
		{"deletion, name not typed", guardrails.Delete, func(g *grant) { g.Typed = false }, guardrails.NameNotTyped},
		{"deletion by one", guardrails.Delete, func(g *grant) { g.Second = guardrails.Principal{} }, guardrails.SecondPerson},
		{"deletion by one twice", guardrails.Delete, func(g *grant) { g.Second = g.Approver }, guardrails.SecondPerson},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := content()
			c.Changes[0] = change(tt.op.String(), tt.op, "context/feedback/a.md")
			r := allowed(t, c)
			g, _ := r.Grant.Grant()
			if d := guardrails.Evaluate(r); !d.Allow {
				t.Fatal(d)
			}
			tt.flip(&g)
			r.Grant = sign(t, g)
			if d := guardrails.Evaluate(r); d.Allow || !d.Has(tt.want) {
				t.Errorf("want %s, got %v", tt.want, d)
			}
		})
	}
}

func TestOnePersonWorkspace(t *testing.T) {
	c := content()
	c.By = ann
	r := allowed(t, c)
	r.Solo = true
	g, _ := r.Grant.Grant()
	g.Solo, g.Binding = true, r.Set.Binding()
	r.Grant = sign(t, g)
	if d := guardrails.Evaluate(r); !d.Allow {
		t.Errorf("one person may confirm an own proven update in solo mode: %v", d)
	}
	c.Changes[0] = change("delete", guardrails.Delete, "context/feedback/a.md")
	r = allowed(t, c)
	r.Solo, g.Binding = true, r.Set.Binding()
	r.Grant = sign(t, g)
	if d := guardrails.Evaluate(r); !d.Has(guardrails.NameNotTyped) {
		t.Errorf("solo mode covers a deletion in silence: %v", d)
	}
}

func TestForgedGrant(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pub := key.Public().(ed25519.PublicKey)
	raw, _ := guardrails.SealGrant(grantFor(seal(t, content())))
	sig := ed25519.Sign(key, guardrails.SignedPart(raw))
	for i := range raw {
		bad := append([]byte(nil), raw...)
		bad[i] ^= 1
		if _, err := guardrails.OpenGrant(bad, sig, pub); err == nil {
			t.Fatalf("a grant with byte %d flipped is accepted", i)
		}
	}
	for _, k := range []ed25519.PublicKey{nil, {}, make([]byte, 32)} {
		if _, err := guardrails.OpenGrant(raw, sig, k); err == nil {
			t.Error("another key is accepted")
		}
	}
	if _, err := guardrails.OpenGrant(raw, ed25519.Sign(key, raw), pub); err == nil {
		t.Error("a signature made for something else is accepted")
	}
}

func TestShareIsExact(t *testing.T) {
	// 29 of 100 at 29 %: floating point would refuse it.
	c := content()
	c.Envelope.MostShare, c.Envelope.Allow[1].Most, c.Envelope.Rate.Most = 290_000, 100, 100
	c.Changes = nil
	for i := range 29 {
		c.Changes = append(c.Changes, change("update", guardrails.Update, fmt.Sprintf("context/feedback/%d", i)))
	}
	if d := guardrails.Evaluate(allowed(t, c)); !d.Allow {
		t.Error(d)
	}
	c.Changes = append(c.Changes, change("update", guardrails.Update, "context/feedback/x"))
	if d := guardrails.Evaluate(allowed(t, c)); !d.Has(guardrails.TooLargeShare) || !strings.Contains(d.String(), "the most is 29 %") {
		t.Error(d)
	}
}

func TestCreationsCount(t *testing.T) {
	c := content()
	c.Population, c.Changes = 0, nil
	for i := range 11 {
		c.Changes = append(c.Changes, change("create", guardrails.Create, fmt.Sprintf("context/feedback/%d", i)))
	}
	if d := guardrails.Evaluate(allowed(t, c)); !d.Has(guardrails.TooManyObjects) || d.Has(guardrails.TooLargeShare) {
		t.Error(d)
	}
	c.Changes = c.Changes[:10]
	if d := guardrails.Evaluate(allowed(t, c)); !d.Allow {
		t.Error(d)
	}
}
