package pitchshaper_test

import (
	"strings"
	"testing"

	"roleos/agents/pitchshaper"
	"roleos/agents/wording"
	"roleos/internal/artefact/pitch"
	"roleos/internal/llm/llmtest"
)

// A model titles what people proposed in their words, and its doubts are notes: no
// part comes, goes or fits because of it.
func TestAModelTitlesPartsAndAsksTheArchitect(t *testing.T) {
	in := task(t, "acknowledged")
	before := draft(t, in)
	m := &llmtest.Script{Answers: map[string]string{"shape-pitch": `{
		"titles":[{"part":"P1","title":"Status page"},{"part":"P2","title":"Blockchain ledger"},{"part":"P77","title":"Status page"}],
		"doubts":[{"part":"P1","constraint":"K2"},{"part":"P1","constraint":"K99"}]}`}}
	d, err := pitchshaper.New(pitchshaper.Options{Wording: wording.Options{Model: m}}).Draft(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	after, err := pitch.Parse(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	if after.Elements[0].Title != "Status page" || after.Elements[1].Title != "" || len(after.Rejected) != 3 {
		t.Errorf("elements %+v, rejected %+v", after.Elements, after.Rejected)
	}
	if notes := strings.Join(after.Method.Notes, " "); !strings.Contains(notes, "C2") || strings.Count(notes, "The model asks") != 1 {
		t.Errorf("notes %q", notes)
	}
	for i, v := range after.Feasibility {
		if v != before.Feasibility[i] && v.View != before.Feasibility[i].View {
			t.Errorf("a model changed a view: %+v", v)
		}
	}
	if len(after.Elements) != len(before.Elements) || len(after.RabbitHoles) != len(before.RabbitHoles) || len(after.Gaps) != len(before.Gaps) {
		t.Error("a model added or took a part")
	}
	for _, r := range m.Asked() {
		if strings.Contains(r.System+r.Messages[0].Text, "ledger") {
			t.Error("text of a record stands outside the data")
		}
	}
}
