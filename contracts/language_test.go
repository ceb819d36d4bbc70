package contracts_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"roleos/contracts"
	"roleos/contracts/schema"
	"roleos/internal/fault"
)

// note is a small artefact of a workspace's own.
const noteSchema = `{"type":"object","additionalProperties":false,"required":["title","points","due"],"properties":{
 "title":{"type":"string"},"due":{"type":"string","format":"date-time"},
 "points":{"type":"array","items":{"$ref":"#/$defs/point"}}},
 "$defs":{"point":{"type":"object","additionalProperties":false,"required":["record","weight","counts"],"properties":{
  "record":{"type":"string"},"weight":{"type":"integer"},"counts":{"type":"array","items":{"type":"integer"}},"share":{"type":"number"}}}}}`

const noteHead = `kind: HandoffContract
id: note
version: 1.0.0
purpose: A note.
from: {role: pm, stage: discover}
to: {role: architect, stage: decide}
governance: {workflow_owner: pm, source_of_truth: context/notes, service_level: a day, audit_trail: log}
schema: schema/note.json
gates:
  - {id: schema, says: It is a note., kind: automatic, check: schema, mend: Write a note., passes_on: good.yaml, fails_on: misshapen.yaml}
`

func workspace(contract string) fstest.MapFS {
	return fstest.MapFS{
		"note.yaml":        {Data: []byte(contract)},
		"schema/note.json": {Data: []byte(noteSchema)},
		"good.yaml": {Data: []byte(`kind: Example
says: A note with three points from two records.
records: [{id: a, text: one}, {id: b, text: two}]
draft: {title: N, due: "2026-03-02T09:00:00Z", points: [{record: a, weight: 1, counts: [1, 2]}, {record: b, weight: 2, counts: [0], share: 0.5}, {record: a, weight: 3, counts: []}]}
`)},
		"misshapen.yaml": {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /title}]\n")},
		"two.yaml":       {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /points/2}]\n")},
		"none.yaml":      {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: replace, path: /points, value: []}]\n")},
	}
}

func TestExpressionsAreTypedByTheSchema(t *testing.T) {
	for cel, want := range map[string]string{
		`draft.points.size() >= 3 && draft.points.map(e, e.record).distinct().size() >= 2`: "",
		`draft.points.size() > 2.5`:                   "", // numbers compare across types
		`draft.points.map(p, p.weight).sum().near(6)`: "passes",
		`draft.points.exists(p, has(p.share) && p.share * 2.0 == 1.0) && draft.points.size() == 3`:    "",
		`draft.points.map(p, p.counts).flatten().map(n, n + 1).size() > 2 && draft.points.size() > 2`: "",
		`draft.due > timestamp("2026-01-01T00:00:00Z") && draft.points.size() > 2`:                    "",
		`draft.points.size() >= 3 && draft.titel != ""`:                                               `11:38: error: gate three: it does not compile: undefined field 'titel'; did you mean "title"?`,
		`draft.points.all(p, p.weigth > 0)`:                                                           `did you mean "weight"?`,
		`draft.points.size()`:                                                                         "cel has to be bool, it is int",
		`draft.title > 3`:                                                                             "no matching overload",
		`draft.points.all(p, p.share > 0.1)`:                                                          `leaves out "share"; ask has(...) first`,
		`true`:                                                                                        "nothing shows that the gate can fail",
		`draft.points.all(p, p.weight > 0)`:                                                           "nothing shows that the gate can fail",
		`draft.points.map(a, draft.points.map(b, draft.points.map(c, c.weight).sum()).sum()).sum() < 1.0 &&`: "Syntax error",
		`draft.nosuchfunction()`: "there is no function nosuchfunction()",
	} {
		yaml := noteHead + "  - id: three\n    cel: " + quote(cel) + "\n    says: At least 3 points.\n    kind: automatic\n    mend: Add points.\n    passes_on: good.yaml\n    fails_on: two.yaml\n"
		if strings.HasPrefix(cel, "draft.points.size() >= 3 && draft.titel") {
			yaml = strings.Replace(yaml, quote(cel), cel, 1) // the column in a plain scalar
			want = strings.Replace(want, "11:38", "12:43", 1)
		}
		c, err := contracts.Default().With(workspace(yaml)).Get("note@1.0.0")
		if err != nil {
			t.Errorf("%s: %v", cel, err)
			continue
		}
		findings := contracts.Lint(t.Context(), c)
		if want == "passes" {
			want = ""
		}
		switch {
		case want == "" && len(findings) > 0:
			t.Errorf("%s: %s", cel, findings[0])
		case want != "" && (len(findings) == 0 || !strings.Contains(findings[0].String(), want)):
			t.Errorf("%s: %v\nwant %s", cel, findings, want)
		}
	}
}

