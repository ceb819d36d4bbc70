package chat_test

import (
	"strings"
	"testing"

	"roleos/internal/ingest/chat"
	"roleos/internal/ingest/talk"
)

func TestRootFindsTheExport(t *testing.T) {
	for _, c := range []struct {
		names string
		root  string
		ok    bool
	}{
		{"users.json general/2026-01-05.json", "", true},
		{"x/users.json x/general/2026-01-05.json y.csv", "x", true},
		{"users.json feedback.json", "", false},
		{"general/2026-01-05.json", "", false},
		{"users.json x/general/2026-01-05.json", "", false},
		{"users.json general/2026-1-5.json", "", false},
	} {
		if root, ok := chat.Root(strings.Fields(c.names)); root != c.root || ok != c.ok {
			t.Errorf("Root(%s) = %q, %v", c.names, root, ok)
		}
	}
}

// FuzzRead asks that a day's file of any content is read or left out, and that ids stay apart.
func FuzzRead(f *testing.F) {
	f.Add(`[{"type":"message","user":"U1","text":"<@U1|a> &amp; <http://x|y> <","ts":"1767600001.000200","thread_ts":"1"}]`)
	f.Add(`[{"subtype":"message_changed","message":{"ts":"1"}},{"subtype":"message_deleted","deleted_ts":"1"},{"subtype":"file_comment","comment":{"comment":"x"},"ts":"99999"}]`)
	f.Add(`[{"text":"<!date^1^x|y> <#C> <!subteam^S|@g> <mailto:a@b|> <>","user":"U","ts":"1.2"}]`)
	f.Fuzz(func(t *testing.T, day string) {
		got, err := chat.Read(t.Context(), chat.Export{
			Names: []string{"users.json", "c/2026-01-05.json"},
			Open: func(name string) (string, error) {
				if name == "users.json" {
					return `[{"id":"U1","name":"ada"}]`, nil
				}
				return day, nil
			},
		}, talk.Limits{Items: 1000})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range got.Records {
			if seen[r.ID] || r.Text == "" || r.Time.IsZero() {
				t.Fatalf("record %+v", r)
			}
			seen[r.ID] = true
		}
	})
}
