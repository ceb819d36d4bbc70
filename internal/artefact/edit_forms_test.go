package artefact

import (
	"strings"
	"testing"
)

func TestCheckEditSaysWhatThereIs(t *testing.T) {
	forms := []string{"focus id=THEME", "drop id=ID text=TEXT"}
	for edit, want := range map[string]string{
		`{"op":"frobnicate"}`:           "focus id=THEME",
		`{"op":"focus","theme":"t-1"}`:  "Write: focus id=THEME",
		`[]`:                            "drop id=ID text=TEXT",
		`{"op":"focus","id":"t-1"}`:     "",
		`{"op":"drop","id":"","by":""}`: "",
	} {
		err := CheckEdit("test", []byte(edit), forms)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to name %q", edit, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "json:") {
			t.Errorf("%s: the refusal %q speaks of the decoder", edit, err)
		}
	}
}
