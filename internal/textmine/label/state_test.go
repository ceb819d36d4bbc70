package label

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestActOf(t *testing.T) {
	for s, want := range map[string]Act{
		"My top-up was cancelled.":                      Report,
		"The report never loads":                        Report,
		"How do I get a refund?":                        Ask,
		"where is my invoice":                           Ask,
		"The chart is empty, is that right?":            Ask,
		"Can you tell me why it failed?":                Ask,
		"I would like to know when it ships.":           Ask,
		"I'd like a dark theme":                         Want,
		"Please cancel my plan.":                        Want,
		"Can you close my account?":                     Want,
		"Hi, I want my money back":                      Want,
		"It would be great to filter by team":           Want,
		"Will you charge me for this?":                  Ask,
		"为什么？":                                          Ask,
		"لماذا لا يعمل؟":                                Ask,
		"It says “please wait” for hours.":              Report,
		"Is there a way to export what I need to send?": Ask,
		"":                         Report,
		"Change my plan to yearly": Want,
		"Set up was very easy.":    Report,
		"Update broke everything":  Report,
	} {
		if got := actOf(s); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
}

func TestState(t *testing.T) {
	ps := []Phrase{{Surface: "top-up cancelled", Key: "top up cancel"}}
	for _, tt := range []struct {
		name  string
		texts []Text
		want  string
		unit  int
	}{
		{"nothing", nil, "", -1},
		{"blank", asTexts("  "), "", -1},
		{
			"the sentence with the label's words", asTexts("Hello there. My top-up was cancelled and I don't know why. Thank you very much for reading this."),
			"Customers report: “My top-up was cancelled and I don't know why.”", 0,
		},
		{"a question", asTexts("Why was my top-up cancelled today?"), "Customers ask: “Why was my top-up cancelled today?”", 0},
		{
			"the most central of equals after the first quote", asTexts("My top-up got cancelled last night.", "My top-up got cancelled this week.", "My top-up got cancelled on Monday."),
			"Customers report: “My top-up got cancelled this week.”", 1,
		},
		{
			"the first quote where no other is as good", asTexts("My top-up got cancelled last night.", "Nobody answers when I call the office."),
			"Customers report: “My top-up got cancelled last night.”", 0,
		},
		{
			"not the fragment", asTexts("cancelled top-up", "Somebody cancelled my top-up without asking me."),
			"Customers report: “Somebody cancelled my top-up without asking me.”", 1,
		},
		{"short when nothing fits", asTexts("cancelled top-up", "no"), "Customers report: “cancelled top-up”", 0},
		{
			"cut at the end of a clause", asTexts("The top-up that I made last week from the bank near my office was cancelled by your system without a reason, " +
				"and when I called the number on the card a person told me to wait for two more weeks which is not what I need now"),
			"Customers report: “The top-up that I made last week from the bank near my office was cancelled by your system without a reason” …", 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			central := make([]int, len(tt.texts))
			for i := range central {
				central[i] = i
			}
			got := State(central, tt.texts, ps)
			if got.Text != tt.want || got.Unit != tt.unit {
				t.Errorf("got %q from unit %d, want %q from %d", got.Text, got.Unit, tt.want, tt.unit)
			}
			if got.Unit >= 0 && !strings.Contains(got.Text, "“"+tt.texts[got.Unit].Text[got.Start:got.End]+"”") {
				t.Errorf("%q is not what stands at %d..%d", got.Text, got.Start, got.End)
			}
		})
	}
}

func TestStateAvoidsRedactedText(t *testing.T) {
	a := "My top-up to a@b.example was cancelled yesterday."
	texts := asTexts(a, "Somebody has cancelled the top-up again.")
	at := strings.Index(a, "a@b")
	texts[0].Skip = [][2]int{{at, at + len("a@b.example")}}
	if got := State([]int{0, 1}, texts, []Phrase{{Key: "top up cancel"}}); got.Unit != 1 {
		t.Errorf("%+v", got)
	}
	if got := Quotes([]int{0, 1}, texts, 2); len(got) != 1 || got[0].Unit != 1 {
		t.Errorf("%+v", got)
	}
}

func TestQuotes(t *testing.T) {
	long := strings.Repeat("This part of the mail talks about the weather in our town. ", 7)
	texts := asTexts(
		"The export fails on every dashboard.",
		"The export fails on each dashboard!",
		"Nothing happens when I press the download button.",
		long+"The dashboard export fails with an error. "+long,
		"broken",
	)
	var got []string
	for _, q := range Quotes([]int{0, 1, 2, 3, 4}, texts, 3) {
		got = append(got, texts[q.Unit].Text[q.Start:q.End])
	}
	want := []string{"The export fails on every dashboard.", "Nothing happens when I press the download button.", "This part of the mail talks about the weather in our town."}
	if d := cmp.Diff(want[:2], got[:2]); d != "" || len(got) != 3 {
		t.Errorf("%q\n%s", got, d)
	}
	if q := Quotes([]int{4}, texts, 3); len(q) != 1 || q[0] != (Span{4, 0, 6}) {
		t.Errorf("a short unit is quoted whole: %+v", q)
	}
	if q := Quotes([]int{-1, 99}, texts, 3); q != nil {
		t.Errorf("units out of range: %+v", q)
	}
	if q := Quotes([]int{0}, texts, 0); q != nil {
		t.Errorf("none asked for: %+v", q)
	}
}
