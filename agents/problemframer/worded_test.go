package problemframer_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"roleos/agents/problemframer"
	"roleos/agents/wording"
	"roleos/internal/artefact/brief"
	"roleos/internal/llm"
	"roleos/internal/llm/llmtest"
)

// A model words the problem around data points of the brief; how many have it is
// said by code, and what the data points do not say is dropped.
func TestAModelWordsTheProblemFromItsDataPoints(t *testing.T) {
	in := task(t)
	framed := func(w wording.Options) ([]byte, brief.ProblemBrief) {
		t.Helper()
		d, err := problemframer.New(problemframer.Options{Wording: w}).Draft(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := brief.Parse(d.Body)
		if err != nil {
			t.Fatal(err)
		}
		return d.Body, b
	}
	_, before := framed(wording.Options{})
	m := &llmtest.Script{Answers: map[string]string{"word-problem": `{"sentences":[
		{"before":"People ask why a transfer is pending","block":"E1.feedback"},
		{"before":"Seven of ten customers leave because","block":"E2.feedback"},
		{"before":"People ask","block":"E1.feedback"},
		{"before":"People ask","block":"E99.feedback"}]}`}}
	body, after := framed(wording.Options{Model: m})
	s := after.Problem.Statement
	figures, _, _ := strings.Cut(before.Problem.Statement, " In customers' words")
	first := "People ask why a transfer is pending: “" + after.Evidence[0].Quote.Text + "”"
	if !strings.HasPrefix(s, figures) || !strings.Contains(s, first) || strings.Contains(s, "Seven") || strings.Contains(s, "leave") {
		t.Errorf("statement %q", s)
	}
	if after.Problem.Says == nil || after.Problem.Says.Text != after.Evidence[0].Quote.Text || len(after.Rejected) != 3 {
		t.Errorf("says %+v, rejected %+v", after.Problem.Says, after.Rejected)
	}
	if len(after.Evidence) != len(before.Evidence) || *after.Size != *before.Size || len(after.Figures) != len(before.Figures) {
		t.Error("more than words changed")
	}
	// Another focus is not what the model worded; back at the first, it is.
	other, _, err := brief.Edit(body, []byte(`{"op":"focus","id":"t-2"}`), "person:ana", in.Records)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := brief.Parse(other); err != nil || strings.Contains(b.Problem.Statement, "People ask why a transfer is pending") {
		t.Errorf("%v %q", err, b.Problem.Statement)
	}
	again, _, err := brief.Edit(other, []byte(`{"op":"focus","id":"t-1"}`), "person:ana", in.Records)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := brief.Parse(again); err != nil || b.Problem.Statement != s {
		t.Errorf("%v %q", err, b.Problem.Statement)
	}
}

// What a model finds in other words is a suggestion: it becomes a data point when
// a person takes it, and stays one.
func TestASuggestionCountsWhenAPersonTakesIt(t *testing.T) {
	in := task(t)
	m := &steps{answers: []string{
		`{"sentences":[]}`, `{"do":"search_records","argument":"lost card mail","found":[]}`,
		`{"do":"done","argument":"","found":[{"block":"R1","quote":"My card is lost in the mail"}]}`,
	}}
	d, err := problemframer.New(problemframer.Options{Wording: wording.Options{Model: m}}).Draft(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := brief.Parse(d.Body)
	if err != nil || len(b.Suggested) != 1 || b.Suggested[0].By != "" {
		t.Fatalf("%+v %v", b.Suggested, err)
	}
	is := func(b brief.ProblemBrief) bool {
		return slices.ContainsFunc(b.Evidence, func(e brief.Datum) bool { return e.Record == b.Suggested[0].Record })
	}
	if is(b) {
		t.Error("a suggestion counts before anybody took it")
	}
	body, _, err := brief.Edit(d.Body, []byte(`{"op":"evidence","id":"`+b.Suggested[0].ID+`","text":"It is the same transfer."}`), "person:ana", in.Records)
	if err != nil {
		t.Fatal(err)
	}
	if body, _, err = brief.Edit(body, []byte(`{"op":"ethics","text":"Nobody is ranked."}`), "person:ana", in.Records); err != nil {
		t.Fatal(err)
	}
	if b, err = brief.Parse(body); err != nil || !is(b) || b.Suggested[0].By != "person:ana" {
		t.Errorf("%+v %v", b.Evidence, err)
	}
}

// steps answers the questions in turn.
type steps struct {
	llmtest.Script
	answers []string
}

func (s *steps) Generate(context.Context, llm.Request) (llm.Response, error) {
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return llm.Response{Text: answer, JSON: []byte(answer), Finish: llm.Stop}, nil
}
