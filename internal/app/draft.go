package app

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"

	"roleos/agents"
	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/run"
	"roleos/internal/textmine"
)

// Kinds of run.
const (
	kindDraft   = "draft"
	kindPublish = "publish"
	kindApply   = "apply"
)

// draftInput starts a draft run. It is journalled: a resumed run starts from it.
type draftInput struct {
	Run      string            `json:"run"`
	Draft    string            `json:"draft"`
	Agent    string            `json:"agent"`
	By       string            `json:"by"`
	Contract string            `json:"contract"`
	Paths    []string          `json:"paths"`
	Sample   bool              `json:"sample"`
	Map      map[string]string `json:"map"`
	Strict   bool              `json:"strict"`
	Forget   bool              `json:"forget"`
	Settings settings          `json:"settings"`
}

// settings are those of the workspace that decide what a draft says. They are
// journalled with the run: resuming under other settings changes nothing.
type settings struct {
	Redact         bool                  `json:"redact"`
	Limits         config.Limits         `json:"limits"`
	Analyst        config.Analyst        `json:"analyst"`
	Prioritisation config.Prioritisation `json:"prioritisation"`
	Alerts         config.Alerts         `json:"alerts"`
}

func settingsOf(c config.Config) settings {
	return settings{
		Redact: c.Privacy.Redact, Limits: c.Ingest.Limits, Analyst: c.Analyst, Prioritisation: c.Prioritisation, Alerts: c.Alerts,
	}
}

// policy is what the settings mean for a synthesis.
func (s settings) policy() artefact.Policy {
	w := s.Prioritisation.Weights
	return feedbackriver.Policy(artefact.Policy{
		Weights: map[string]float64{
			artefact.FactorReach: w.Reach, artefact.FactorIntensity: w.Intensity, artefact.FactorGrowth: w.Growth,
			artefact.FactorSegmentWeight: w.SegmentWeight, artefact.FactorConfidence: w.Confidence,
		},
		SegmentWeights: s.Prioritisation.SegmentWeights,
		Q:              s.Alerts.Q, Least: s.Alerts.MinPeriodRecords, Ratio: s.Alerts.MinRatio,
	})
}

// agent returns the agent with these settings, or false when there is none of that name.
func (s settings) agent(id string) (agents.Agent, bool) {
	if id != "feedback-river" {
		return nil, false
	}
	return feedbackriver.New(feedbackriver.Options{
		Policy: s.policy(),
		Mining: textmine.Options{Seed: uint64(s.Analyst.Seed), MaxSample: s.Analyst.MaxSample, MinTheme: s.Analyst.MinTheme},
	}), true
}

// draftOutput ends a draft run.
type draftOutput struct {
	Draft      string `json:"draft"`
	Collection string `json:"collection"`
	Report     string `json:"report"`
}

// made is an agent's draft as it travels between steps: bytes by their digest.
type made struct {
	Kind  string   `json:"kind"`
	Title string   `json:"title"`
	Body  string   `json:"body"`
	Taint []string `json:"taint"`
}

// draftRun is the durable way from files to a draft that waits for review.
// Every step's result is journalled; killed anywhere, the run goes on after the
// last one.
func (a *App) draftRun(c *engine.Context, in draftInput) (draftOutput, error) {
	out := draftOutput{Draft: in.Draft}
	progress := a.watcher(in.Run)
	var err error
	out.Collection, err = step(a, c, in.Run, "collect", func(ctx context.Context) (string, error) {
		return a.collect(ctx, in, progress)
	})
	if err != nil {
		return out, err
	}
	drafted, err := step(a, c, in.Run, "draft", func(ctx context.Context) (made, error) {
		return a.draft(ctx, in, out.Collection, progress)
	})
	if err != nil {
		return out, err
	}
	_, err = step(a, c, in.Run, "check", func(ctx context.Context) (string, error) {
		progress("Checking the contract", 0, 0)
		return a.submit(ctx, in, out.Collection, drafted)
	})
	if err != nil {
		return out, err
	}
	out.Report, err = step(a, c, in.Run, "report", func(ctx context.Context) (string, error) {
		progress("Writing the report", 0, 0)
		return a.writeReport(ctx, in.Draft)
	})
	if err != nil {
		return out, err
	}
	_, err = engine.Tx(c, "finish", func(ctx context.Context) (string, error) {
		return "", a.end(ctx, in.Run, run.Succeeded, "")
	})
	return out, err
}

// step journals one step of a run under its name.
func step[T any](a *App, c *engine.Context, runID, name string, f func(context.Context) (T, error)) (T, error) {
	return engine.Step(c, name, func(ctx context.Context) (T, error) {
		var zero T
		if err := a.db.SetStep(ctx, runID, name); err != nil {
			return zero, err
		}
		return f(ctx)
	})
}

