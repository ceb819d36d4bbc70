package guardrails_test

import (
	"encoding/json"
	"strings"
	"testing"

	"roleos/guardrails"
)

type doc struct {
	Name  string         `json:"name"`
	Deep  *doc           `json:"deep"`
	List  []doc          `json:"list"`
	Count int64          `json:"count"`
	Any   map[string]any `json:"any"`
}

func TestDecodeStrict(t *testing.T) {
	tests := []struct {
		name, in string
		ok       bool
	}{
		{"plain", `{"name":"a","deep":{"count":9007199254740993},"list":[{"name":"b"}],"any":{"A":1,"a":2}}`, true},
		{"another case", `{"Name":"a"}`, false},
		{"another case inside", `{"list":[{"NAME":"a"}]}`, false},
		{"twice", `{"name":"a","name":"b"}`, false},
		{"twice by escape", `{"name":"a","n\u0061me":"b"}`, false},
		{"twice in free part", `{"any":{"x":1,"x":2}}`, false},
		{"twice deep in free part", `{"any":{"x":[{"y":1,"y":2}]}}`, false},
		{"unknown", `{"nam":"a"}`, false},
		{"kelvin sign folds to k", `{"\u212Aey":1}`, false},
		{"something after", `{"name":"a"} {}`, false},
		{"cut off", `{"name":"a"`, false},
		{"empty", ``, false},
		{"not UTF-8", "{\"name\":\"\xff\"}", false},
		{"half a pair", `{"name":"\ud800"}`, false},
		{"other half", `{"name":"\udc00x"}`, false},
		{"wrong pair", `{"name":"\ud800\u0041"}`, false},
		{"a pair", `{"name":"\ud83d\ude00"}`, true},
		{"escaped backslash, then letters", `{"name":"\\ud800"}`, true},
		{"too deep", strings.Repeat(`{"deep":`, 70) + "{}" + strings.Repeat("}", 70), false},
		{"too long", `{"name":"` + strings.Repeat("a", 1000) + `"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d doc
			if err := guardrails.DecodeStrict([]byte(tt.in), 900, &d); (err == nil) != tt.ok {
				t.Errorf("err = %v, want ok = %v", err, tt.ok)
			}
		})
	}
	var d doc
	if err := guardrails.DecodeStrict([]byte(`{"count":9007199254740993}`), 900, &d); err != nil || d.Count != 9007199254740993 {
		t.Errorf("a large integer became %d, %v", d.Count, err)
	}
	for _, v := range []any{nil, doc{}, (*doc)(nil)} {
		if guardrails.DecodeStrict([]byte(`{}`), 10, v) == nil {
			t.Errorf("decodes into %T", v)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*guardrails.Content)
	}{
		{"no changes", func(c *guardrails.Content) { c.Changes = nil }},
		{"too many", func(c *guardrails.Content) { c.Changes = make([]guardrails.Change, guardrails.MaxChanges+1) }},
		{"one object twice", func(c *guardrails.Content) { c.Changes = append(c.Changes, c.Changes[0]) }},
		{"no requester", func(c *guardrails.Content) { c.By.ID = "" }},
		{"two rules for one operation", func(c *guardrails.Content) { c.Envelope.Allow = append(c.Envelope.Allow, c.Envelope.Allow[0]) }},
		{"a share above the whole", func(c *guardrails.Content) { c.Envelope.MostShare = guardrails.Million + 1 }},
		{"a negative window", func(c *guardrails.Content) { c.Envelope.Window = -1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := content()
			tt.edit(&c)
			if _, err := guardrails.Seal(c); err == nil {
				t.Error("sealed")
			}
		})
	}
}

func TestHoldersOfTheContentCannotEditTheSet(t *testing.T) {
	c := content()
	s := seal(t, c)
	c.Changes[0].Object = "context/feedback/evil.md"
	s.Bytes()[0] = 'x'
	if got := s.Content().Changes[0].Object; got != "context/feedback/a.md" {
		t.Errorf("the set now writes %s", got)
	}
	if guardrails.Digest(s.Bytes()) != s.Digest() {
		t.Error("the name is not the digest of the bytes")
	}
}

// Whatever is accepted says the same to encoding/json, and opening never panics.
func FuzzOpen(f *testing.F) {
	f.Add(seal(f, content()).Bytes())
	f.Add([]byte(`{"schema":"roleos/changeset/v1"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := guardrails.Open(in)
		if err != nil {
			return
		}
		var c guardrails.Content
		if err := json.Unmarshal(in, &c); err != nil {
			t.Fatal(err)
		}
		if guardrails.Evaluate(guardrails.Request{Set: s}).Allow {
			t.Fatal("allowed without a grant")
		}
	})
}