func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func TestContractsAreReadStrictly(t *testing.T) {
	gate := func(s string) string {
		return noteHead + "  - {id: g, says: s, mend: m, passes_on: good.yaml, fails_on: two.yaml, " + s + "}\n"
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"unknown key":       {strings.Replace(noteHead, "purpose:", "purpos:", 1), "note.yaml:4:1: unknown field \"purpos\"\n     3 | version: 1.0.0\n     4 | purpos: A note.\n       | ^"},
		"duplicate key":     {strings.Replace(noteHead, "purpose: A note.", "purpose: A\npurpose: B", 1), "note.yaml:5:1: mapping key \"purpose\" already defined"},
		"wrong type":        {strings.Replace(noteHead, "purpose: A note.", "purpose: [a]", 1), "note.yaml:4:10: "},
		"nearly a key":      {strings.Replace(noteHead, "purpose:", "purpos:", 1), `Did you mean "purpose"?`},
		"colon in a text":   {strings.Replace(noteHead, "purpose: A note.", "purpose: A note: this.", 1), "A text with a colon in it goes into quotes"},
		"tab":               {strings.Replace(noteHead, "gates:\n", "gates:\n\t- x\n", 1), "Indent with spaces"},
		"negation as a tag": {strings.Replace(noteHead, "purpose: A note.", "purpose: !x", 1), "A text that begins with !, & or * goes into quotes"},
		"two documents":     {noteHead + "---\nkind: x\n", "note.yaml:12:1: a second document"},
		"alias":             {strings.Replace(noteHead, "purpose: A note.", "purpose: &x A", 1), "note.yaml:4:10: anchors, aliases and tags are not read"},
		"tag":               {strings.Replace(noteHead, "gates:", "gates: ! #\nx:", 1), "note.yaml:9:8: anchors, aliases and tags are not read"},
		"not YAML":          {"kind: [", "note.yaml:1:7: "},
		"empty":             {"", "note.yaml:1:1: the file has to hold keys and values"},
		"other kind":        {strings.Replace(noteHead, "HandoffContract", "Contract", 1), `note.yaml:1:7: kind is "Contract", expected HandoffContract`},
		"version":           {strings.Replace(noteHead, "1.0.0", "1.0", 1), `note.yaml:3:10: version is "1", expected a semantic version`},
		"file name":         {strings.Replace(noteHead, "id: note", "id: memo", 1), "the file of contract memo is called memo.yaml"},
		"stage":             {strings.Replace(noteHead, "stage: decide", "stage: dream", 1), `to has the stage "dream"; there are discover, decide`},
		"governance":        {strings.Replace(noteHead, "workflow_owner: pm, ", "", 1), "governance has no workflow_owner"},
		"schema path":       {strings.Replace(noteHead, "schema/note.json", "../../etc/passwd", 1), "expected a path below the contracts folder"},
		"schema missing":    {strings.Replace(noteHead, "schema/note.json", "schema/nope.json", 1), "there is no file schema/nope.json"},
		"no schema gate":    {strings.Replace(noteHead, "check: schema", "cel: 'true'", 1), "note.yaml:10:6: gate schema: the first gate has to be"},
		"id twice":          {gate("kind: automatic, cel: 'true'") + "  - {id: g, says: s, mend: m, passes_on: a, fails_on: b, kind: automatic, cel: 'true'}\n", "note.yaml:12:10: gate g: the id is taken"},
		"no example":        {strings.Replace(gate("kind: automatic, cel: 'true'"), "fails_on: two.yaml, ", "", 1), "passes_on and fails_on are needed"},
		"enforcement":       {gate("kind: automatic, cel: 'true', enforcement: maybe"), `enforcement is "maybe"; there are deny, warn and audit`},
		"path out":          {strings.Replace(gate("kind: automatic, cel: 'true'"), "fails_on: two.yaml", "fails_on: ../x", 1), "paths below the contracts folder"},
		"raise alone":       {noteHead + "raise: [{gate: schema, to: deny}]\n", "raise needs tightens"},
		"clock":             {noteHead + "sla: [{on: published, expect: acknowledged, by: pm, within: soon, then: escalate}]\n", `clock 1: within is "soon"`},
		"clock approves":    {noteHead + "sla: [{on: published, expect: acknowledged, within: 1h, then: approve}]\n", "a clock never approves, because silence is not consent"},
		"clock backwards":   {noteHead + "sla: [{on: acknowledged, expect: published, within: 1h, then: record}]\n", "a handoff is never published after it was acknowledged"},
		"clock elsewhere":   {noteHead + "sla: [{on: acknowledged, expect: build_started, within: 1h, then: record}]\n", "the draft goes to the stage decide"},
		"clock by a name":   {noteHead + "sla: [{on: published, expect: acknowledged, by: Bo, within: 1h, then: record}]\n", "as by: role:architect"},
		"clock reminds":     {noteHead + "sla: [{on: published, expect: acknowledged, within: 24h, remind: [12h, 30h], then: record}]\n", `remind "30h": expected durations that grow and stay below within, such as [12h, 18h]`},
		"clock calendar":    {noteHead + "sla: [{on: published, expect: acknowledged, within: 24h, calendar: lunar, then: record}]\n", "there are always and working"},
		"clock twice":       {noteHead + "sla: [{on: acknowledged, expect: started, within: 2h, then: record}, {on: acknowledged, expect: decide_started, within: 1h, then: record}]\n", "there is another from acknowledged"},
		"carry unseen":      {noteHead + "carry: {items: [points], rule: every_id_carried_or_dropped_with_reason}\n", "no gate looks at it; add a gate of kind: carry"},
		"number for a list": {gate("kind: automatic, cel: 'true', over: 3"), "note.yaml:11:"},
	} {
		_, err := contracts.Default().With(workspace(c.yaml)).Get("note")
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v\nwant: %s", name, err, c.want)
		}
	}
}

