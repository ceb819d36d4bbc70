package policybench_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/cedar-policy/cedar-go"

	"roleos/guardrails"
)

// BenchmarkDecision measures one decision about one change, and one about a set
// of 1,000 changes, by each of the three in the same run.
func BenchmarkDecision(b *testing.B) {
	for _, n := range []int{1, 1_000} {
		b.Run(fmt.Sprintf("guardrails/changes=%d", n), func(b *testing.B) { ours(b, n) })
		b.Run(fmt.Sprintf("cel/changes=%d", n), func(b *testing.B) { withCEL(b, n) })
		b.Run(fmt.Sprintf("cedar/changes=%d", n), func(b *testing.B) { withCedar(b, n) })
	}
}

func object(i int) string { return fmt.Sprintf("context/feedback/%04d.md", i) }

func ours(b *testing.B, n int) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	c := guardrails.Content{
		ID: "set-1", Created: now, By: guardrails.Principal{ID: "agent:feedback-river"}, Intent: "publish",
		Environment: "workspace", Target: "context", TargetVersion: "files/1", Population: 10_000, Policy: "p1", Contract: "c@1",
		Envelope: guardrails.Envelope{
			Allow:  []guardrails.Rule{{Target: "context", Op: "update", Under: []string{"context/feedback"}, Most: 10_000}},
			Window: day, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 10_000, Per: time.Hour}, Stop: guardrails.Stop{After: time.Minute},
		},
	}
	for i := range n {
		c.Changes = append(c.Changes, guardrails.Change{
			Op: "update", Object: object(i), Class: guardrails.Update, Objects: 1, Body: []byte("after"),
			Before: guardrails.State{Digest: guardrails.Digest([]byte("before"))}, After: guardrails.Digest([]byte("after")),
			Inverse: guardrails.Inverse{Op: "update", Body: []byte("before")},
		})
	}
	set, err := guardrails.Seal(c)
	if err != nil {
		b.Fatal(err)
	}
	r := guardrails.Request{ // the zero Phase is the strictest: everything that an apply needs
		Set: set, Now: now, Used: guardrails.Used{Known: true, Window: day, Per: time.Hour},
		Current: guardrails.Current{Policy: "p1", Contract: "c@1", Environment: "workspace", TargetVersion: "files/1"},
		Proof: guardrails.Proof{
			Set: set.Digest(), TargetVersion: "files/1", Staged: true, Reversed: true, At: now.Add(-time.Minute), Expires: now.Add(time.Hour),
		},
		Grant: grant(b, set, now),
	}
	for _, ch := range set.Content().Changes {
		r.Observed = append(r.Observed, ch.Before.Digest)
	}
	if d := guardrails.Evaluate(r); !d.Allow {
		b.Fatal(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !guardrails.Evaluate(r).Allow {
			b.Fatal("denied")
		}
	}
}

func grant(b *testing.B, set *guardrails.ChangeSet, now time.Time) *guardrails.Confirmed {
	b.Helper()
	raw, err := guardrails.SealGrant(guardrails.Grant{
		ID: "grant-1", Binding: set.Binding(), Approver: guardrails.Principal{ID: "person:reader", Person: true},
		Granted: now.Add(-time.Minute), Expires: now.Add(10 * time.Minute), Nonce: "n",
	})
	if err != nil {
		b.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, _ := key.Public().(ed25519.PublicKey)
	c, err := guardrails.OpenGrant(raw, ed25519.Sign(key, guardrails.SignedPart(raw)), public)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func withCEL(b *testing.B, n int) {
	env, err := cel.NewEnv(cel.Variable("op", cel.StringType), cel.Variable("object", cel.StringType), cel.Variable("objects", cel.IntType), cel.Variable("used", cel.IntType))
	if err != nil {
		b.Fatal(err)
	}
	ast, issues := env.Compile(`op == "update" && object.startsWith("context/feedback/") && used + objects <= 10000`)
	if issues.Err() != nil {
		b.Fatal(issues.Err())
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		b.Fatal(err)
	}
	vars := make([]map[string]any, n)
	for i := range vars {
		vars[i] = map[string]any{"op": "update", "object": object(i), "objects": 1, "used": i}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range vars {
			out, _, err := program.Eval(v)
			if err != nil || out.Value() != true {
				b.Fatal(out, err)
			}
		}
	}
}

func withCedar(b *testing.B, n int) {
	const policy = `permit (principal == Agent::"feedback-river", action == Action::"update", resource in Folder::"context/feedback")
when { context.used + context.objects <= 10000 };`
	var p cedar.Policy
	if err := p.UnmarshalCedar([]byte(policy)); err != nil {
		b.Fatal(err)
	}
	set := cedar.NewPolicySet()
	set.Add("publish", &p)
	folder := cedar.NewEntityUID("Folder", "context/feedback")
	entities := cedar.EntityMap{}
	requests := make([]cedar.Request, n)
	for i := range requests {
		file := cedar.NewEntityUID("File", cedar.String(object(i)))
		entities[file] = cedar.Entity{UID: file, Parents: cedar.NewEntityUIDSet(folder)}
		requests[i] = cedar.Request{
			Principal: cedar.NewEntityUID("Agent", "feedback-river"), Action: cedar.NewEntityUID("Action", "update"), Resource: file,
			Context: cedar.NewRecord(cedar.RecordMap{"objects": cedar.Long(1), "used": cedar.Long(i)}),
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range requests {
			if ok, _ := cedar.Authorize(set, entities, r); ok != cedar.Allow {
				b.Fatal("denied")
			}
		}
	}
}
