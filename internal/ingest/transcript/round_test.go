package transcript

import "testing"

func TestARoundInWhichEverybodySpeaksOnce(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"three people", "Ana: We need the export by May.\nBen Okoro: I do not think we can do that.\n\nCleo: Let's cut the scope then.\n", true},
		{"roles in brackets", "# Sync\nAna (Sales): The customers ask for it.\nBen (Support): Nobody ever asked me for it.\n", true},
		{"labels", "Budget: ten thousand is all we have.\nDate: we meet on Monday.\nPlace: the office in town.\n", false},
		{"unknown labels with values", "Venue: large hall in Bern\nColour: dark green and white\nCapacity: forty people seated\n", false},
		{"one speaker", "Ana: We need the export by May.\nAna: And I want it soon.\n", false},
		{"short values", "Ana: yes\nBen: no\n", false},
		{"prose between", "Ana: We need the export by May.\nThe others were silent for a while.\nBen: I agree with that.\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := roundOfTurns(c.text); got != c.want {
				t.Errorf("roundOfTurns = %v, want %v", got, c.want)
			}
			if c.want && Detect("txt", c.text) != Plain {
				t.Errorf("detected as %q", Detect("txt", c.text))
			}
		})
	}
}