func (a *App) draft(ctx context.Context, in draftInput, digest string, progress func(string, int, int)) (made, error) {
	c, err := a.collection(ctx, digest)
	if err != nil {
		return made{}, err
	}
	records, err := a.Records(ctx, c.Set)
	if err != nil {
		return made{}, err
	}
	ag, ok := in.Settings.agent(in.Agent)
	if !ok {
		return made{}, fault.New(fault.NotFound, "app.draft", "there is no agent %q", in.Agent)
	}
	d, err := ag.Draft(ctx, agents.Task{
		Records: records, Sources: c.Sources, Findings: c.Findings, Redaction: c.Redaction, Sample: c.Sample, Progress: progress,
	})
	if err != nil {
		return made{}, err
	}
	body, err := a.db.PutBlob(ctx, d.Body)
	return made{Kind: d.Kind, Title: d.Title, Body: body, Taint: d.Taint}, err
}

func (a *App) submit(ctx context.Context, in draftInput, collection string, d made) (string, error) {
	c, err := a.collection(ctx, collection)
	if err != nil {
		return "", err
	}
	body, err := a.db.Blob(ctx, d.Body)
	if err != nil {
		return "", err
	}
	_, rev, err := a.Handoff.Submit(ctx, handoff.Submission{
		ID: in.Draft, Kind: d.Kind, Title: d.Title, Agent: in.Agent, Run: in.Run, Records: c.Set, Contract: in.Contract, Body: body,
	})
	return rev.Digest, err
}

// writeReport renders the newest revision to the report folder; writing it twice is once.
func (a *App) writeReport(ctx context.Context, draft string) (string, error) {
	v, err := a.View(ctx, draft, 0)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := report.HTML(&page, v); err != nil {
		return "", err
	}
	path := filepath.Join(a.cfg.ReportDir(), draft+".html")
	return path, writeFile(path, page.Bytes())
}

// RunRequest starts an agent.
type RunRequest struct {
	Agent  string
	Paths  []string // files and folders; not with Sample
	Sample bool     // read the embedded sample
	Map    map[string]string
	Forget bool // find columns anew, whatever was mapped before
	Strict bool // the first bad row stops the run
	// Progress is told how far the work is; nil for nobody.
	Progress func(stage string, done, total int)
}

// Outcome is what a run ended with.
type Outcome struct {
	Run        run.Run
	Draft      handoff.Draft
	Report     string // path of the HTML report
	Collection Collection
}

// Run drafts with an agent and waits for the draft.
func (a *App) Run(ctx context.Context, r RunRequest) (Outcome, error) {
	manifest, err := agents.Find(r.Agent)
	if err != nil {
		return Outcome{}, err
	}
	contract, err := a.gate.Pin(manifest.Output.Contract)
	if err != nil {
		return Outcome{}, err
	}
	in := draftInput{
		Run: a.newID("run"), Draft: a.newID("fs"), Agent: r.Agent, By: a.cfg.Principal, Contract: contract,
		Sample: r.Sample, Map: r.Map, Forget: r.Forget, Strict: r.Strict, Settings: settingsOf(a.cfg),
	}
	for _, p := range r.Paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return Outcome{}, err
		}
		in.Paths = append(in.Paths, abs)
	}
	input, err := json.Marshal(in)
	if err != nil {
		return Outcome{}, err
	}
	now := a.now()
	record := run.Run{
		ID: in.Run, Kind: kindDraft, Agent: in.Agent, Status: run.Running, Input: input, Draft: in.Draft,
		StartedBy: in.By, CreatedAt: now, UpdatedAt: now,
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.db.SaveRun(ctx, record, nil); err != nil {
			return err
		}
		return a.log.Append(ctx, "run.started", in.By, in.Run, map[string]any{"agent": in.Agent, "contract": contract, "sample": in.Sample, "files": len(in.Paths)})
	})
	if err != nil {
		return Outcome{}, err
	}
	a.watch(in.Run, r.Progress)
	if err := a.drafting.Start(ctx, in.Run, in); err != nil {
		return Outcome{}, err
	}
	return a.await(ctx, in.Run)
}

// await waits for a draft run and notes how it ended.
func (a *App) await(ctx context.Context, id string) (Outcome, error) {
	out, err := a.drafting.Wait(ctx, id)
	a.unwatch(id)
	if err != nil {
		return Outcome{}, a.fail(ctx, id, err)
	}
	r, err := a.db.Run(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	d, err := a.db.Draft(ctx, out.Draft)
	if err != nil {
		return Outcome{}, err
	}
	c, err := a.collection(ctx, out.Collection)
	return Outcome{Run: r, Draft: d, Report: out.Report, Collection: c}, err
}
