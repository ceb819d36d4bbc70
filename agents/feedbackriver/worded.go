package feedbackriver

import (
	"context"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
)

// worded lets a model name the themes of o. Which records belong together, and
// every number, stay as statistics and code have them.
func (a *Agent) worded(ctx context.Context, o *artefact.Outline, t agents.Task) (taint []string, err error) {
	job := wording.Job{
		Stage: "Wording the themes", Prompts: []string{"name-themes", "find-overlaps"}, Progress: t.Progress,
		Step: "words the themes from a few records of each, and sees no more.",
	}
	return a.o.Wording.Word(ctx, job, &o.Method, &o.Rejected, func(ctx context.Context, d *wording.Desk) error {
		return wording.Outline(ctx, d, o, t.Records)
	})
}
