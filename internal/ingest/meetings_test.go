package ingest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"roleos/internal/evidence"
	"roleos/internal/ingest"
)

func sharedFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(t), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("SKIPPED: no files %s beside the module", pattern)
	}
	return files
}

func readFile(t *testing.T, path string) (string, *ingest.Result) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ingest.Read(t.Context(), []string{path}, ingest.Options{Redact: true})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), r
}

// original returns a record's text before masking.
func original(r *ingest.Result, rec evidence.Record) string {
	if s, ok := r.Originals[rec.ID]; ok {
		return s
	}
	return rec.Text
}

// Every turn of every QMSum meeting is there under its position, with its speaker and its text.
func TestQMSumMeetingsAreReadTurnByTurn(t *testing.T) {
	meetings, turns := 0, 0
	for _, path := range append(sharedFiles(t, "meetings/qmsum_val/*.json"), sharedFiles(t, "meetings/qmsum_train_disagree/*.json")...) {
		raw, r := readFile(t, path)
		var doc struct {
			Turns []struct{ Speaker, Content string } `json:"meeting_transcripts"`
		}
		if err := json.Unmarshal([]byte(raw), &doc); err != nil {
			t.Fatal(err)
		}
		meetings++
		byTurn := map[int]evidence.Record{}
		for _, rec := range r.Records {
			byTurn[rec.Origin.Turn] = rec
		}
		rawLines := strings.Split(raw, "\n")
		for i, want := range doc.Turns {
			rec, ok := byTurn[i+1]
			if !ok {
				if regexp.MustCompile(`[\pL\pN]`).MatchString(want.Content) {
					t.Errorf("%s: turn %d %q is missing", path, i+1, want.Content)
				}
				continue
			}
			turns++
			if original(r, rec) != strings.TrimSpace(want.Content) || rec.Origin.Speaker != strings.TrimSpace(want.Speaker) {
				t.Errorf("%s turn %d: %s: %q, want %s: %q", path, i+1, rec.Origin.Speaker, rec.Text, want.Speaker, want.Content)
			}
			if !strings.Contains(rawLines[rec.Origin.Line-1], "{") {
				t.Errorf("%s turn %d is not on line %d", path, i+1, rec.Origin.Line)
			}
		}
	}
	t.Logf("%d meetings, %d turns", meetings, turns)
}

// Every cue of Zoom's transcripts is in the turn that its time falls into, under its speaker.
func TestZoomTranscriptsKeepSpeakersTimesAndWords(t *testing.T) {
	form := regexp.MustCompile(`(?m)^(\d\d:\d\d:\d\d)\.\d{3} --> (\d\d:\d\d:\d\d)\.\d{3}\n(.+)$`)
	cues, turns := 0, 0
	for _, path := range sharedFiles(t, "meetings/zoom_calls/*/transcript*.vtt") {
		raw, r := readFile(t, path)
		k, rest := 0, ""
		turns += len(r.Records)
		for _, m := range form.FindAllStringSubmatch(raw, -1) {
			cues++
			speaker, said, ok := strings.Cut(m[3], ": ")
			if !ok {
				t.Fatalf("%s: a cue without a speaker: %q", path, m[3])
			}
			if rest == "" {
				rec := r.Records[k]
				k++
				if rec.Origin.Speaker != speaker || rec.Fields[0].Value != m[1] {
					t.Fatalf("%s: turn %d is by %s at %s, want %s at %s", path, rec.Origin.Turn, rec.Origin.Speaker, rec.Fields[0].Value, speaker, m[1])
				}
				rest = original(r, rec)
			}
			said = strings.Join(strings.Fields(said), " ")
			if !strings.HasPrefix(rest, said) || r.Records[k-1].Origin.Speaker != speaker {
				t.Fatalf("%s at %s: %q is not where it was said: %q", path, m[1], said, rest)
			}
			if rest = strings.TrimPrefix(strings.TrimPrefix(rest, said), " "); rest == "" && r.Records[k-1].Fields[1].Value < m[1] {
				t.Fatalf("%s: turn %d ends at %s, before its last cue begins", path, k, r.Records[k-1].Fields[1].Value)
			}
		}
		if k != len(r.Records) || rest != "" {
			t.Errorf("%s: %d of %d turns are accounted for", path, k, len(r.Records))
		}
	}
	t.Logf("%d cues in %d turns", cues, turns)
}

