package contracts_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"roleos/contracts"
)

const planSchema = `{"type":"object","additionalProperties":false,"required":["constraints","dropped"],"properties":{
 "constraints":{"type":"array","items":{"type":"object","required":["id","text"],"properties":{"id":{"type":"string"},"text":{"type":"string"}}}},
 "tags":{"type":"array","items":{"type":"string"}},
 "based_on":{"type":"array","items":{"type":"object","properties":{"quote":{"type":"string"}}}},
 "dropped":{"type":"array","items":{"type":"object","required":["id","reason"],"properties":{"id":{"type":"string"},"reason":{"type":"string"}}}}}}`

const plan = `kind: HandoffContract
id: plan
version: 1.0.0
from: {role: pm, stage: discover}
to: {role: architect, stage: decide}
governance: {workflow_owner: pm, source_of_truth: context, service_level: a day, audit_trail: log}
schema: schema/plan.json
carry: {items: [constraints], rule: every_id_carried_or_dropped_with_reason, same: {constraints: [text]}}
gates:
  - {id: schema, says: It is a plan., kind: automatic, check: schema, mend: Write a plan., passes_on: good.yaml, fails_on: bad.yaml}
  - {id: priority, says: The portfolio owner confirmed the priority., kind: attestation, by: role:portfolio-owner, not_by: author, binds: draft.digest, mend: Ask., passes_on: good.yaml, fails_on: alone.yaml}
  - {id: nothing-lost, says: Every constraint is here or dropped with a reason., kind: carry, mend: Carry it., passes_on: good.yaml, fails_on: lost.yaml}
sla:
  - {on: published, expect: acknowledged, by: role:architect, within: 24h, remind: [12h, 20h], then: escalate}
  - {on: acknowledged, expect: decide_started, within: 48h, calendar: working, then: escalate}
`

func plans(contract string) fstest.MapFS {
	return fstest.MapFS{
		"plan.yaml":        {Data: []byte(contract)},
		"schema/plan.json": {Data: []byte(planSchema)},
		"good.yaml": {Data: []byte(`kind: Example
says: x
author: [agent:framer, person:ana]
attestations: [{gate: priority, by: person:bo, roles: [portfolio-owner]}]
upstream: [{kind: brief, draft: d-1, body: {constraints: [{id: c1, text: UTC only}, {id: c2, text: No patient names}]}}]
draft: {constraints: [{id: c1, text: UTC only}], dropped: [{id: c2, reason: The source holds no names.}]}
`)},
		"bad.yaml":   {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /dropped}]\n")},
		"alone.yaml": {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nattestations: []\n")},
		"lost.yaml":  {Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /dropped/0}]\n")},
	}
}

