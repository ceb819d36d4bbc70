package erase_test

import (
	"encoding/json"
	"strings"
	"testing"

	"roleos/internal/erase"
)

// TestWordsBehindEscapesGo: JSON that is part of a text, such as a model's answer
// or a line of a file, holds a record's words with escapes between and in them.
func TestWordsBehindEscapesGo(t *testing.T) {
	const said = "Après ma\nchirurgie à\nSaint Vincent\npersonne n'a\nrappelé chez\nvous, José Peña"
	s := erase.New(notice)
	s.Name("José Peña")
	s.Record("7", said)
	inner, _ := json.Marshal(map[string]string{"answer": said})
	twice, _ := json.Marshal(map[string]string{"text": string(inner)})
	thrice, _ := json.Marshal(map[string]string{"body": string(twice)})
	ascii := `{"text":"{\"answer\": \"Apr\\u00e8s ma\\nchirurgie \\u00e0\\nSaint Vincent\\npersonne n'a\\nrappel\\u00e9 chez\\nvous, Jos\\u00e9 Pe\\u00f1a\"}"}`
	for name, body := range map[string]string{
		"an answer": string(twice), "a fenced answer": "```json\n" + string(inner) + "\n```", "lines": string(inner) + "\n" + string(inner) + "\n",
		"an answer that was kept": string(thrice), "an answer in ASCII": ascii, "a key": `{"by":{"José Peña":3}}`,
	} {
		got, n := s.Bytes([]byte(body))
		for _, word := range []string{"chirurgie", "Vincent", "personne", "rappel", "Jos", "Pe\\u00f1a"} {
			if n == 0 || strings.Contains(string(got), word) {
				t.Errorf("%s still says %s: %s", name, word, got)
				break
			}
		}
	}
}

// TestNamesGoBesideLettersOfChangingLength: İ and Ⱥ are shorter or longer in lower
// case; a name in such a text goes like any other.
func TestNamesGoBesideLettersOfChangingLength(t *testing.T) {
	s := erase.New(notice)
	s.Name("ana.silva@example.org")
	for in, want := range map[string]string{
		"İstanbul: Ana.Silva@Example.org called":  "İstanbul: " + notice + " called",
		"ȺȺ İ Ana.Silva@Example.org, Ⱥ, not Hana": "ȺȺ İ " + notice + ", Ⱥ, not Hana",
	} {
		if got, n := s.Text(in); got != want || n != 1 {
			t.Errorf("%q", got)
		}
	}
}
