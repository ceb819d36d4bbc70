package agents

import (
	"context"
	"time"

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
	// Upstream are the artefacts of earlier agents, as they were approved or
	// published. Their citations are record ids of Records.
	Upstream []Artefact
	// Now is when the run started: what "stale" and "this week" are measured from.
	// It is journalled with the run, so that a resumed run says the same.
	Now time.Time
	// Products are the names and terms of what the workspace builds; may be empty.
	Products []Product
	// Focus is what the person asked the agent to look at: the id or label of a
	// theme of an upstream artefact; usually empty.
	Focus string
	// Progress is told how far the work is; nil for nobody. It is called from
	// one goroutine at a time.
	Progress func(stage string, done, total int)
}

// Taint says what a draft of the task has read that nobody vouches for: its
// sources, and what else is named.
func (t Task) Taint(more ...string) []string {
	var of []string
	for _, s := range t.Sources {
		of = append(of, "records of "+s.Name)
	}
	return append(of, more...)
}

// Artefact is one finished artefact that an agent builds on.
type Artefact struct {
	Kind   string // feedback-synthesis, stakeholder-landscape, problem-brief, ...
	Draft  string // id of the draft
	Digest string // of the revision's bytes
	State  string // as in handoff: approved, published, acknowledged, ...
	Body   []byte // the artefact's JSON
	// Renamed maps a record id of the artefact to the one in Task.Records, where two
	// inputs gave the same id to different records; usually empty.
	Renamed map[string]string
}

// RecordID returns the id in Task.Records of the record that the artefact calls id.
func (a Artefact) RecordID(id string) string {
	if to, ok := a.Renamed[id]; ok {
		return to
	}
	return id
}

// Product is one thing that the workspace builds, with the terms people use for it.
type Product struct {
	Name  string
	Terms []string
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