func TestLintRejectsWhatIsNoGate(t *testing.T) {
	for name, c := range map[string]struct{ gate, want string }{
		"nobody":          {"kind: attestation, not_by: author, binds: draft.digest", `by is ""; name who attests, as by: role:portfolio-owner`},
		"by a name":       {"kind: attestation, by: Ana, not_by: author, binds: draft.digest", `by is "Ana"; name who attests`},
		"by the author":   {"kind: attestation, by: role:qa, binds: draft.digest", "write not_by: author, because who wrote a draft cannot attest it"},
		"for ever":        {"kind: attestation, by: role:qa, not_by: author", "write binds: draft.digest, so that a new revision asks again"},
		"attested CEL":    {"kind: attestation, by: role:qa, not_by: author, binds: draft.digest, cel: 'true'", "cel does not go with kind: attestation"},
		"signed CEL":      {"kind: automatic, cel: 'true', by: role:qa", "by, not_by and binds go with kind: attestation"},
		"carries nothing": {"kind: carry", "a carry gate needs carry in the contract"},
		"unknown kind":    {"kind: vibes", `there is no gate kind "vibes"; there are automatic, grounded, threshold, attestation, carry`},
		"nothing to do":   {"kind: automatic", "an automatic gate needs cel, or check: schema"},
		"two things":      {"kind: automatic, check: schema, cel: 'true'", "cel does not go with check: schema"},
		"unknown check":   {"kind: grounded, check: truth", "there are quotes, figures and partition"},
		"no over":         {"kind: grounded, check: quotes", "needs over"},
		"no quote":        {"kind: grounded, check: quotes, over: [/points/*]", "/points/* is no quote: it has no record_id"},
		"no ids":          {"kind: grounded, check: partition, over: [/points/*/weight]", "/points/*/weight is no list of record ids, it is int"},
		"wrong path":      {"kind: threshold, over: [/points/*/wait], at_least: 1", `/points/*/wait: the schema has no "wait" there; it has counts, record, share, weight`},
		"no pointer":      {"kind: threshold, over: [points.weight], at_least: 1", `write /points/weight`},
		"no number":       {"kind: threshold, over: [/title], at_least: 1", "/title is no number in the schema, it is string"},
		"no bound":        {"kind: threshold, over: [/points/*/weight]", "needs at_least, at_most or both"},
		"crossed bounds":  {"kind: threshold, over: [/points/*/weight], at_least: 3, at_most: 1", "nothing can pass"},
		"bad example":     {"kind: automatic, cel: 'true', fails_on: nope.yaml", "fails_on cannot be used: there is no file nope.yaml"},
		"formless":        {"kind: automatic, cel: 'false', fails_on: misshapen.yaml", "misshapen.yaml ends as skipped instead of failing"},
		"good one fails":  {"kind: automatic, cel: 'draft.points.size() > 5'", `good.yaml does not pass (failed at "": the condition does not hold)`},
		"costs too much":  {"kind: automatic, cel: 'draft.points.map(a, draft.title.matches(\"(a+)+$\")).size() > 2'", "note: gate g: /title can be changed or left out and the check says the same"},
		"threshold":       {"kind: threshold, over: [/points/*/weight], at_least: 1, at_most: 3, fails_on: none.yaml", ""},
		"vague":           {"kind: automatic, cel: draft.points.size() > 2, says: The points are clear and as complete as possible.", "warning: gate g: “as possible”, “clear” can be read in more than one way"},
		"vague, rejected": {"kind: automatic, cel: 'true', says: The note is good enough.", "nothing shows that the gate can fail; what it says rests on “good enough”, which people decide differently"},
	} {
		line := "  - {id: g, mend: m, passes_on: good.yaml, " + c.gate
		if !strings.Contains(c.gate, "fails_on") {
			line += ", fails_on: two.yaml"
		}
		if !strings.Contains(c.gate, "says") {
			line += ", says: Something."
		}
		contract, err := contracts.Default().With(workspace(noteHead + line + "}\n")).Get("note")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		findings := contracts.Lint(t.Context(), contract)
		switch {
		case c.want == "" && len(findings) > 0:
			t.Errorf("%s: %s", name, findings[0])
		case c.want != "" && !slices.ContainsFunc(findings, func(f contracts.Finding) bool { return strings.Contains(f.String(), c.want) }):
			t.Errorf("%s: %v\nwant: %s", name, findings, c.want)
		}
		if warned := strings.HasPrefix(c.want, "warning") || strings.HasPrefix(c.want, "note"); contracts.Accepted(findings) != (c.want == "" || warned) {
			t.Errorf("%s: accepted %v", name, contracts.Accepted(findings))
		}
	}
}

