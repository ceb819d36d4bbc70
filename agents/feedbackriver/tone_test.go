package feedbackriver

import (
	"testing"

	"roleos/internal/evidence"
)

func TestOnlyRecordsThatPraiseAndNameNoTroubleArePraise(t *testing.T) {
	for text, want := range map[string]float64{
		"Love this app":                               1,
		"I really like this app":                      1,
		"It works well on my tablet":                  1,
		"It looks like the old one":                   0,
		"Great":                                       1,
		"Excellent app, very easy to use!":            1,
		"No doubt the best app I have.":               1,
		"Love it but it crashes":                      0,
		"Not good":                                    0,
		"I don't love it":                             0,
		"Great app, please add a dark mode":           0,
		"It would be great to export the table":       0,
		"What is the best way to top up?":             0,
		"Good until the last update":                  0,
		"The export is broken again":                  0,
		"I need a good refund":                        0,
		"Thanks":                                      0,
		"":                                            0,
		"Muy bueno":                                   0,
		"Used to be great":                            0,
		"The best app. It stopped working yesterday.": 0,
	} {
		if got := praise(&evidence.Record{Text: text}); got != want {
			t.Errorf("%q: praise %v, want %v", text, got, want)
		}
	}
	low := evidence.Record{Text: "Great job!", Score: &evidence.Score{Kind: "stars", Value: 1, Max: 5}}
	if praise(&low) != 0 {
		t.Error("one star of five is taken for praise")
	}
}