func planned(t *testing.T) *contracts.HandoffContract {
	t.Helper()
	c, err := contracts.Default().With(plans(plan)).Get("plan")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const planDraft = `{"constraints":[{"id":"c1","text":"UTC only"}],"dropped":[{"id":"c2","reason":"The source holds no names."}]}`

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestPlansLint(t *testing.T) {
	for _, f := range contracts.Lint(t.Context(), planned(t)) {
		t.Error(f)
	}
}

// Only a person of the role asked for, who wrote no revision, counts, and only
// for the bytes that person saw.
func TestWhoseWordCounts(t *testing.T) {
	c, own, other := planned(t), sha(planDraft), sha("another revision")
	yes := contracts.Attestation{Gate: "priority", By: "person:bo", Roles: []string{"role:portfolio-owner"}, Digest: own}
	with := func(change func(*contracts.Attestation)) []contracts.Attestation {
		a := yes
		change(&a)
		return []contracts.Attestation{a}
	}
	for name, x := range map[string]struct {
		given []contracts.Attestation
		want  contracts.Status
		says  string
	}{
		"nobody":        {nil, contracts.Waiting, "no portfolio-owner has attested this revision"},
		"the owner":     {[]contracts.Attestation{yes}, contracts.Passed, ""},
		"plain role":    {with(func(a *contracts.Attestation) { a.Roles = []string{"qa", "portfolio-owner"} }), contracts.Passed, ""},
		"another role":  {with(func(a *contracts.Attestation) { a.Roles = []string{"pm"} }), contracts.Waiting, "person:bo attested as pm; a portfolio-owner has to"},
		"no role":       {with(func(a *contracts.Attestation) { a.Roles = nil }), contracts.Waiting, "attested as nobody in particular"},
		"an author":     {with(func(a *contracts.Attestation) { a.By = "person:ana" }), contracts.Waiting, "person:ana attested and is one of its authors"},
		"an agent":      {with(func(a *contracts.Attestation) { a.By = "agent:framer2" }), contracts.Waiting, "agent:framer2 attested; only a person can"},
		"other bytes":   {with(func(a *contracts.Attestation) { a.Digest = other }), contracts.Waiting, "attested the revision " + other[:19] + ", this one is " + own[:19]},
		"no digest":     {with(func(a *contracts.Attestation) { a.Digest = "" }), contracts.Waiting, "attested the revision"},
		"another gate":  {with(func(a *contracts.Attestation) { a.Gate = "schema" }), contracts.Waiting, "no portfolio-owner has attested"},
		"both, in turn": {append(with(func(a *contracts.Attestation) { a.Digest = other }), yes), contracts.Passed, ""},
	} {
		r := contracts.Check(t.Context(), c, contracts.Subject{
			Body: []byte(planDraft), Digest: own, Author: []string{"agent:framer", "person:ana"}, Attestations: x.given, Upstream: []contracts.Upstream{},
		})
		g := r.Gates[1]
		if g.Status != x.want || !strings.Contains(g.Observed, x.says) || g.By != "role:portfolio-owner" {
			t.Errorf("%s: %s, %q", name, g.Status, g.Observed)
		}
		if !r.Ready() || r.Passed() != (x.want == contracts.Passed) || len(r.Waiting()) != map[bool]int{true: 0, false: 1}[r.Passed()] {
			t.Errorf("%s: ready %v, passed %v, waiting %v", name, r.Ready(), r.Passed(), r.Waiting())
		}
	}
}

func TestADraftCalledByAnotherDigestIsNotAttested(t *testing.T) {
	own := sha(planDraft)
	r := contracts.Check(t.Context(), planned(t), contracts.Subject{
		Body: []byte(planDraft), Digest: sha("x"), Upstream: []contracts.Upstream{},
		Attestations: []contracts.Attestation{{Gate: "priority", By: "person:bo", Roles: []string{"portfolio-owner"}, Digest: own}},
	})
	if r.Gates[1].Status != contracts.Errored || r.Ready() || r.Passed() {
		t.Errorf("%+v", r.Gates[1])
	}
}

func TestAReadyDraftHasNothingElseOpen(t *testing.T) {
	r := contracts.Check(t.Context(), planned(t), contracts.Subject{Body: []byte(planDraft)})
	if r.Ready() || r.Passed() {
		t.Errorf("a draft with a carry gate that could not look is ready: %+v", r.Open())
	}
	if (contracts.Result{}).Ready() {
		t.Error("a result without gates is ready")
	}
}

func TestNothingIsLostWithoutAWord(t *testing.T) {
	up := func(body string) []contracts.Upstream {
		return []contracts.Upstream{{Kind: "brief", Draft: "d-1", Body: []byte(body)}}
	}
	brief := up(`{"constraints":[{"id":"c1","text":"UTC only"},{"id":"c2","text":"No patient names"}]}`)
	for name, x := range map[string]struct {
		draft string
		from  []contracts.Upstream
		want  contracts.Status
		says  string
	}{
		"carried and dropped": {planDraft, brief, contracts.Passed, ""},
		"lost":                {`{"constraints":[{"id":"c1","text":"UTC only"}],"dropped":[]}`, brief, contracts.Failed, `"c2" of brief d-1 is neither in constraints nor dropped with a reason: “No patient names”`},
		"reason blank":        {`{"constraints":[{"id":"c1","text":"UTC only"}],"dropped":[{"id":"c2","reason":" "}]}`, brief, contracts.Failed, `"c2" is dropped without a reason`},
		"both":                {`{"constraints":[{"id":"c1","text":"UTC only"},{"id":"c2","text":"No patient names"}],"dropped":[{"id":"c2","reason":"r"}]}`, brief, contracts.Failed, `"c2" is dropped and stands in constraints as well`},
		"reworded":            {`{"constraints":[{"id":"c1","text":"local time"}],"dropped":[{"id":"c2","reason":"r"}]}`, brief, contracts.Failed, `text of "c1" is no longer as in brief d-1: “UTC only”`},
		"new ones":            {`{"constraints":[{"id":"c9","text":"new"}],"dropped":[]}`, up(`{"constraints":[]}`), contracts.Passed, ""},
		"another form":        {`{"constraints":[],"dropped":[]}`, up(`{"constraints":["c7"]}`), contracts.Failed, `"c7" of brief d-1`},
		"none of these":       {`{"constraints":[],"dropped":[]}`, up(`{"themes":[{"id":"t"}]}`), contracts.Passed, ""},
		"from records alone":  {`{"constraints":[],"dropped":[]}`, []contracts.Upstream{}, contracts.Passed, ""},
		"upstream not given":  {`{"constraints":[],"dropped":[]}`, nil, contracts.Errored, "were not given"},
		"upstream no JSON":    {`{"constraints":[],"dropped":[]}`, up(`{`), contracts.Errored, "brief d-1 cannot be read"},
		"two upstreams":       {planDraft, append(up(`{"constraints":[{"id":"c3","text":"x"}]}`), brief...), contracts.Failed, `"c3" of brief d-1`},
	} {
		g := contracts.Check(t.Context(), planned(t), contracts.Subject{Body: []byte(x.draft), Upstream: x.from}).Gates[2]
		if g.Status != x.want || !strings.Contains(g.Observed, x.says) {
			t.Errorf("%s: %s, %q, want %s, %q", name, g.Status, g.Observed, x.want, x.says)
		}
	}
}

func TestACarryNamesWhatTheSchemaHas(t *testing.T) {
	const was = "{items: [constraints], rule: every_id_carried_or_dropped_with_reason, same: {constraints: [text]}}"
	for carry, want := range map[string]string{
		"{items: [], rule: every_id_carried_or_dropped_with_reason}":                                                         "carry names no items",
		"{items: [constraints], rule: best_effort}":                                                                          "there is every_id_carried",
		"{items: [rules], rule: every_id_carried_or_dropped_with_reason}":                                                    `carry cannot find rules in the draft: /rules/*: the schema has no "rules"`,
		"{items: [constraints], rule: every_id_carried_or_dropped_with_reason, in: {rules: /a}}":                             `carry says where "rules" stands`,
		"{items: [constraints, constraints], rule: every_id_carried_or_dropped_with_reason}":                                 "twice",
		"{items: [constraints], rule: every_id_carried_or_dropped_with_reason, dropped: /tags}":                              "of objects with id and reason",
		"{items: [evidence], rule: every_id_carried_or_dropped_with_reason, in: {evidence: /based_on}}":                      "and no string",
		"{items: [tags], rule: every_id_carried_or_dropped_with_reason, same: {tags: [text]}}":                               "only where its place ends in /id",
		"{items: [tags], rule: every_id_carried_or_dropped_with_reason}":                                                     "",
		"{items: [themes], rule: every_id_carried_or_dropped_with_reason, in: {themes: /tags/*}, from: {themes: /themes/*}}": "",
	} {
		c, err := contracts.Default().With(plans(strings.Replace(plan, was, carry, 1))).Get("plan")
		if err != nil {
			t.Errorf("%s: %v", carry, err)
			continue
		}
		var all []string
		for _, f := range contracts.Lint(t.Context(), c) {
			all = append(all, f.String())
		}
		said := strings.Join(all, "\n")
		if want == "" && strings.Contains(said, "does not compile") || !strings.Contains(said, want) {
			t.Errorf("%s: %s\nwant %s", carry, said, want)
		}
	}
}

func TestClocksAreParsed(t *testing.T) {
	c := planned(t)
	first, second := c.SLA[0], c.SLA[1]
	if first.Role() != "architect" || first.Limit() != 24*time.Hour || len(first.Reminders()) != 2 || first.Reminders()[1] != 20*time.Hour || first.Until() != "acknowledged" {
		t.Errorf("%+v", first)
	}
	if second.By != "role:architect" || second.Until() != "started" || second.Calendar != contracts.Working {
		t.Errorf("%+v", second)
	}
	page := contracts.Show(c)
	for _, want := range []string{
		"| published | acknowledged | architect | 24h | 12h, 20h | escalate |",
		"| acknowledged | decide started | architect | 48h of working time |  | escalate |",
		"## What must not get lost", "- constraints, with the same text",
		"a person who is portfolio-owner and did not write the draft attests it; a new revision asks again",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
}
