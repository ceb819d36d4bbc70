package agents

import (
	"context"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Agent drafts one artefact from evidence.
type Agent interface {
	// Draft reads the task's evidence and returns a draft. It has no way to
	// write anything. Given the same task it returns the same bytes unless a
	// model is involved.
	Draft(ctx context.Context, t Task) (Draft, error)
}

// Task is what an agent is given to read.
type Task struct {
	Records   []evidence.Record
	Sources   []evidence.Source
	Findings  []artefact.Finding // about the data, from ingestion
	Redaction artefact.Redaction
	Sample    bool // the records are the embedded sample
	// Progress is told how far the work is; nil for nobody. It is called from
	// one goroutine at a time.
	Progress func(stage string, done, total int)
}

// Draft is an artefact before anybody has checked it.
type Draft struct {
	Kind  string // the artefact's kind, which names its contract: feedback-synthesis
	Title string
	Body  []byte // the artefact's JSON; these bytes are checked, reviewed and published
	// Taint names the untrusted texts that the draft was made from.
	Taint []string
}

// Ticket is an issue that an agent proposes to open. Whether it is opened is
// for the guardrails and a person.
type Ticket struct {
	Key   string // the same for the same matter, so that it is opened once
	Title string
	Body  string
}
