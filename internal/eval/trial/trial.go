package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/eval"
	"roleos/internal/fault"
	"roleos/internal/ingest"
	"roleos/prompts"
)

// MaxFile is the largest gold set or saved artefact that is read, in bytes.
const MaxFile = 256 << 20

// Request says what to score against what.
type Request struct {
	Agent    string
	Paths    []string // input for the agent
	From     []string // approved drafts that it builds on
	Map      map[string]string
	Focus    string
	Artefact string        // file with an artefact to score instead of running the agent; its input is still named
	Gold     string        // file with the labels
	Seed     uint64        // of the resampling; 0 is 1
	Model    *config.Model // asked instead of the configured one; nil for that
	Prompts  prompts.Set   // that it is asked with
	Fresh    bool          // ask again what was answered before
	Now      func() time.Time
	Progress func(stage string, done, total int)
}

// Rehearser drafts in memory; *app.App does.
type Rehearser interface {
	Rehearse(ctx context.Context, r app.Rehearsal) (app.Rehearsed, error)
}

// Run drafts with an agent, or takes a draft from a file, and scores it against a
// gold set. Nothing is stored.
func Run(ctx context.Context, by Rehearser, r Request) (eval.Report, error) {
	out := eval.Report{Agent: r.Agent, Seed: r.Seed}
	manifest, err := agents.Find(r.Agent)
	if err != nil {
		return out, err
	}
	gold, err := readBounded(r.Gold)
	if err != nil {
		return out, err
	}
	sum := sha256.Sum256(gold)
	out.Gold = "sha256:" + hex.EncodeToString(sum[:])
	rehearsal := app.Rehearsal{
		Agent: r.Agent, Paths: r.Paths, From: r.From, Map: r.Map, Focus: r.Focus, Hide: eval.IsLabel, Progress: r.Progress,
		Model: r.Model, Prompts: r.Prompts, Fresh: r.Fresh,
	}
	if r.Artefact != "" {
		rehearsal.Agent = ""
	}
	began := r.Now()
	got, err := by.Rehearse(ctx, rehearsal)
	if err != nil {
		return out, err
	}
	took := r.Now().Sub(began)
	body, read := got.Body, got.Read
	if r.Artefact != "" {
		if body, err = readBounded(r.Artefact); err != nil {
			return out, err
		}
	}
	for _, src := range read.Sources {
		out.Input = append(out.Input, src.Digest)
	}
	var made struct {
		Method artefact.Method `json:"method"`
	}
	if err := json.Unmarshal(body, &made); err != nil {
		return out, fault.Wrap(err, fault.Invalid, "eval.run", "the artefact is not readable")
	}
	if r.Artefact == "" {
		out.Spent = spent(got.Asked, took)
	}
	out.Analyst = strings.TrimSpace(made.Method.Analyst + " " + made.Method.Version)
	if out, err = scored(out, manifest.Output.Artefact, r.Gold, gold, body, read); err != nil {
		return out, err
	}
	out.Finish()
	return out, nil
}

func spent(a *app.Asked, took time.Duration) *eval.Spent {
	out := &eval.Spent{By: "offline", Says: "no calls", Millis: took.Milliseconds()}
	if a != nil {
		out.By, out.Calls, out.FromStore, out.Tokens, out.Says, out.Dropped = a.Model, a.Calls, a.Cached, a.Tokens, a.Cost, a.Dropped
	}
	return out
}

// scored fills in the outcomes, by what the artefact and the gold set are.
func scored(out eval.Report, kind, name string, gold, body []byte, read *ingest.Result) (eval.Report, error) {
	base := filepath.Base(name)
	if kind == "feedback-synthesis" && !strings.HasPrefix(strings.TrimSpace(string(gold)), "{") {
		labels, err := eval.ParseLabels(base, gold)
		if err != nil {
			return out, err
		}
		out.Method = eval.Grouping
		out.Outcomes, out.Notes, err = eval.Themes(body, labels)
		return out, err
	}
	noted, err := eval.ParseNoted(base, gold)
	if err != nil {
		return out, err
	}
	out.Method = eval.Finding
	if noted[0].At != "" {
		out.Outcomes, err = eval.Items(body, noted)
		return out, err
	}
	if kind != "stakeholder-landscape" {
		return out, fault.New(fault.Invalid, "eval.run", "the gold lines of a %s need a place", kind).
			WithMend("Give each line a place in the artefact: {\"at\": \"/constraints/*/text\", \"text\": \"...\"}")
	}
	sources := map[string]string{}
	for _, s := range read.Sources {
		sources[s.ID] = s.Name
	}
	out.Outcomes, err = eval.Statements(body, noted, read.Records, func(id string) string { return sources[id] })
	return out, err
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.NotFound, "eval.run", "cannot read %s", path)
	}
	if info.Size() > MaxFile {
		return nil, fault.New(fault.Invalid, "eval.run", "%s has %d bytes, at most %d are read", path, info.Size(), MaxFile)
	}
	return os.ReadFile(path)
}
