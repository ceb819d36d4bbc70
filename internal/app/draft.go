package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/prompts"
)

// Kinds of run.
const (
	kindDraft   = "draft"
	kindPublish = "publish"
	kindApply   = "apply"
	kindRelease = "release"
)

// draftInput starts a draft run. It is journalled: a resumed run starts from it.
type draftInput struct {
	Run      string            `json:"run"`
	Draft    string            `json:"draft"`
	Agent    string            `json:"agent"`
	By       string            `json:"by"`
	Contract string            `json:"contract"`
	Paths    []string          `json:"paths"`
	Uploads  []Upload          `json:"uploads,omitempty"`
	Sample   bool              `json:"sample"`
	Map      map[string]string `json:"map"`
	Strict   bool              `json:"strict"`
	Forget   bool              `json:"forget"`
	Settings settings          `json:"settings"`
	Upstream []upstream        `json:"upstream,omitempty"` // what the agent builds on
	Now      time.Time         `json:"now"`                // when the run started
	Focus    string            `json:"focus,omitempty"`    // what to look at
}

// upstream pins a revision that an agent builds on.
type upstream struct {
	Draft    string `json:"draft"`
	Revision int    `json:"revision"`
	Digest   string `json:"digest"`
	Kind     string `json:"kind"`
	State    string `json:"state"`
	Records  string `json:"records"`
}

// settings are those of the workspace that decide what a draft says. They are
// journalled with the run: resuming under other settings changes nothing.
type settings struct {
	Redact         bool                  `json:"redact"`
	Limits         config.Limits         `json:"limits"`
	Analyst        config.Analyst        `json:"analyst"`
	Prioritisation config.Prioritisation `json:"prioritisation"`
	Alerts         config.Alerts         `json:"alerts"`
	Model          config.Model          `json:"model"` // says where its key is, and holds none
	Products       map[string][]string   `json:"products,omitempty"`
	Feeds          config.Feeds          `json:"feeds"`
}

