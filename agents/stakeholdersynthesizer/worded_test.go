package stakeholdersynthesizer_test

import (
	"strings"
	"testing"

	"roleos/agents/stakeholdersynthesizer"
	"roleos/agents/wording"
	"roleos/internal/artefact/landscape"
	"roleos/internal/llm"
	"roleos/internal/llm/llmtest"
)

func worded(t *testing.T, m *llmtest.Script, offline bool) (landscape.StakeholderLandscape, error) {
	t.Helper()
	d, err := stakeholdersynthesizer.New(stakeholdersynthesizer.Options{Wording: wording.Options{Model: m, Offline: offline}}).Draft(t.Context(), sampleTask())
	if err != nil {
		return landscape.StakeholderLandscape{}, err
	}
	l, err := landscape.Parse(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	if last := d.Taint[len(d.Taint)-1]; !strings.Contains(last, "words of script:test") {
		t.Errorf("taint %q", d.Taint)
	}
	return l, nil
}

// A model's reading stands beside a decision and moves it to the end; it neither
// removes one nor makes one.
func TestAReadingStandsBesideAndCountsNothing(t *testing.T) {
	before, _ := draft(t, sampleTask())
	m := &llmtest.Script{Answers: map[string]string{
		"read-statements": `{"readings":[{"statement":"S1","kind":"neither"},{"statement":"S2","kind":"neither"},{"statement":"S3","kind":"decision"},{"statement":"S77","kind":"decision"}]}`,
		"read-conflicts":  `{"conflicts":[{"conflict":"C1","opposed":"no","title":"Realistic signature"}]}`,
		"name-matters":    `{"titles":[{"matter":"M1","title":"Approved by the board"}]}`,
	}}
	after, err := worded(t, m, false)
	if err != nil {
		t.Fatal(err)
	}
	if before.Summary != after.Summary {
		t.Errorf("summary %+v, was %+v", after.Summary, before.Summary)
	}
	doubted := 0
	for i, s := range after.Statements {
		if s.Reading != nil {
			doubted++
			if s.Reading.By != "script:test" {
				t.Errorf("a reading by %q", s.Reading.By)
			}
		}
		if was := before.Statements[i]; s.ID != was.ID || s.Kind != was.Kind || s.Level != was.Level || s.Status != was.Status || s.Score != was.Score {
			t.Errorf("statement %+v was %+v", s, was)
		}
	}
	if doubted != 3 {
		t.Errorf("%d readings", doubted)
	}
	if c := after.Conflicts[0]; c.About != "Realistic signature" || c.Reading == nil || !c.Open || c.Score != before.Conflicts[0].Score {
		t.Errorf("conflict %+v", c)
	}
	for _, r := range after.Requirements {
		if strings.Contains(r.Title, "board") {
			t.Errorf("an invented title: %q", r.Title)
		}
	}
	if len(after.Rejected) != 2 { // the passage that was not given, the title
		t.Errorf("rejected %+v", after.Rejected)
	}
}

func TestAPersonsWordEndsAReading(t *testing.T) {
	m := &llmtest.Script{Answers: map[string]string{
		"read-statements": `{"readings":[{"statement":"S1","kind":"neither"}]}`, "read-conflicts": `{"conflicts":[]}`, "name-matters": `{"titles":[]}`,
	}}
	l, err := worded(t, m, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range l.Statements {
		if s.Reading == nil {
			continue
		}
		body, err := l.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		next, _, err := landscape.Edit(body, []byte(`{"op":"confirm_statement","statement":"`+s.ID+`"}`), "person:ada", sampleTask().Records)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(next), "reading") {
			t.Errorf("the reading outlived the person's word: %s", next)
		}
		return
	}
	t.Error("no statement was read otherwise")
}

func TestAModelThatFailsForGoodFailsTheDraftUnlessTheSettingsSayOffline(t *testing.T) {
	if _, err := worded(t, &llmtest.Script{Err: &llm.Error{Kind: llm.Quota}}, false); llm.AsError(err).Kind != llm.Quota {
		t.Errorf("%v", err)
	}
	l, err := worded(t, &llmtest.Script{Err: &llm.Error{Kind: llm.Quota}}, true)
	if err != nil || l.Method.Analyst != "offline" || !strings.Contains(strings.Join(l.Method.Notes, " "), "script:test was asked and failed (quota)") {
		t.Errorf("%+v %v", l.Method, err)
	}
}
