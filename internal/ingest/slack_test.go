package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/ingest"
)

// The real export: every message of a person is there with who wrote it and when.
func TestSlackExportIsReadAsAWhole(t *testing.T) {
	dir := shared(t, "slack", "houstondatavis")
	r, err := ingest.Read(t.Context(), []string{filepath.Dir(dir)}, ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sources) != 1 || r.Sources[0].Format != "slack" || r.Sources[0].Name != "houstondatavis" {
		t.Errorf("sources = %+v", r.Sources)
	}
	byID := map[string]evidence.Record{}
	for _, rec := range r.Records {
		byID[rec.ID] = rec
	}
	names, ids := map[string]string{}, map[string]string{}
	var users []struct {
		ID, Name string
		Profile  struct {
			RealName string `json:"real_name"`
		}
	}
	var channels []struct{ ID, Name string }
	for file, into := range map[string]any{"users.json": &users, "channels.json": &channels} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range users {
		if names[u.ID] = u.Profile.RealName; u.Profile.RealName == "" {
			names[u.ID] = u.Name
		}
	}
	for _, c := range channels {
		ids[c.Name] = c.ID
	}
	total, people := 0, 0
	days, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	mark := regexp.MustCompile(`<[^>]*>|&\w+;`)
	for _, day := range days {
		raw, err := os.ReadFile(day)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct{ Subtype, User, Text, TS string }
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		total += len(list)
		channel := filepath.Base(filepath.Dir(day))
		for _, m := range list {
			id := ids[channel] + "/" + m.TS
			if ids[channel] == "" {
				id = channel + "/" + m.TS
			}
			rec, ok := byID[id]
			if m.Subtype == "channel_join" || m.Subtype == "channel_leave" {
				if ok {
					t.Errorf("%s is a record, but %s", id, m.Subtype)
				}
				continue
			}
			if m.Subtype != "" {
				continue
			}
			if people++; !ok {
				t.Errorf("%s is missing: %q", id, m.Text)
				continue
			}
			var sec float64
			fmt.Sscan(m.TS, &sec)
			if rec.Origin.Speaker != names[m.User] || rec.Time.Unix() != int64(sec) || rec.Channel != "slack #"+channel {
				t.Errorf("%s: %s at %s in %s, want %s", id, rec.Origin.Speaker, rec.Time, rec.Channel, names[m.User])
			}
			if !mark.MatchString(m.Text) && original(r, rec) != strings.TrimSpace(m.Text) {
				t.Errorf("%s: %q, want %q", id, rec.Text, m.Text)
			}
		}
	}
	t.Logf("%d entries, %d plain messages, %d records", total, people, len(r.Records))
	if people < 600 || len(r.Records) < people {
		t.Errorf("%d records of %d messages", len(r.Records), people)
	}
	for _, rec := range r.Records {
		if strings.Contains(rec.Text, "<@U") || strings.Contains(rec.Text, "&amp;") {
			t.Errorf("%s still has marks: %q", rec.ID, rec.Text)
		}
	}
}

func slackSample() []string {
	return []string{
		"export/users.json", `[{"id":"U1","name":"ada","profile":{"display_name":"Ada Sample"}},{"id":"U2","name":"bo","real_name":"Bo Sample"},{"id":"B1","name":"bot","is_bot":true}]`,
		"export/channels.json", `[{"id":"C1","name":"general"}]`,
		"export/general/2026-01-05.json", `[
 {"type":"message","subtype":"channel_join","user":"U2","text":"<@U2> has joined the channel","ts":"1767600000.000100"},
 {"type":"message","user":"U1","text":"<@U2|bo> can we have an export &amp; a filter? See <https://example.org/a|the page>","ts":"1767600001.000200","thread_ts":"1767600001.000200","reply_count":1},
 {"type":"message","user":"B1","bot_id":"B9","text":"build green","ts":"1767600002.000100"},
 {"type":"message","user":"U9","user_profile":{"real_name":"Cy Guest"},"text":"me too","ts":"1767600003.000100","edited":{"ts":"1767600009.0"}},
 {"type":"message","user":"U1","text":"old words","ts":"1767600004.000100"},
 {"type":"message","user":"U1","text":"gone soon","ts":"1767600005.000100"},
 {"type":"message","subtype":"message_changed","message":{"type":"message","user":"U1","text":"new words","ts":"1767600004.000100"},"ts":"1767600006.000100"},
 {"type":"message","subtype":"message_deleted","deleted_ts":"1767600005.000100","ts":"1767600007.000100"}]`,
		"export/general/2026-01-06.json", `[{"type":"message","user":"U2","text":"no, in <#C1>: <!here>","ts":"1767690000.000100","thread_ts":"1767600001.000200"},{"type":"message","user":"U2","text":"","files":[{"title":"plan.pdf"}],"ts":"1767690001.000100"}]`,
		"export/general/2026-01-07.json", `[{"broken`,
		"other.csv", small,
	}
}

