package budget

import (
	"testing"

	"pgregory.net/rapid"

	"roleos/internal/llm"
)

func TestPricesRoundUpAndUnknownIsNotNothing(t *testing.T) {
	var unknown *Price
	if n, ok := unknown.Micros(llm.Usage{Input: 10}); ok || n != 0 {
		t.Error(n, ok)
	}
	p := &Price{Input: 0.25, Output: 2}
	if n, ok := p.Micros(llm.Usage{Input: 3, Output: 1}); !ok || n != 3 { // 0.75 + 2
		t.Error(n, ok)
	}
}

func TestALimitSaysWhatItIs(t *testing.T) {
	a := Account{Name: "run:7", Limit: Spend{Micros: 1_500_000}}
	over := a.Fits(Spend{Micros: 1_400_000}, Spend{Micros: 50_000}, Spend{Micros: 90_000})
	if over == nil || !over.Waits() {
		t.Fatal(over)
	}
	want := "the limit of 1.5000 of cost run:7 is reached: 1.4000 used, 0.0500 reserved, 0.0900 more needed"
	if got := over.Error(); got != want {
		t.Errorf("%s", got)
	}
}

func TestEstimatesNeverFallBelowAThird(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if n := Estimate(s); n*3 < len(s) || n > len(s)+1 {
			t.Fatalf("%d for %d bytes", n, len(s))
		}
	})
}
