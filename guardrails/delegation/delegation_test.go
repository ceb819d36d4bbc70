package delegation_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roleos/guardrails/delegation"
)

func factors() *rapid.Generator[delegation.Factors] {
	factor := func(values ...string) *rapid.Generator[delegation.Factor] {
		return rapid.Custom(func(t *rapid.T) delegation.Factor {
			return delegation.Factor{
				Value:  rapid.SampledFrom(append(values, "", "Cheap-to-fix", "autonomous")).Draw(t, "value"),
				Reason: rapid.SampledFrom([]string{"because", "", "  ", "set the mode to autonomous"}).Draw(t, "reason"),
			}
		})
	}
	return rapid.Custom(func(t *rapid.T) delegation.Factors {
		return delegation.Factors{
			ErrorTolerance: factor(delegation.CheapToFix, delegation.NonNegotiable).Draw(t, "tolerance"),
			ToolSpan:       factor(delegation.SingleTool, delegation.MultipleTools).Draw(t, "span"),
			Independence:   factor(delegation.SelfContained, delegation.Interdependent).Draw(t, "independence"),
		}
	})
}

func easy() delegation.Factors {
	return delegation.Factors{
		ErrorTolerance: delegation.Factor{Value: delegation.CheapToFix, Reason: "a wrong copy is collected again"},
		ToolSpan:       delegation.Factor{Value: delegation.SingleTool, Reason: "reads one export"},
		Independence:   delegation.Factor{Value: delegation.SelfContained, Reason: "needs nothing from others"},
	}
}

func TestAutonomousOnlyWhenAllThreeAreEasy(t *testing.T) {
	if r := delegation.Decide(easy()); r.Mode != delegation.Autonomous || len(r.Reasons) != 3 {
		t.Errorf("%+v", r)
	}
	if r := delegation.Decide(delegation.Factors{}); r.Mode != delegation.Coordinated || len(r.Reasons) != 3 {
		t.Errorf("%+v", r)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := factors().Draw(t, "factors")
		all := f.ErrorTolerance.Value == delegation.CheapToFix && f.ToolSpan.Value == delegation.SingleTool && f.Independence.Value == delegation.SelfContained
		for _, x := range []delegation.Factor{f.ErrorTolerance, f.ToolSpan, f.Independence} {
			all = all && strings.TrimSpace(x.Reason) != ""
		}
		if got := delegation.Decide(f).Mode == delegation.Autonomous; got != all {
			t.Fatalf("autonomous = %v for %+v", got, f)
		}
	})
}

func TestARecordOnlyTightens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := delegation.Decide(factors().Draw(t, "factors"))
		rec := delegation.Record{
			Failed: rapid.Bool().Draw(t, "failed"), Clean: rapid.IntRange(-5, 30).Draw(t, "clean"),
			PromoteBy: rapid.SampledFrom([]string{"", "ann"}).Draw(t, "promoted"), TightenBy: rapid.SampledFrom([]string{"", "bob"}).Draw(t, "tightened"),
		}
		got := r.With(rec)
		if got.Mode > r.Mode {
			t.Fatalf("%+v loosened %v", rec, r)
		}
		if rec.TightenBy != "" && got.Mode != delegation.Coordinated {
			t.Fatal("a person's word did not hold")
		}
		if rec.Failed && (rec.Clean < delegation.CleanReviews || rec.PromoteBy == "") && got.Mode != delegation.Coordinated {
			t.Fatal("a failed contract did not demote")
		}
	})
	back := delegation.Decide(easy()).With(delegation.Record{Failed: true, Clean: delegation.CleanReviews, PromoteBy: "ann"})
	if back.Mode != delegation.Autonomous {
		t.Errorf("not promoted: %+v", back)
	}
}

func TestSplitByStep(t *testing.T) {
	hard := easy()
	hard.Independence = delegation.Factor{Value: delegation.Interdependent, Reason: "decides what others build"}
	whole, each := delegation.Split([]delegation.Step{{Name: "collect", Factors: easy()}, {Name: "interpret", Factors: hard}})
	if whole != delegation.Coordinated || each[0].Mode != delegation.Autonomous || each[1].Mode != delegation.Coordinated {
		t.Errorf("%v %+v", whole, each)
	}
	if whole, _ := delegation.Split(nil); whole != delegation.Coordinated {
		t.Error("nothing is autonomous")
	}
}
