package label

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIntensityShowsItsWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The export failed again, this is urgent!":           {"failed", "urgent", "!"},
		"My card is not working":                             {"not working"},
		"I am locked out and lost all my money":              {"locked out", "lost"},
		"No problem, it works well and nothing failed":       nil,
		"How do I cancel my plan?":                           nil,
		"What a nice day, thank you!!!":                      nil,
		"I have been charged twice and still no refund":      {"charged twice", "still no", "no refund"},
		"THIS IS TERRIBLE AND BROKEN":                        {"TERRIBLE", "BROKEN", "CAPITALS"},
		"El error de la tarjeta es un problema muy grande":   nil,
		"Die Karte war leider nicht da, das ist ein Problem": nil,
		"":                             nil,
		"😡😡😡":                          nil,
		"I did not receive the e-mail": {"not receive"},
		"The page does not open, and I can't log in right now": {"not open", "can't log", "right now"},
		"I hate this slow, buggy page, fix it asap":            {"hate", "slow", "buggy", "asap"},
		"it keeps happening and they refused to help me":       {"keeps happening", "refused"},
		"the XXXX branch of XXXX did fail XXXX":                {"fail"},
		"Is it possible to delete my account?":                 nil,
		"all my files were deleted without my permission":      {"deleted", "without my permission"},
		"I am unable to log in, I was kicked out":              {"unable to", "kicked out"},
		"why is my order still pending? it has not arrived":    {"still pending", "not arrived"},
		"it does not a@b.example work and not 555 0100 work":   nil,
	} {
		score, got := Intensity(text)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
		if (score > 0) != (len(got) > 0) || score > 1 {
			t.Errorf("%q: %v with %q", text, score, got)
		}
	}
}

func TestIntensityRanks(t *testing.T) {
	order := []string{
		"How can I change my address?",
		"The page is slow.",
		"The page is slow and it crashed.",
		"The page crashed, I am locked out and it is urgent!",
		"The page crashed, I am locked out, my money was stolen, this is urgent and I am furious!!!",
	}
	last := -1.0
	for _, s := range order {
		v, words := Intensity(s)
		if v <= last {
			t.Errorf("%q scores %v (%q), not above %v", s, v, words, last)
		}
		last = v
	}
	if v, words := Intensity(strings.Repeat("it is broken and I lost everything, ", 500)); v > 1 || len(words) > maxTroubleWords+2 {
		t.Errorf("%v with %d words", v, len(words))
	}
}