func TestAWorkspaceTightensAndNeverLoosens(t *testing.T) {
	set := func(yaml string) *contracts.Set {
		return contracts.Default().With(fstest.MapFS{
			"feedback-synthesis.yaml": {Data: []byte(yaml)},
			"small.yaml":              {Data: []byte("kind: Example\nsays: x\ndraft: {}\n")},
		})
	}
	head := "kind: HandoffContract\nid: feedback-synthesis\nversion: 1.1.0\n"
	own := "gates: [{id: hundred, says: At least 100 records were read., kind: threshold, over: [/summary/records], at_least: 100, mend: Export more., passes_on: small.yaml, fails_on: small.yaml}]\n"
	tight := set(head + "tightens: feedback-synthesis@1.0.0\nraise: [{gate: most-records-assigned, to: deny}]\n" + own)
	c, err := tight.Get("feedback-synthesis")
	if err != nil {
		t.Fatal(err)
	}
	base := synthesis(t)
	if len(c.Gates) != len(base.Gates)+1 || c.Name() != "feedback-synthesis@1.1.0" {
		t.Fatalf("%s has %d gates", c.Name(), len(c.Gates))
	}
	s := batch(t, 40, 3)
	if r := contracts.Check(t.Context(), c, s); r.Passed() || len(r.Open()) != 1 || r.Open()[0].ID != "hundred" {
		t.Errorf("40 records: %+v", r.Open())
	}
	if pinned, err := tight.Get("feedback-synthesis@1.0.0"); err != nil || !contracts.Check(t.Context(), pinned, s).Passed() {
		t.Errorf("a run that pinned 1.0.0 gets %v, %v", pinned, err)
	}
	for i, g := range base.Gates {
		if g.ID == "most-records-assigned" && c.Gates[i].Enforcement != contracts.Deny {
			t.Error("the gate was not raised")
		}
		if g.ID == "most-records-assigned" && g.Enforcement != contracts.Warn {
			t.Error("raising changed the contract below")
		}
	}
	for name, yaml := range map[string]string{
		"cannot be replaced": strings.Replace(noteHead, "id: note", "id: feedback-synthesis", 1),
		"gate of that id":    head + "tightens: feedback-synthesis@1.0.0\n" + strings.Replace(own, "hundred", "schema", 1),
		"only be raised":     head + "tightens: feedback-synthesis@1.0.0\nraise: [{gate: schema, to: warn}]\n",
		"has no gate":        head + "tightens: feedback-synthesis@1.0.0\nraise: [{gate: nope, to: deny}]\n",
		"stay those of":      head + "tightens: feedback-synthesis@1.0.0\nto: {role: qa, stage: test}\n",
		"no contract":        head + "tightens: feedback-synthesis@9.0.0\n",
		"other than its own": strings.Replace(head, "1.1.0", "1.0.0", 1) + "tightens: feedback-synthesis@1.0.0\n",
	} {
		files := fstest.MapFS{"feedback-synthesis.yaml": {Data: []byte(yaml)}, "schema/note.json": {Data: []byte(noteSchema)}}
		if _, err := contracts.Default().With(files).Get("feedback-synthesis"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesThatAreNoContract(t *testing.T) {
	for name, kind := range map[string]fault.Kind{
		"": fault.Invalid, "../x": fault.Invalid, "a/b": fault.Invalid, "x@": fault.Invalid, "Feedback": fault.Invalid,
		"nope": fault.NotFound, "feedback-synthesis@2.0.0": fault.NotFound,
	} {
		if _, err := contracts.Default().Get(name); err == nil || fault.KindOf(err) != kind {
			t.Errorf("%q: %v, want %s", name, err, kind)
		}
	}
}

func TestExamplesThatCannotBeUsed(t *testing.T) {
	files := workspace(noteHead)
	for yaml, want := range map[string]string{
		"kind: Sample\nsays: x\ndraft: {}\n":                                                                    "expected Example",
		"kind: Example\nsays: x\n":                                                                              "either a draft, or a base",
		"kind: Example\nsays: x\nbase: x.yaml\n":                                                                "build on each other",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: move, path: /title}]\n":                         "there are add, replace and remove",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /nope}]\n":                        "change 1: there is no /nope",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /points/7}]\n":                    "there is no /points/7",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: replace, path: /title/x, value: 1}]\n":          "there is no /title/x",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: replace, path: title, value: 1}]\n":             "expected a JSON pointer",
		"kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: add, path: /points/-, value: 1}]\nnope: true\n": "unknown field",
	} {
		files["x.yaml"] = &fstest.MapFile{Data: []byte(yaml)}
		if _, err := contracts.LoadExample(files, "x.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
}

// FuzzLoad feeds contracts to the reader and, what it accepts, to the linter.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(noteHead))
	f.Add([]byte(noteHead + "  - {id: g, says: s, mend: m, passes_on: good.yaml, fails_on: two.yaml, kind: automatic, cel: draft.points.size() > 2}\n"))
	f.Add([]byte(noteHead + "  - id: g\n    says: s\n    mend: m\n    passes_on: good.yaml\n    fails_on: two.yaml\n    kind: automatic\n    cel: |\n      draft.points\n      .nope\n"))
	whole, err := fs.ReadFile(os.DirFS("."), "feedback-synthesis.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	base, err := contracts.Default().With(workspace(noteHead)).Get("note")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := contracts.Default().With(workspace(string(data))).Get("note")
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a message")
			}
			return
		}
		contracts.Lint(t.Context(), c)
		contracts.Show(c)
		contracts.Compare(t.Context(), base, c)
		contracts.Compare(t.Context(), c, base)
	})
}