// Every speaker turn of the verbatim notes is a turn, in order and word for word.
func TestVerbatimNotesAreReadTurnByTurn(t *testing.T) {
	form := regexp.MustCompile(`(?m)^\*\*([^*\n]*\pL[^*\n]*)\*\* ?- *(.*)$`)
	for _, path := range sharedFiles(t, "meetings/acd_verbatim/*.input.md") {
		raw, r := readFile(t, path)
		var got []evidence.Record
		for _, rec := range r.Records {
			if rec.Origin.Kind == "turn" {
				got = append(got, rec)
			}
		}
		want := form.FindAllStringSubmatch(raw, -1)
		if len(got) != len(want) {
			t.Errorf("%s: %d turns, want %d", path, len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if got[i].Origin.Speaker != strings.TrimSpace(want[i][1]) || !strings.HasPrefix(original(r, got[i]), strings.TrimSpace(want[i][2])) {
				t.Fatalf("%s: turn %d is %s: %.60q, want %s: %.60q", path, i+1, got[i].Origin.Speaker, got[i].Text, want[i][1], want[i][2])
			}
			if got[i].Time.IsZero() || got[i].Origin.Turn != i+1 {
				t.Errorf("%s: turn %d has no date or number %d", path, i+1, got[i].Origin.Turn)
			}
		}
		t.Logf("%s: %d turns", filepath.Base(path), len(got))
	}
}

// What people wrote in the notes is all there: every line with words is in a
// record, or is a heading, a date or a time of the recording.
func TestNotesLoseNoLine(t *testing.T) {
	skip := regexp.MustCompile(`(?i)^\s*(#|$|[^\pL\pN]*$|(\W*(timestamp|video)\W.*\d:\d\d))|^[^\pL]*\d+:\d\d[^\pL]*$|^[\w .|]{0,30}\[\d+:\d\d`)
	for _, path := range append(sharedFiles(t, "meetings/acd_notes/*.input.md"), sharedFiles(t, "meetings/acd_verbatim/*.input.md")...) {
		raw, r := readFile(t, path)
		var all strings.Builder
		for _, rec := range r.Records {
			all.WriteString(rec.Origin.Speaker + ": " + strings.ReplaceAll(original(r, rec), "\r\n", "\n") + "\n")
		}
		text := strings.Join(strings.Fields(all.String()), " ")
		for i, line := range strings.Split(raw, "\n") {
			words := regexp.MustCompile(`^\s*([-*+]|\d+[.)])\s+|^\*\*[^*]+\*\*:?\s*-?\s*`).ReplaceAllString(line, "")
			words = regexp.MustCompile(`^\*\*[^*]+\*\*:?\s*-?\s*`).ReplaceAllString(words, "")
			words = strings.TrimSpace(words)
			if !skip.MatchString(line) && !strings.Contains(text, strings.Join(strings.Fields(words), " ")) {
				t.Errorf("%s:%d is in no record: %q", filepath.Base(path), i+1, line)
			}
		}
	}
}

func TestTwoVersionsOfOneMeetingAreNoticed(t *testing.T) {
	dir := filepath.Dir(sharedFiles(t, "meetings/zoom_calls/*/transcript.vtt")[0])
	r, err := ingest.Read(t.Context(), []string{filepath.Join(dir, "transcript.vtt"), filepath.Join(dir, "transcript_corrected.vtt"), filepath.Join(dir, "chat.txt")}, ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	if f := finding(r, "same_meeting"); f.Count != 1 || f.Severity != "warning" {
		t.Errorf("finding = %+v", f)
	}
	ids := map[string]bool{}
	for _, rec := range r.Records {
		if ids[rec.ID] {
			t.Errorf("id %s twice", rec.ID)
		}
		ids[rec.ID] = true
	}
}
