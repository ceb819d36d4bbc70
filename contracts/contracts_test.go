package contracts_test

import (
	"testing"

	"roleos/contracts"
)

func synthesis(t testing.TB) *contracts.HandoffContract {
	t.Helper()
	c, err := contracts.Default().Get("feedback-synthesis")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryEmbeddedContractIsAccepted(t *testing.T) {
	set := contracts.Default()
	ids, err := set.IDs()
	if err != nil || len(ids) == 0 {
		t.Fatalf("IDs = %v, %v", ids, err)
	}
	for _, id := range ids {
		c, err := set.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range contracts.Lint(t.Context(), c) {
			t.Errorf("%s", f)
		}
	}
}
