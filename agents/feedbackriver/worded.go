package feedbackriver

import (
	"context"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/llm"
)

// worded lets the model name the themes of o. Which records belong together, and
// every number, stay as statistics and code have them.
func (a *Agent) worded(ctx context.Context, o artefact.Outline, t agents.Task) (artefact.Outline, error) {
	version, err := wording.Version()
	if err != nil {
		return o, err
	}
	name := modelName(a.o.Model.Describe())
	var progress func(done, total int)
	if t.Progress != nil {
		progress = func(done, total int) { t.Progress("Wording the themes with "+name, done, total) }
	}
	out, err := wording.New(a.o.Model).Outline(ctx, o, t.Records, progress)
	switch {
	case err == nil:
	case a.o.Offline && ctx.Err() == nil:
		o.Method.Notes = append(o.Method.Notes, "The model "+name+" was asked and failed ("+llm.AsError(err).Kind.String()+"); names and sentences are those of statistics.")
		return o, nil
	default:
		return o, err
	}
	out.Method.Analyst, out.Method.Version = name, Version+", "+version
	out.Method.Steps = append(out.Method.Steps, "A language model ("+name+") words the themes from a few records of each. It sees no more, counts nothing and moves no record. "+
		"Its words are kept only where they stand in the records: quotes word for word, no number and no amount of its own; the rest is dropped and listed.")
	if strings.HasPrefix(name, "fake:") {
		out.Method.Limits = append(out.Method.Limits, "The model is a fake for trying the checks, no language model: its names are no better than those of statistics.")
	}
	return out, nil
}

func modelName(d llm.Description) string { return d.Provider + ":" + d.Model }
