package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"roleos/internal/fault"
)

func TestEveryKindHasItsOwnNameAndAnExitCode(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if seen[k.String()] {
			t.Errorf("kind %d repeats the name %q", k, k)
		}
		seen[k.String()] = true
		if c := k.ExitCode(); c < 1 || c > 3 {
			t.Errorf("%s: exit code %d, want 1 to 3", k, c)
		}
		if s := k.HTTPStatus(); s < 400 {
			t.Errorf("%s: status %d, want an error status", k, s)
		}
	}
}

func TestKindSurvivesWrapping(t *testing.T) {
	e := fault.New(fault.Stale, "change.apply", "object moved").WithMend("plan again")
	err := fmt.Errorf("apply: %w", e)
	if got := fault.KindOf(err); got != fault.Stale {
		t.Errorf("KindOf = %s, want stale", got)
	}
	if got, want := err.Error(), "apply: object moved\nplan again"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if fault.KindOf(errors.New("x")) != fault.Internal {
		t.Error("a foreign error must count as internal")
	}
}
