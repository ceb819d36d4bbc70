package contracts_test

import (
	"slices"
	"strings"
	"testing"

	"roleos/contracts"
)

const three = "  - {id: three, says: Three., kind: automatic, cel: draft.points.size() >= 3, mend: m, passes_on: good.yaml, fails_on: two.yaml}\n"

// Each change to a contract, what it breaks, and how far the version has to move.
func TestWhatANewVersionBreaks(t *testing.T) {
	old := strings.Replace(noteHead, "gates:", "sla: [{on: published, expect: acknowledged, within: 24h, then: escalate}]\ngates:", 1) + three +
		"  - {id: light, says: Light., kind: threshold, over: [/points/*/weight], at_most: 5, mend: m, passes_on: good.yaml, fails_on: heavy.yaml}\n"
	for name, x := range map[string]struct {
		from, to string // in the contract, or in the schema when it holds a quote
		effects  []contracts.Effect
		where    string
		asks     contracts.Bump
	}{
		"nothing":            {"kind: HandoffContract", "kind: HandoffContract", nil, "", contracts.NoBump},
		"wording":            {"says: Three.", "says: At least three.", []contracts.Effect{contracts.Words}, "gate three", contracts.Patch},
		"white space":        {"draft.points.size() >= 3", "'draft.points.size()  >=  3'", nil, "", contracts.NoBump},
		"stricter check":     {">= 3", ">= 4", []contracts.Effect{contracts.Rejects}, "gate three", contracts.Major},
		"looser check":       {">= 3", ">= 2", []contracts.Effect{contracts.Accepts}, "gate three", contracts.Major},
		"untold check":       {"draft.points.size() >= 3", "'draft.points.map(p, p.record).size() > 2'", []contracts.Effect{contracts.Rejects, contracts.Accepts}, "gate three", contracts.Major},
		"stricter bound":     {"at_most: 5", "at_most: 4", []contracts.Effect{contracts.Rejects}, "gate light", contracts.Major},
		"looser bound":       {"at_most: 5", "at_most: 9", []contracts.Effect{contracts.Accepts}, "gate light", contracts.Major},
		"another bound":      {"at_most: 5", "at_most: 5, at_least: 1", []contracts.Effect{contracts.Rejects}, "gate light", contracts.Major},
		"gate gone":          {three, "", []contracts.Effect{contracts.Accepts}, "gate three", contracts.Major},
		"gate new":           {three, three + strings.Replace(three, "id: three", "id: third", 1), []contracts.Effect{contracts.Rejects}, "gate third", contracts.Major},
		"warning new":        {three, three + strings.Replace(three, "id: three", "enforcement: warn, id: third", 1), []contracts.Effect{contracts.Adds}, "gate third", contracts.Minor},
		"no longer stops":    {"{id: three,", "{id: three, enforcement: warn,", []contracts.Effect{contracts.Accepts}, "gate three", contracts.Major},
		"to somebody else":   {"to: {role: architect", "to: {role: qa", []contracts.Effect{contracts.Moves}, "to", contracts.Major},
		"slower clock":       {"within: 24h", "within: 48h", []contracts.Effect{contracts.Adds}, "clock published to acknowledged", contracts.Minor},
		"another owner":      {"workflow_owner: pm", "workflow_owner: qa", []contracts.Effect{contracts.Adds}, "governance", contracts.Minor},
		"field asked for":    {`"required":["record","weight","counts"]`, `"required":["record","weight","counts","share"]`, []contracts.Effect{contracts.Rejects}, "schema /points/*/share", contracts.Major},
		"field let off":      {`"required":["title","points","due"]`, `"required":["title","points"]`, []contracts.Effect{contracts.Accepts}, "schema /due", contracts.Major},
		"field that may be":  {`"title":{"type":"string"}`, `"title":{"type":"string"},"why":{"type":"string"}`, []contracts.Effect{contracts.Adds}, "schema /why", contracts.Minor},
		"field gone":         {`,"share":{"type":"number"}`, ``, []contracts.Effect{contracts.Rejects}, "schema /points/*/share", contracts.Major},
		"wider number":       {`"weight":{"type":"integer"}`, `"weight":{"type":"number"}`, []contracts.Effect{contracts.Accepts}, "schema /points/*/weight", contracts.Major},
		"other type":         {`"title":{"type":"string"}`, `"title":{"type":["string","null"]}`, []contracts.Effect{contracts.Accepts}, "schema /title", contracts.Major},
		"shorter text":       {`"title":{"type":"string"}`, `"title":{"type":"string","maxLength":80}`, []contracts.Effect{contracts.Rejects}, "schema /title", contracts.Major},
		"fewer values":       {`"record":{"type":"string"}`, `"record":{"type":"string","enum":["a","b"]}`, []contracts.Effect{contracts.Rejects}, "schema /points/*/record", contracts.Major},
		"further fields":     {`"type":"object","additionalProperties":false,"required":["title"`, `"type":"object","required":["title"`, []contracts.Effect{contracts.Accepts}, "schema ", contracts.Major},
		"a word on a field":  {`"title":{"type":"string"}`, `"title":{"type":"string","description":"in a line"}`, nil, "", contracts.NoBump},
		"what it cannot say": {`"title":{"type":"string"}`, `"title":{"type":"string","not":{"const":"x"}}`, []contracts.Effect{contracts.Rejects}, "schema /title", contracts.Major},
	} {
		read := func(yaml, schema string) *contracts.HandoffContract {
			files := workspace(yaml)
			files["schema/note.json"].Data = []byte(schema)
			files["heavy.yaml"] = files["two.yaml"]
			c, err := contracts.Default().With(files).Get("note")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return c
		}
		yaml, schema := strings.Replace(old, x.from, x.to, 1), strings.Replace(noteSchema, x.from, x.to, 1)
		if yaml == old && schema == noteSchema && x.from != x.to {
			t.Fatalf("%s changes nothing", name)
		}
		d := contracts.Compare(t.Context(), read(old, noteSchema), read(yaml, schema))
		i := slices.IndexFunc(d.Differences, func(d contracts.Difference) bool { return d.Where == x.where })
		switch {
		case x.where == "" && len(d.Differences) > 0:
			t.Errorf("%s: %+v", name, d.Differences)
		case x.where != "" && (i < 0 || len(d.Differences[i].Effects) != len(x.effects)):
			t.Errorf("%s: %+v", name, d.Differences)
		case x.where != "":
			for _, e := range x.effects {
				if !slices.Contains(d.Differences[i].Effects, e) {
					t.Errorf("%s: %+v, want %v", name, d.Differences[i], x.effects)
				}
			}
		}
		if d.Asks != x.asks || d.Enough() != (x.asks == contracts.NoBump) {
			t.Errorf("%s: asks for %s, enough %v", name, d.Asks, d.Enough())
		}
	}
}

