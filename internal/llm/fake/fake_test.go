package fake

import (
	"testing"

	"roleos/internal/llm"
)

func TestTheSameQuestionGetsTheSameAnswer(t *testing.T) {
	r := llm.Request{Purpose: "name-themes/1", Schema: []byte(`{"type":"object"}`), Messages: []llm.Message{{
		Role: llm.User, Text: "Name T1, T2.",
		Data: []llm.Block{{ID: "T1.1", Text: "The export hangs when the file is large."}, {ID: "T2.1", Text: ""}},
	}}}
	for _, name := range []string{Helpful, Adversarial} {
		m, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		a, err := m.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := m.Generate(t.Context(), r); a.Text != b.Text || a.Usage.Total() == 0 {
			t.Errorf("%s: %s / %s", name, a.Text, b.Text)
		}
	}
	if _, err := New("gpt"); err == nil {
		t.Error("a model that is none of the two was opened")
	}
}
