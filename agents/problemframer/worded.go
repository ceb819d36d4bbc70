package problemframer

import (
	"context"
	"fmt"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/llm"
)

// mostSentences is how many sentences a model may put around data points.
const mostSentences = 3

// worded lets a model word the problem from the data points of the brief that o
// gives. Which data points there are, and every number, stay.
func (a *Agent) worded(ctx context.Context, o *brief.Outline, t agents.Task) (taint []string, err error) {
	if a.o.Wording.Model == nil {
		return nil, nil
	}
	b, err := brief.Compose(*o, t.Records)
	if err != nil || b.Problem.ThemeID == "" || len(b.Evidence) == 0 {
		return nil, err // there is nothing to word, or Compose says it again
	}
	job := wording.Job{
		Stage: "Wording the problem", Prompts: []string{"word-problem", "find-evidence"}, Progress: t.Progress,
		Step: "words the problem in sentences that data points of this brief end, and looks through the feedback for records that say it in other words, " +
			"which count only when a person takes them. How many have the problem is said by code.",
	}
	return a.o.Wording.Word(ctx, job, &o.Method, &o.Rejected, func(ctx context.Context, d *wording.Desk) error {
		said, err := sentences(ctx, d, b, t.Records)
		if err != nil {
			return err
		}
		found, err := suggestions(ctx, d, b, t.Records)
		if err != nil {
			return err
		}
		by := d.By()
		if len(said) > 0 {
			o.Worded = &brief.Worded{Theme: b.Problem.ThemeID, Sentences: said, By: by}
		}
		told := map[string]bool{}
		for _, e := range b.Evidence {
			told[strings.ToLower(e.Quote.Text)] = true
		}
		for _, q := range found {
			words := strings.ToLower(q.Text)
			if told[words] {
				continue // the same words once more are no other words
			}
			told[words] = true
			o.Suggested = append(o.Suggested, brief.Suggestion{ID: brief.NewID("su", q.RecordID, q.Text), Theme: b.Problem.ThemeID, Record: q.RecordID, Text: q.Text, Model: by})
		}
		return nil
	})
}

func sentences(ctx context.Context, d *wording.Desk, b brief.ProblemBrief, records []evidence.Record) ([]brief.Sentence, error) {
	record := map[string]*evidence.Record{}
	for i := range records {
		record[records[i].ID] = &records[i]
	}
	m := wording.Matter{Title: b.Problem.Label}
	sheet := wording.Sheet{}
	point := map[string]brief.Datum{}
	var handles []string
	for i, e := range b.Evidence {
		text := wording.Unmasked(record[e.Record])[e.Quote.Start:e.Quote.End]
		handle := fmt.Sprintf("E%d.%s", i+1, e.Kind)
		m.Texts, handles, point[handle] = append(m.Texts, text), append(handles, fmt.Sprintf("E%d", i+1)), e
		sheet.Blocks = append(sheet.Blocks, wording.Block(handle, text))
	}
	sheet.Values = map[string]string{"points": strings.Join(handles, ", ")}
	type answer struct {
		Sentences []struct{ Before, Block string }
	}
	answers, err := wording.Ask[answer](ctx, d, "word-problem", []wording.Sheet{sheet})
	if err != nil || answers[0] == nil {
		return nil, err
	}
	var out []brief.Sentence
	used := map[string]bool{}
	for _, s := range answers[0].Sentences {
		e, ok := point[s.Block]
		switch {
		case !ok:
			d.Reject(s.Before, "It stands on a data point %q that was not given.", s.Block)
		case used[e.ID]:
			d.Reject(s.Before, "Another sentence stands on the same data point.")
		case len(out) == mostSentences:
			d.Reject(s.Before, "It is more than was asked for.")
		default:
			used[e.ID] = true
			out = append(out, brief.Sentence{Before: m.Before(d, s.Before, e.Quote.Text), Evidence: e.ID})
		}
	}
	return out, nil
}

// suggestions lets a model look through the counted feedback for records that say
// the problem and are no data points yet.
func suggestions(ctx context.Context, d *wording.Desk, b brief.ProblemBrief, records []evidence.Record) ([]evidence.Quote, error) {
	cited := map[string]bool{}
	known := []llm.Block{wording.Block("P.name", b.Problem.Label)}
	record := map[string]*evidence.Record{}
	for i := range records {
		record[records[i].ID] = &records[i]
	}
	for i, e := range b.Evidence {
		cited[e.Record] = true
		known = append(known, wording.Block(fmt.Sprintf("E%d", i+1), wording.Unmasked(record[e.Record])[e.Quote.Start:e.Quote.End]))
	}
	var others []*evidence.Record
	for _, th := range b.Themes {
		for _, id := range th.RecordIDs {
			if r := record[id]; r != nil && !cited[id] {
				others = append(others, r)
			}
		}
	}
	return wording.Look(ctx, d, "find-evidence", known, others)
}