func TestSlackArchiveThreadsEditsAndNoise(t *testing.T) {
	r := read(t, "export.zip", packed(t, slackSample()...))
	var got []string
	for _, rec := range r.Records {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", rec.ID, rec.Origin.Thread, rec.Origin.Speaker, rec.Text))
	}
	want := []string{
		"C1/1767600001.000200|C1/1767600001.000200|Ada Sample|@Bo Sample can we have an export & a filter? See the page (https://example.org/a)",
		"C1/1767600003.000100||Cy Guest|me too",
		"C1/1767600004.000100||Ada Sample|new words",
		"C1/1767690000.000100|C1/1767600001.000200|Bo Sample|no, in #general: @here",
		"1|||one thing they said", "2|||another thing they said",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for kind, n := range map[string]int{"system_messages": 2, "bot_messages": 1, "no_words": 1, "broken_file": 1} {
		if f := finding(r, kind); f.Count != n {
			t.Errorf("%s = %+v, want %d", kind, f, n)
		}
	}
}

// writeSlack writes an export of n messages over a year in ten channels.
func writeSlack(t testing.TB, dir string, n int) {
	t.Helper()
	put := func(name, text string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var users, channels []string
	for i := range 80 {
		users = append(users, fmt.Sprintf(`{"id":"U%03d","name":"user%d","profile":{"display_name":"Sample Person %d"}}`, i, i, i))
	}
	for i := range 10 {
		channels = append(channels, fmt.Sprintf(`{"id":"C%02d","name":"channel-%d"}`, i, i))
	}
	put("users.json", "["+strings.Join(users, ",")+"]")
	put("channels.json", "["+strings.Join(channels, ",")+"]")
	start := time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC)
	files := map[string][]string{}
	for i := range n {
		at := start.Add(time.Duration(i) * 365 * 24 * time.Hour / time.Duration(n))
		key := fmt.Sprintf("channel-%d/%s.json", i%10, at.Format(time.DateOnly))
		thread := ""
		if i%4 == 0 && i > 40 {
			thread = fmt.Sprintf(`,"thread_ts":"%d.000100"`, at.Unix()-3600)
		}
		files[key] = append(files[key], fmt.Sprintf(`{"client_msg_id":"%d","type":"message","user":"U%03d","text":"<@U%03d> sample message number %d says that the export of report %d takes too long for us &amp; we need it by Friday","ts":"%d.000100"%s,"team":"T1","blocks":[{"type":"rich_text","block_id":"x","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"sample message number %d says that the export takes too long"}]}]}]}`,
			i, i*7%80, i*3%80, i, i%50, at.Unix(), thread, i))
	}
	for name, list := range files {
		put(name, "["+strings.Join(list, ",\n")+"]")
	}
}

// A year of a workspace: time and memory, measured at a tenth unless asked for whole.
func TestAYearOfSlack(t *testing.T) {
	n := 10_000
	if os.Getenv("ROLEOS_TEST_HEAVY") != "" {
		n = 100_000
	}
	dir := t.TempDir()
	writeSlack(t, dir, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	r, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{Redact: true})
	took := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d messages in %s; %d MB kept, %d MB from the system", len(r.Records), took.Round(time.Millisecond), (after.HeapAlloc-before.HeapAlloc)>>20, after.Sys>>20)
	if len(r.Records) != n || took > 20*time.Second || after.Sys > 500<<20 {
		t.Errorf("%d records of %d, %s, %d MB", len(r.Records), n, took, after.Sys>>20)
	}
	runtime.KeepAlive(r)
}