// FuzzExample feeds examples to the reader and, what it accepts, to a contract.
func FuzzExample(f *testing.F) {
	f.Add([]byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /constraints/0}]\nattestations: [{gate: priority, by: person:bo, roles: [qa]}]\n"))
	f.Add(plans(plan)["good.yaml"].Data)
	files := plans(plan)
	c, err := contracts.Default().With(files).Get("plan")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		own := plans(plan)
		own["x.yaml"] = &fstest.MapFile{Data: data}
		e, err := contracts.LoadExample(own, "x.yaml")
		if err != nil {
			return
		}
		s, err := e.Subject()
		if err != nil {
			return
		}
		for _, g := range contracts.Check(t.Context(), c, s).Gates {
			if strings.Contains(g.Observed, "broke down") {
				t.Errorf("gate %s: %s", g.ID, g.Observed)
			}
		}
	})
}

// FuzzCompareSchemas compares what can be read as a schema with another.
func FuzzCompareSchemas(f *testing.F) {
	f.Add([]byte(noteSchema), []byte(planSchema))
	f.Add([]byte(`{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}`), []byte(`{"$defs":{"a":{"items":{"$ref":"#/$defs/b"}},"b":{"properties":{"x":1}}},"$ref":"#/$defs/a"}`))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, err := schema.Parse("a", x)
		if err != nil {
			return
		}
		b, err := schema.Parse("b", y)
		if err != nil {
			return
		}
		if c := schema.Compare(a, a); len(c) > 0 {
			t.Errorf("a schema differs from itself: %v", c)
		}
		schema.Compare(a, b)
	})
}

// FuzzCheck feeds drafts to the contract: none may stop it or pass by accident.
func FuzzCheck(f *testing.F) {
	s := batch(f, 12, 2)
	f.Add(s.Body)
	f.Add([]byte(`{"figures":[{"at":"","value":1,"parts":{"x":1},"values":[1],"query":{"op":"cell"}}]}`))
	f.Add([]byte(`null`))
	c := synthesis(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r := contracts.Check(t.Context(), c, contracts.Subject{Body: data, Records: s.Records, Corpus: s.Corpus})
		for _, g := range r.Gates {
			if strings.Contains(g.Observed, "broke down") {
				t.Errorf("gate %s: %s", g.ID, g.Observed)
			}
		}
	})
}
