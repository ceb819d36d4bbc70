package guardrails_test

import (
	"fmt"
	"testing"

	"roleos/guardrails"
)

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{1, 1_000} {
		c := content()
		c.Envelope.Rate.Most, c.Envelope.Allow[1].Most, c.Population = 10_000, 10_000, 10_000
		c.Changes = nil
		for i := range n {
			c.Changes = append(c.Changes, change("update", guardrails.Update, fmt.Sprintf("context/feedback/%04d.md", i)))
		}
		r := allowed(b, c)
		b.Run(fmt.Sprintf("changes=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := guardrails.Evaluate(r); !d.Allow {
					b.Fatal(d)
				}
			}
		})
	}
}
