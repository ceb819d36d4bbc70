package gate_test

import (
	"fmt"
	"strings"
	"testing"

	"roleos/contracts/gate"
	"roleos/contracts/schema"
)

func TestReadsAreFoundInTheStructure(t *testing.T) {
	s, err := schema.Parse("form", []byte(form))
	if err != nil {
		t.Fatal(err)
	}
	for cel, want := range map[string]string{
		`draft.n > 3 && draft.text != "x"`:                              "/n /text",
		`draft.rows.all(r, r.v > 0.0)`:                                  "/rows(every) /rows/*/v",
		`draft.rows.exists(r, r.v > 0.0)`:                               "/rows /rows/*/v",
		`draft.rows.filter(r, r.id != "").all(q, q.v > 0.0)`:            "/rows(every) /rows/* /rows/*/id /rows/*/v",
		`draft.rows.map(r, r.id).distinct().size() > 2`:                 "/rows /rows/*/id",
		`draft.rows.all(r, draft.xs.all(r, r > 0.0) && r.id != "")`:     "/rows(every) /rows/*/id /xs(every) /xs/*",
		`has(draft.text) && draft.by["k"] > 0 && draft.words[0] == "a"`: "/by /by/* /text /words /words/*",
		`draft.by.all(k, draft.by[k] > 0)`:                              "/by(every) /by/*",
		`draft.xs.size() > 0`:                                           "/xs",
		`true`:                                                          "",
	} {
		g, err := gate.NewCompiler(s).Compile(gate.Spec{Kind: gate.Automatic, CEL: cel})
		if err != nil {
			t.Errorf("%s: %v", cel, err)
			continue
		}
		var got []string
		for _, r := range g.Reads() {
			at := r.At
			if r.Every {
				at += "(every)"
			}
			got = append(got, at)
		}
		if fmt.Sprint(strings.Join(got, " ")) != want {
			t.Errorf("%s reads %v, want %s", cel, got, want)
		}
	}
	g, err := gate.NewCompiler(s).Compile(gate.Spec{Kind: gate.Automatic, Over: []string{"/rows/*"}, CEL: `it.v > draft.xs[0]`})
	if err != nil || len(g.Reads()) != 4 || !g.Reads()[0].Every {
		t.Errorf("%+v, %v", g.Reads(), err)
	}
}