func TestWhatIsCarriedAndAttestedIsCompared(t *testing.T) {
	read := func(yaml string) *contracts.HandoffContract {
		c, err := contracts.Default().With(plans(yaml)).Get("plan")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, x := range []struct {
		from, to string
		effects  []contracts.Effect
	}{
		{"items: [constraints]", "items: [constraints, tags]", []contracts.Effect{contracts.Rejects}},
		{", same: {constraints: [text]}", "", []contracts.Effect{contracts.Accepts}},
		{"by: role:portfolio-owner", "by: role:leadership", []contracts.Effect{contracts.Rejects, contracts.Accepts}},
	} {
		d := contracts.Compare(t.Context(), read(plan), read(strings.Replace(plan, x.from, x.to, 1)))
		if b := d.Breaking(); len(b) == 0 || !slices.Equal(b[0].Effects, x.effects) {
			t.Errorf("%s: %+v", x.to, d.Differences)
		}
	}
}

func TestVersionsMove(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"1.0.0", "2.0.0"}: true, {"1.4.2", "2.0.0"}: true, {"1.0.0", "1.1.0"}: false, {"1.0.0", "1.0.1"}: false, {"2.0.0", "1.9.9"}: false,
		{"0.1.0", "0.2.0"}: true, {"0.1.0", "0.1.1"}: false, {"1.0.0", "1.0.0"}: false,
	} {
		read := func(version, yaml string) *contracts.HandoffContract {
			files := workspace(strings.Replace(yaml, "1.0.0", version, 1))
			c, err := contracts.Default().With(files).Get("note")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		d := contracts.Compare(t.Context(), read(pair[0], noteHead+three), read(pair[1], noteHead))
		if d.Enough() != want {
			t.Errorf("%v: enough %v, asks for %s, got %s", pair, d.Enough(), d.Asks, d.Got)
		}
	}
}
