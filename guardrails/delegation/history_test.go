package delegation_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roleos/guardrails/delegation"
)

func events(kinds ...delegation.Kind) []delegation.Event {
	var out []delegation.Event
	for i, k := range kinds {
		out = append(out, delegation.Event{Kind: k, Draft: fmt.Sprintf("d-%d", i), By: "person:ada", Text: "because", At: time.Unix(int64(i)*86400, 0)})
	}
	return out
}

func times(n int, k delegation.Kind) (out []delegation.Kind) {
	for range n {
		out = append(out, k)
	}
	return out
}

func TestWhatHappenedTightensAndASignatureLoosens(t *testing.T) {
	ten := times(delegation.CleanReviews, delegation.Clean)
	for _, c := range []struct {
		name string
		past []delegation.Kind
		want delegation.Mode
	}{
		{"nothing yet", nil, delegation.Autonomous},
		{"a failed gate", []delegation.Kind{delegation.GateFailed}, delegation.Coordinated},
		{"a reverted change", []delegation.Kind{delegation.Reverted}, delegation.Coordinated},
		{"a bad sample", []delegation.Kind{delegation.SampleBad}, delegation.Coordinated},
		{"an edit by a reviewer alone", []delegation.Kind{delegation.Unclean}, delegation.Autonomous},
		{"clean reviews without a signature", append([]delegation.Kind{delegation.GateFailed}, ten...), delegation.Coordinated},
		{"a signature without clean reviews", []delegation.Kind{delegation.GateFailed, delegation.Clean, delegation.Promoted}, delegation.Coordinated},
		{"both", append(append([]delegation.Kind{delegation.GateFailed}, ten...), delegation.Promoted), delegation.Autonomous},
		{"clean before it failed", append(ten, delegation.GateFailed, delegation.Promoted), delegation.Coordinated},
		{"not in a row", append(append([]delegation.Kind{delegation.GateFailed}, ten[1:]...), delegation.Unclean, delegation.Clean, delegation.Promoted), delegation.Coordinated},
		{"failed again", append(append([]delegation.Kind{delegation.GateFailed}, ten...), delegation.Promoted, delegation.Reverted), delegation.Coordinated},
		{"tightened", []delegation.Kind{delegation.Tightened}, delegation.Coordinated},
		{"and taken back", []delegation.Kind{delegation.Tightened, delegation.Loosened}, delegation.Autonomous},
		{"a promotion does not take a tightening back", append(append([]delegation.Kind{delegation.Tightened, delegation.GateFailed}, ten...), delegation.Promoted), delegation.Coordinated},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := delegation.Decide(easy()).With(delegation.Remember("interpret", events(c.past...))); got.Mode != c.want {
				t.Errorf("%s: %q", got.Mode, got.Reasons)
			}
			hard := delegation.Decide(delegation.Factors{}).With(delegation.Remember("interpret", events(c.past...)))
			if hard.Mode != delegation.Coordinated {
				t.Error("history loosened what the factors do not allow")
			}
		})
	}
}

func TestAnEventOfOneStepIsNotOfAnother(t *testing.T) {
	past := events(delegation.Tightened)
	past[0].Step = "collect"
	if r := delegation.Remember("interpret", past); r.TightenBy != "" {
		t.Errorf("%+v", r)
	}
	if r := delegation.Remember("collect", past); r.TightenBy == "" {
		t.Errorf("%+v", r)
	}
}

func TestASampleIsItsShareAndTheSameForEverybody(t *testing.T) {
	const n = 20_000
	for _, share := range []float64{0, 0.05, 0.2, 1} {
		hit := 0
		for i := range n {
			if delegation.Sampled(fmt.Sprintf("sha256:%d", i), share) {
				hit++
			}
		}
		if got := float64(hit) / n; math.Abs(got-share) > 0.01 {
			t.Errorf("share %v samples %v", share, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		digest := rapid.String().Draw(t, "digest")
		low, high := rapid.Float64Range(0, 1).Draw(t, "low"), rapid.Float64Range(0, 1).Draw(t, "high")
		if low <= high && delegation.Sampled(digest, low) && !delegation.Sampled(digest, high) {
			t.Fatal("a larger share leaves out what a smaller one takes")
		}
	})
}

func TestAModeIsReadAsItIsWritten(t *testing.T) {
	for _, m := range []delegation.Mode{delegation.Coordinated, delegation.Autonomous} {
		var back delegation.Mode
		text, _ := m.MarshalText()
		if err := back.UnmarshalText(text); err != nil || back != m {
			t.Errorf("%s: %s (%v)", text, back, err)
		}
	}
	var m delegation.Mode
	if m.UnmarshalText([]byte("yolo")) == nil {
		t.Error("any word is a mode")
	}
}
