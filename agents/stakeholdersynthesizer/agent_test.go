package stakeholdersynthesizer_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"roleos/agents"
	"roleos/agents/stakeholdersynthesizer"
	"roleos/internal/artefact/landscape"
	"roleos/internal/evidence"
)

// said is a sample conversation, made up for these tests.
var said = [][2]string{
	{"Ada Example", "I think we should add a second signature to every transfer above five thousand euros."},
	{"Ben Sample", "I don't think a second signature is realistic, it doubles the work of every small team."},
	{"Ada", "The auditors asked for the second signature in writing, so we need to show something by June."},
	{"Cleo Specimen", "Who owns the approval screen for the second signature?"},
	{"Ben Sample", "The approval screen belongs to the payments team."},
	{"Cleo Specimen", "Then I will draft the approval screen by Friday and share it with the payments team."},
	{"Ada", "We have decided to require the second signature only for transfers above ten thousand euros."},
	{"Dana Placeholder", "Sounds good to me."},
	{"Cleo Specimen", "How long does the migration of old transfers take?"},
}

func sampleTask() agents.Task {
	t := agents.Task{Sample: true}
	for i, s := range said {
		t.Records = append(t.Records, evidence.Record{
			ID: fmt.Sprintf("m#%d", i+1), Source: "src-meeting", Text: s[1], Time: time.Date(2026, 3, 2, 9, i, 0, 0, time.UTC),
			Origin: evidence.Origin{Speaker: s[0], Turn: i + 1, Kind: "turn"},
		})
	}
	return t
}

func draft(t testing.TB, task agents.Task) (landscape.StakeholderLandscape, []byte) {
	t.Helper()
	d, err := stakeholdersynthesizer.New(stakeholdersynthesizer.Options{}).Draft(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	l, err := landscape.Parse(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	return l, d.Body
}

func TestASampleMeetingBecomesALandscape(t *testing.T) {
	task := sampleTask()
	l, body := draft(t, task)
	_, again := draft(t, task)
	if !bytes.Equal(body, again) {
		t.Error("the same records gave different bytes")
	}
	if testing.Verbose() {
		t.Logf("%s", body)
	}
	for _, p := range l.Stakeholders {
		if p.Name == "Ada" {
			t.Error("Ada and Ada Example were taken for two people")
		}
	}
	kinds := map[string]string{}
	for _, s := range l.Statements {
		kinds[s.RecordID] = s.Kind
	}
	for id, want := range map[string]string{"m#1": "proposal", "m#6": "action", "m#7": "decision", "m#9": "question"} {
		if kinds[id] != want {
			t.Errorf("%s is a %q, want %q", id, kinds[id], want)
		}
	}
	if len(l.Conflicts) == 0 {
		t.Error("nobody was found to disagree")
	}
	rows := map[string]bool{}
	for _, c := range l.Matrix {
		rows[c.Stakeholder] = true
	}
	for _, p := range l.Stakeholders {
		if !rows[p.ID] {
			t.Errorf("%s was heard and is not in the matrix", p.Name)
		}
	}
	doc, err := evidence.NewDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := l.Corpus(task.Records)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range corpus.Recompute(doc, l.Figures) {
		t.Errorf("figure: %+v", m)
	}
	byID := map[string]*evidence.Record{}
	for i := range task.Records {
		byID[task.Records[i].ID] = &task.Records[i]
	}
	for _, q := range l.Quotes() {
		if err := evidence.CheckQuote(byID[q.RecordID], q); err != nil {
			t.Error(err)
		}
	}
}
