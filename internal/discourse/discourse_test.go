package discourse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSentencesKeepTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "We ship on Friday. Who tests it? I do!", []string{"We ship on Friday.", "Who tests it?", "I do!"}},
		{"abbreviations and numbers", "Mr. Sample pays 1.5 percent, e.g. for v2.0 of it. Fine.", []string{"Mr. Sample pays 1.5 percent, e.g. for v2.0 of it.", "Fine."}},
		{"initials", "J. Example agreed. Then we left.", []string{"J. Example agreed.", "Then we left."}},
		{"bullets", "* first thing to do\n* second thing to do\n", []string{"first thing to do", "second thing to do"}},
		{"wrapped line", "We will move\nthe date.", []string{"We will move\nthe date."}},
		{"spaces before stops", "I think so . {vocalsound} But why ?", []string{"I think so .", "{vocalsound} But why ?"}},
		{"address", "See https://example.org/a.b?c=d. for more", []string{"See https://example.org/a.b?c=d.", "for more"}},
		{"nothing", " \n\t", nil},
	} {
		var got []string
		for _, s := range Sentences(c.text) {
			got = append(got, c.text[s.Start:s.End])
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestSentencesNeverOverlapAndLoseNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([A-Za-z'’]{1,9}[ ,.!?:;\n*-]{0,3}){0,60}`).Draw(t, "text")
		checkSentences(t, text)
	})
}

type fataler interface{ Fatalf(string, ...any) }

func checkSentences(t fataler, text string) {
	end := 0
	for _, s := range Sentences(text) {
		if s.Start < end || s.End <= s.Start || s.End > len(text) {
			t.Fatalf("sentence %v behind byte %d of %q", s, end, text)
		}
		if rest := text[end:s.Start]; strings.ContainsFunc(rest, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) {
			t.Fatalf("%q is in no sentence of %q", rest, text)
		}
		end = s.End
	}
}

func FuzzAnalyze(f *testing.F) {
	f.Add("Ada", "We decided to move the date to June 5th. Who tells the team?", "Ben", "I don't think so, it's 2 weeks late.")
	f.Add("", "* Ada to draft it\n* Decision: {x} (y) [z](w", "Ada Example <a@example.org>", "’ll 's 're let 's won’t")
	f.Add("@ada", "\xff\xfe.?!。", "Mr.", "{")
	f.Fuzz(func(t *testing.T, a, x, b, y string) {
		turns := []Turn{{ID: "1", Speaker: a, Text: x, Thread: "t"}, {ID: "2", Speaker: b, Text: y, Thread: "t"}, {ID: "3", Speaker: a, Text: y, Thread: "t", Topic: x}}
		res := Analyze(turns)
		for _, s := range res.Statements {
			if s.Start < 0 || s.End > len(turns[s.Turn].Text) || s.Start >= s.End || s.Person >= len(res.Cast.People) || s.Score <= 0 || s.Score > 1 {
				t.Fatalf("%+v", s)
			}
		}
		for _, c := range res.Conflicts {
			if len(c.Sides) < 2 || c.Sides[0].Person == c.Sides[1].Person {
				t.Fatalf("%+v", c)
			}
			_ = res.Phrase(c.About, x, y)
		}
	})
}

// acts returns the strongest act of each sentence in a short talk among others.
func acts(t *testing.T, text string) []Act {
	t.Helper()
	var out []Act
	for _, s := range Analyze([]Turn{{ID: "1", Speaker: "Ada Example", Text: text, Thread: "t"}}).Statements {
		out = append(out, s.Act)
	}
	return out
}

func TestWhatASentenceDoes(t *testing.T) {
	for _, c := range []struct {
		text string
		want Act // "" for a sentence that only tells
	}{
		{"We decided to drop the export to Excel for this release.", Decision},
		{"Decision: the export to Excel stays in this release.", Decision},
		{"It was agreed that clients publish their images on Monday.", Decision},
		{"We're going with the smaller battery for the prototype.", Decision},
		{"There is a general consensus to accept the pricing proposal.", Decision},
		{"We have not decided on the pricing proposal for the export.", ""},
		{"We haven't agreed to the pricing proposal for the export.", ""},
		{"**ACTION 12.3:** Ben Sample to ask for the guide of the export.", Action},
		{"ACTION 12.2: Cleo drafts the migration guide for the export.", Action},
		{"DECISION 12.1: the export to Excel stays in this release.", Decision},
		{"Action: Cleo drafts the migration guide for the export.", Action},
		{"I'll draft the migration guide for the export by Friday.", Action},
		{"Ben Sample to review the migration guide and the pricing page.", Action},
		{"I will post the link to the guide in the chat.", Commitment},
		{"Could you please check the pricing of the smaller battery?", Request},
		{"We need a faster export for the finance people.", Request},
		{"I propose a second signature on every large transfer.", Proposal},
		{"Why don't we put a second signature on large transfers?", Proposal},
		{"I'm worried about the cost of the second signature.", Concern},
		{"My concern is the cost of the second signature.", Concern},
		{"What does the second signature cost a customer?", Question},
		{"The export was written in the spring of that year.", ""},
		{"Let's move on to the next item on the agenda.", ""},
	} {
		got := acts(t, c.text)
		switch {
		case c.want == "" && len(got) > 0 && (got[0] == Decision || got[0] == Action):
			t.Errorf("%q is taken for a %s", c.text, got[0])
		case c.want != "" && (len(got) == 0 || got[0] != c.want):
			t.Errorf("%q: got %v, want %s", c.text, got, c.want)
		}
	}
}

func TestADecisionOfAnotherOccasionAndAConditionCountLess(t *testing.T) {
	score := func(text string) float64 {
		ss := Analyze([]Turn{{ID: "1", Speaker: "Ada", Text: text, Thread: "t"}}).Statements
		if len(ss) == 0 {
			return 0
		}
		return ss[0].Score
	}
	plain := score("We decided to drop the old export format.")
	if past := score("Last year we decided to drop the old export format."); past >= plain {
		t.Errorf("earlier occasion %.2f, now %.2f", past, plain)
	}
	if maybe := score("If we decided to drop the old export format we would lose customers."); maybe >= plain {
		t.Errorf("supposed %.2f, said %.2f", maybe, plain)
	}
}

func TestNotesSayWhoseWordsTheyTell(t *testing.T) {
	res := Analyze([]Turn{
		{ID: "1", Text: "* Ada Example", Topic: "Attendees", Thread: "t"},
		{ID: "2", Text: "Martin suggests we should reject the two largest proposals before the next release.", Thread: "t"},
		{ID: "3", Text: "Ada to publish the list of proposals by Friday.", Thread: "t"},
	})
	if len(res.Statements) != 2 {
		t.Fatalf("%+v", res.Statements)
	}
	if s := res.Statements[0]; s.Act != Proposal || res.Cast.People[s.Person].Name != "Martin" {
		t.Errorf("%+v", s)
	}
	s := res.Statements[1]
	if s.Act != Action || s.Owner < 0 || s.Due != "by Friday" {
		t.Fatalf("%+v", s)
	}
	if got := res.Cast.People[s.Owner].Name; got != "Ada" && got != "Ada Example" {
		t.Errorf("owner is %q", got)
	}
}

func TestPeopleAreToldApart(t *testing.T) {
	names := func(speakers ...string) map[string]int {
		var turns []Turn
		for _, s := range speakers {
			turns = append(turns, Turn{Speaker: s, Text: "x"})
		}
		c := Resolve(turns)
		out := map[string]int{}
		for _, s := range speakers {
			p, ok := c.Find(s)
			if !ok {
				t.Fatalf("%q is nobody", s)
			}
			out[s] = p
		}
		return out
	}
	for _, c := range []struct {
		a, b string
		rest []string
		same bool
	}{
		{"Tim Example", "Tim", nil, true},
		{"Tim Example", "@tim", nil, true},
		{"Tim Example", "tim.example@example.org", nil, true},
		{"Tim Example", "Tim Example <tim@example.org>", nil, true},
		{"Tim Example (Payments)", "Tim Example", nil, true},
		{"Hon. Tim Example", "Mr. Tim Example", nil, true},
		{"Mr. Example", "Tim Example", nil, true},
		{"The Chair (Hon. Tim Example)", "The Chair", nil, true},
		{"Tim Example", "Tim", []string{"Tim Sample"}, false},
		{"Tim Sample", "Tim", []string{"Tim Example"}, false},
		{"Tim Example", "Ada Example", nil, false},
		{"The Acting Chair", "The Chair", nil, false},
		{"Example", "Tim Example", nil, false}, // a bare last name is no evidence
	} {
		got := names(append([]string{c.a, c.b}, c.rest...)...)
		if (got[c.a] == got[c.b]) != c.same {
			t.Errorf("%q and %q beside %v: one person is %v", c.a, c.b, c.rest, !c.same)
		}
	}
}

func TestWhoStandsAgainstWhom(t *testing.T) {
	talk := func(lines ...string) *Result {
		var turns []Turn
		for i, l := range lines {
			who, text, _ := strings.Cut(l, ": ")
			turns = append(turns, Turn{ID: string(rune('a' + i)), Speaker: who, Text: text, Thread: "t"})
		}
		return Analyze(turns)
	}
	for _, c := range []struct {
		name  string
		lines []string
		kind  Kind // "" for none
	}{
		{"disagreement", []string{"Ada: The touch screen belongs into the product.", "Ben: I don't agree, a touch screen is too expensive."}, Opposed},
		{"agreement", []string{"Ada: The touch screen belongs into the product.", "Ben: I agree, the touch screen is what people want."}, ""},
		{"double negation", []string{"Ada: Could we share the touch screen report?", "Ben: I don't see why we couldn't share the touch screen report."}, ""},
		{"no that is true", []string{"Ada: The touch screen costs us the margin.", "Ben: No, that's true, the touch screen costs too."}, ""},
		{"a question takes no side", []string{"Ada: Is this audit of the touch screen a show stopper?", "Ben: If we cannot pay for the audit of the touch screen then it's not possible."}, ""},
		{"a rhetorical question does", []string{"Ada: Isn't the touch screen what people want?", "Ben: I don't agree, a touch screen is too expensive."}, Opposed},
		{"a clause that describes", []string{"Ada: Every proposal needs an owner before the release.", "Ben: My favourite thing about this proposal is that every change that is not in the release gets an owner."}, ""},
		{"the same words as an opinion", []string{"Ada: Every proposal needs an owner before the release.", "Ben: I think that is not a good use of owners of a proposal."}, Opposed},
		{"numbers", []string{"Ada: The migration of old transfers takes two weeks.", "Cleo: Who else knows?", "Ben: The migration of old transfers takes six weeks."}, Incompatible},
		{"one person with two numbers", []string{"Ada: The migration of old transfers takes two weeks.", "Ada: The migration of old transfers takes six weeks."}, ""},
		{"other things", []string{"Ada: The migration takes two weeks.", "Ben: The holidays take six weeks."}, ""},
	} {
		got := Kind("")
		for _, x := range talk(c.lines...).Conflicts {
			got = x.Kind
		}
		if got != c.kind {
			t.Errorf("%s: got %q, want %q", c.name, got, c.kind)
		}
	}
}

func TestAnAnswerIsNoQuestionAndFromSomebodyElse(t *testing.T) {
	res := Analyze([]Turn{
		{ID: "1", Speaker: "Ada", Thread: "t", Text: "Who owns the approval screen of the export?"},
		{ID: "2", Speaker: "Ben", Thread: "t", Text: "Which approval screen do you mean?"},
		{ID: "3", Speaker: "Cleo", Thread: "t", Text: "The approval screen belongs to payments."},
		{ID: "4", Speaker: "Ada", Thread: "u", Text: "How long does the migration of transfers take?"},
	})
	got := map[int]int{}
	for _, x := range res.Answers {
		got[res.Statements[x.Statement].Turn] = x.At.Turn
	}
	if got[0] != 2 {
		t.Errorf("question 1 is answered in turn %d", got[0])
	}
	if _, ok := got[3]; ok {
		t.Error("a question nobody answered has an answer")
	}
}

// What is decided and said again at the end is one decision; another number, another
// owner or a no makes another one.
func TestWhatIsSaidTwiceIsListedOnce(t *testing.T) {
	count := func(texts ...string) (decisions, actions int) {
		var turns []Turn
		for i, text := range texts {
			turns = append(turns, Turn{ID: string(rune('a' + i)), Speaker: []string{"Ada Example", "Ben Sample"}[i%2], Thread: "t", Text: text})
		}
		for _, s := range Analyze(turns).Statements {
			switch s.Act {
			case Decision:
				decisions++
			case Action:
				actions++
			}
		}
		return decisions, actions
	}
	const filler = "The weather in the mountains was fine and the trains were full of people."
	for name, c := range map[string]struct {
		texts              []string
		decisions, actions int
	}{
		"said again":     {[]string{"We decided to move the export to the nightly job.", filler, "So to sum up, it was decided to move the export to the nightly job."}, 1, 0},
		"another number": {[]string{"We decided to keep the export logs for 30 days.", filler, "We decided to keep the export logs for 90 days."}, 2, 0},
		"the opposite":   {[]string{"We will use the nightly job for the export.", filler, "We will not use the nightly job for the export."}, 2, 0},
		"work, twice":    {[]string{"Action: Ada to write the migration guide for partners.", filler, "Action: Ada to write the migration guide for partners."}, 0, 1},
		"none was made":  {[]string{"We won't make any decision about the export today.", filler, "We did not decide about the nightly export yet."}, 0, 0},
		"another owner":  {[]string{"Action: Ada to review the migration guide.", filler, "Action: Ben to review the migration guide."}, 0, 2},
	} {
		if d, a := count(c.texts...); d != c.decisions || a != c.actions {
			t.Errorf("%s: %d decisions and %d actions, want %d and %d", name, d, a, c.decisions, c.actions)
		}
	}
}

func TestAPlainQuestionTakesNoSide(t *testing.T) {
	conflicts := func(reply string) int {
		return len(Analyze([]Turn{
			{ID: "1", Speaker: "Ada Example", Thread: "t", Text: "We should charge every partner a fee for the export of reports."},
			{ID: "2", Speaker: "Ben Sample", Thread: "t", Text: reply},
		}).Conflicts)
	}
	for reply, want := range map[string]int{
		"But you mean a fee for the export of large reports only?":             0,
		"I do not agree, a fee for the export of reports drives them away.":    1,
		"I would say no, why would we charge a fee for the export of reports?": 1,
	} {
		if got := conflicts(reply); got != want {
			t.Errorf("%q: %d conflicts, want %d", reply, got, want)
		}
	}
}