func settingsOf(c config.Config) settings {
	return settings{
		Redact: c.Privacy.Redact, Limits: c.Ingest.Limits, Analyst: c.Analyst, Prioritisation: c.Prioritisation, Alerts: c.Alerts, Model: c.Model,
		Products: c.Products, Feeds: c.Ingest.Feeds,
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

// draftOutput ends a draft run.
type draftOutput struct {
	Draft      string `json:"draft"`
	Collection string `json:"collection"`
	Report     string `json:"report"`
	Asked      *Asked `json:"asked,omitempty"`
}

// made is an agent's draft as it travels between steps: bytes by their digest.
type made struct {
	Kind  string   `json:"kind"`
	Title string   `json:"title"`
	Body  string   `json:"body"`
	Taint []string `json:"taint"`
	Asked *Asked   `json:"asked,omitempty"` // what a model was asked for it
}

// draftRun is the durable way from files to a draft that waits for review.
// Every step's result is journalled; killed anywhere, the run goes on after the
// last one.
func (a *App) draftRun(c *engine.Context, in draftInput) (draftOutput, error) {
	out, err := a.draftSteps(c, in)
	if err != nil {
		// Nobody may be waiting. When the process is ending this is not journalled
		// either, and the run goes on elsewhere.
		_, _ = engine.Tx(c, "failed", func(ctx context.Context) (string, error) {
			return "", a.end(ctx, in.Run, run.Failed, err.Error())
		})
	}
	return out, err
}

func (a *App) draftSteps(c *engine.Context, in draftInput) (draftOutput, error) {
	out := draftOutput{Draft: in.Draft}
	progress := a.watcher(in.Run)
	var err error
	out.Collection, err = step(a, c, in.Run, "collect", whileRunning(a, func(ctx context.Context) (string, error) {
		return a.collect(ctx, in, progress)
	}))
	if err != nil {
		return out, err
	}
	drafted, err := step(a, c, in.Run, "draft", whileRunning(a, func(ctx context.Context) (made, error) {
		return a.draft(ctx, in, out.Collection, progress)
	}))
	if err != nil {
		return out, err
	}
	_, err = step(a, c, in.Run, "check", func(ctx context.Context) (string, error) {
		if err := a.mayRun(ctx); err != nil {
			return "", err
		}
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
	out.Asked = drafted.Asked
	_, err = engine.Tx(c, "finish", func(ctx context.Context) (string, error) {
		if drafted.Asked != nil {
			if err := a.log.Append(ctx, "model.asked", "agent:"+in.Agent, in.Run, drafted.Asked.audit()); err != nil {
				return "", err
			}
		}
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
	model, err := a.model(ctx, in)
	if err != nil {
		return made{}, err
	}
	ag, ok := in.Settings.agent(in.Agent, model.generator(), prompts.Set{})
	if !ok {
		return made{}, fault.New(fault.NotFound, "app.draft", "there is no agent %q", in.Agent)
	}
	built, err := a.upstream(ctx, in.Upstream, c.Renamed)
	if err != nil {
		return made{}, err
	}
	d, err := ag.Draft(ctx, agents.Task{
		Records: records, Sources: c.Sources, Findings: c.Findings, Redaction: c.Redaction, Sample: c.Sample,
		Upstream: built, Now: in.Now, Products: in.Settings.products(), Focus: in.Focus, Progress: progress,
	})
	if err != nil {
		return made{}, model.explain(err)
	}
	asked := model.asked(d.Body)
	if asked != nil && a.modelDropped != nil {
		a.modelDropped(in.Agent, asked.Dropped)
	}
	body, err := a.db.PutBlob(ctx, d.Body)
	return made{Kind: d.Kind, Title: d.Title, Body: body, Taint: d.Taint, Asked: asked}, err
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
	if err != nil {
		return "", err
	}
	return rev.Digest, a.noteModes(ctx, in.Agent, in.Draft, rev.Digest)
}

// writeReport renders the newest revision to the report folder; writing it twice is once.
func (a *App) writeReport(ctx context.Context, draft string) (string, error) {
	v, err := a.View(ctx, draft, 0)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := v.HTML(&page); err != nil {
		return "", err
	}
	path := filepath.Join(a.cfg.ReportDir(), draft+".html")
	return path, writeFile(path, page.Bytes())
}

// RunRequest starts an agent.
type RunRequest struct {
	// ID names the run, so that beginning it twice is once. Default: a new name.
	ID    string
	Agent string
	Paths []string // files and folders; not with Sample
	// Uploads are files that were stored before, for a service whose replicas share
	// no disk.
	Uploads []Upload
	From    []string // drafts that the agent builds on; their records are read too
	Sample  bool     // read the embedded sample
	Map     map[string]string
	Forget  bool   // find columns anew, whatever was mapped before
	Strict  bool   // the first bad row stops the run
	Focus   string // what to look at, for an agent that chooses
	// Progress is told how far the work is; nil for nobody.
	Progress func(stage string, done, total int)
}

// Outcome is what a run ended with.
type Outcome struct {
	Run        run.Run
	Draft      handoff.Draft
	Report     string // path of the HTML report
	Collection Collection
	Asked      *Asked // what a model was asked; nil without one
}

// Run drafts with an agent and waits for the draft.
func (a *App) Run(ctx context.Context, r RunRequest) (Outcome, error) {
	record, stop, err := a.begin(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	defer stop()
	return a.await(ctx, record.ID)
}

// Begin starts an agent and returns as soon as its run is durable; Follow shows
// how it goes on.
func (a *App) Begin(ctx context.Context, r RunRequest) (run.Run, error) {
	r.Progress = nil
	record, _, err := a.begin(ctx, r)
	return record, err
}

// begin starts an agent; stop ends telling r.Progress.
func (a *App) begin(ctx context.Context, r RunRequest) (record run.Run, stop func(), err error) {
	if was, err := a.begun(ctx, r); err != nil || was.ID != "" {
		return was, a.watch(was.ID, r.Progress), err
	}
	if err := a.member(ctx); err != nil {
		return run.Run{}, nil, err
	}
	if r.Uploads, err = a.uploaded(ctx, r.Uploads); err != nil {
		return run.Run{}, nil, err
	}
	manifest, err := agents.Find(r.Agent)
	if err != nil {
		return run.Run{}, nil, err
	}
	if r.Sample && manifest.Output.Artefact != feedbackriver.Kind {
		return run.Run{}, nil, a.noSample(manifest)
	}
	if err := a.Vouched(ctx, agentSubject(manifest)); err != nil {
		return run.Run{}, nil, err
	}
	contract, err := a.gate.Pin(manifest.Output.Contract)
	if err != nil {
		return run.Run{}, nil, err
	}
	k, ok := a.kinds()[manifest.Output.Artefact]
	if !ok {
		return run.Run{}, nil, fault.New(fault.Internal, "app.run", "%s drafts a %s, which nothing here can show", manifest.Name, manifest.Output.Artefact)
	}
	built, err := a.pinUpstream(ctx, r.From)
	if err != nil {
		return run.Run{}, nil, err
	}
	in := draftInput{
		Run: cmp.Or(r.ID, a.newID("run")), Draft: a.draftID(k.Prefix, r.ID), Agent: r.Agent, By: a.actor(ctx), Contract: contract, Upstream: built, Now: a.now().UTC(),
		Sample: r.Sample, Map: r.Map, Forget: r.Forget, Strict: r.Strict, Uploads: r.Uploads, Focus: r.Focus, Settings: settingsOf(a.cfg),
	}
	for _, p := range r.Paths {
		abs, err := absolute(p)
		if err != nil {
			return run.Run{}, nil, err
		}
		in.Paths = append(in.Paths, abs)
	}
	input, err := json.Marshal(in)
	if err != nil {
		return run.Run{}, nil, err
	}
	now := a.now()
	record = run.Run{
		ID: in.Run, Kind: kindDraft, Agent: in.Agent, Status: run.Running, Input: input, Draft: in.Draft,
		StartedBy: in.By, CreatedAt: now, UpdatedAt: now,
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.db.SaveRun(ctx, record, nil); err != nil {
			return err
		}
		return a.log.Append(ctx, "run.started", in.By, in.Run, map[string]any{"agent": in.Agent, "contract": contract, "sample": in.Sample, "files": len(in.Paths) + len(in.Uploads)})
	})
	if err != nil {
		return run.Run{}, nil, err
	}
	stop = a.watch(in.Run, r.Progress)
	if err := a.drafting.Start(ctx, in.Run, in); err != nil {
		stop()
		return record, nil, err
	}
	return record, stop, nil
}

// noSample refuses the embedded sample, which holds feedback, to an agent that
// reads something else, and says what to give it.
func (a *App) noSample(m agents.Manifest) error {
	var reads []string
	give := "--in PATH"
	for _, in := range m.Inputs {
		reads = append(reads, in.Name+" ("+strings.Join(in.Formats, ", ")+")")
		if slices.ContainsFunc(in.Formats, func(f string) bool { _, is := a.kinds()[f]; return is }) {
			give = "--from DRAFT [--in PATH]"
		}
	}
	return fault.New(fault.Invalid, "app.run", "the embedded sample is customer feedback, and %s does not draft from that; it reads %s", m.Name, strings.Join(reads, "; ")).
		WithMend("Give it such input: roleos run %s %s\nThe sample is for: roleos run feedback-river --sample", m.ID, give)
}

// await waits for a draft run and notes how it ended.
func (a *App) await(ctx context.Context, id string) (Outcome, error) {
	out, err := a.drafting.Wait(ctx, id)
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
	if err := a.release(ctx, d); err != nil {
		return Outcome{}, err
	}
	if d, err = a.db.Draft(ctx, out.Draft); err != nil {
		return Outcome{}, err
	}
	c, err := a.collection(ctx, out.Collection)
	return Outcome{Run: r, Draft: d, Report: out.Report, Collection: c, Asked: out.Asked}, err
}
