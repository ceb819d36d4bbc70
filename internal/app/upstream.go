package app

import (
	"context"
	"fmt"
	"slices"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/ingest"
	"roleos/prompts"
)

// reviewed are the states in which a draft may be built on: a person said yes to it.
//
//nolint:gochecknoglobals // an immutable table
var reviewed = []handoff.State{handoff.Approved, handoff.Published, handoff.Acknowledged, handoff.Started, handoff.Closed}

// pinUpstream resolves the drafts that a run builds on to their newest
// revisions. A draft that nobody approved feeds nothing.
func (a *App) pinUpstream(ctx context.Context, drafts []string) ([]upstream, error) {
	var out []upstream
	for _, id := range drafts {
		d, err := a.db.Draft(ctx, id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(reviewed, d.State) {
			return nil, fault.New(fault.Denied, "app.from", "draft %s is %s; what a person has not approved feeds no other draft", id, d.State).
				WithMend("First: roleos review approve %s", id)
		}
		rev, err := a.db.Revision(ctx, id, 0)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(u upstream) bool { return u.Draft == id }) {
			continue
		}
		out = append(out, upstream{Draft: id, Revision: rev.N, Digest: rev.Digest, Kind: d.Kind, State: string(d.State), Records: d.Records})
	}
	return out, nil
}

// join adds the records of the upstream drafts to what was read, so that every
// citation of the new draft has its record in one set. The same record of two
// drafts is one; two records of one id keep it for the first, and the maps it
// returns say, by draft, how the others are called.
func (a *App) join(ctx context.Context, read *ingest.Result, built []upstream) (map[string]map[string]string, error) {
	if len(built) == 0 {
		return nil, nil
	}
	// Upstream records come first: their ids are cited already.
	own := *read
	read.Sources, read.Records = nil, nil
	read.Originals = map[string]string{}
	have := map[string]int{}
	sources := map[string]bool{}
	add := func(r evidence.Record, original string) string {
		id := r.ID
		for n := 2; ; n++ {
			i, taken := have[id]
			if !taken {
				break
			}
			if same := read.Records[i]; same.Source == r.Source && same.Text == r.Text && same.Origin == r.Origin {
				return id
			}
			id = fmt.Sprintf("%s~%d", r.ID, n)
		}
		r.ID = id
		have[id] = len(read.Records)
		read.Records = append(read.Records, r)
		if original != "" {
			read.Originals[id] = original
		}
		return id
	}
	addSources := func(all []evidence.Source) {
		for _, s := range all {
			if !sources[s.ID] {
				sources[s.ID] = true
				read.Sources = append(read.Sources, s)
			}
		}
	}
	renamed := map[string]map[string]string{}
	for _, u := range built {
		all, err := a.db.Sources(ctx, u.Records)
		if err != nil {
			return nil, err
		}
		addSources(all)
		records, err := a.Records(ctx, u.Records)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			original := ""
			if len(r.Masks) > 0 {
				if original, err = a.db.Original(ctx, u.Records, r.ID); err != nil {
					return nil, err
				}
			}
			if id := add(r, original); id != r.ID {
				if renamed[u.Draft] == nil {
					renamed[u.Draft] = map[string]string{}
				}
				renamed[u.Draft][r.ID] = id
			}
		}
	}
	addSources(own.Sources)
	for _, r := range own.Records {
		add(r, own.Originals[r.ID])
	}
	return renamed, nil
}

// upstream gives an agent the pinned revisions.
func (a *App) upstream(ctx context.Context, built []upstream, renamed map[string]map[string]string) ([]agents.Artefact, error) {
	var out []agents.Artefact
	for _, u := range built {
		rev, err := a.db.Revision(ctx, u.Draft, u.Revision)
		if err != nil {
			return nil, err
		}
		out = append(out, agents.Artefact{
			Kind: u.Kind, Draft: u.Draft, Digest: u.Digest, State: u.State, Body: rev.Body, Renamed: renamed[u.Draft],
		})
	}
	return out, nil
}

// Rehearsal says what an agent drafts in memory from.
type Rehearsal struct {
	Agent    string // "" only reads the input
	Paths    []string
	From     []string // approved drafts that it builds on
	Map      map[string]string
	Focus    string
	Hide     func(column string) bool // columns that the agent must not see; nil hides none
	Model    *config.Model            // asked instead of the configured one; nil for that
	Prompts  prompts.Set              // that it is asked with
	Fresh    bool                     // what was answered before is asked again, to see what it costs
	Progress func(stage string, done, total int)
}

// Rehearsed is what a rehearsal gave.
type Rehearsed struct {
	Body  []byte         // the draft's JSON; empty when only the input was read
	Read  *ingest.Result // what it was drafted from
	Asked *Asked         // what a model was asked; nil without one
}

// Rehearse drafts with an agent and stores nothing: neither records nor draft.
// What a model answers is kept, as in any run, and counted in the accounts.
func (a *App) Rehearse(ctx context.Context, r Rehearsal) (Rehearsed, error) {
	const op = "app.rehearse"
	s := settingsOf(a.cfg)
	if r.Model != nil {
		s.Model = *r.Model
	}
	read := &ingest.Result{Masked: map[string]int{}}
	var err error
	if len(r.Paths) > 0 {
		if read, err = ingest.Read(ctx, r.Paths, ingest.Options{Map: r.Map, Redact: s.Redact, Limits: ingest.Limits(s.Limits)}); err != nil {
			return Rehearsed{}, err
		}
	}
	if r.Agent == "" {
		return Rehearsed{Read: read}, nil
	}
	model, err := a.model(ctx, draftInput{Run: a.newID("eval"), Agent: r.Agent, Settings: s})
	if err != nil {
		return Rehearsed{}, err
	}
	if model != nil && r.Fresh {
		model.session.Fresh()
	}
	ag, ok := s.agent(r.Agent, model.generator(), r.Prompts)
	if !ok {
		return Rehearsed{}, fault.New(fault.NotFound, op, "there is no agent %q", r.Agent)
	}
	built, err := a.pinUpstream(ctx, r.From)
	if err != nil {
		return Rehearsed{}, err
	}
	renamed, err := a.join(ctx, read, built)
	if err != nil {
		return Rehearsed{}, err
	}
	ups, err := a.upstream(ctx, built, renamed)
	if err != nil {
		return Rehearsed{}, err
	}
	if len(read.Records) == 0 {
		return Rehearsed{}, fault.New(fault.Invalid, op, "there is nothing to draft from").WithMend("Name the input with --in PATH.")
	}
	if r.Hide != nil {
		for i := range read.Records {
			hidden := func(x evidence.Attr) bool { return r.Hide(x.Name) }
			read.Records[i].Segments = slices.DeleteFunc(slices.Clone(read.Records[i].Segments), hidden)
			read.Records[i].Fields = slices.DeleteFunc(slices.Clone(read.Records[i].Fields), hidden)
		}
	}
	d, err := ag.Draft(ctx, agents.Task{
		Records: read.Records, Sources: read.Sources, Redaction: artefact.Redaction{On: s.Redact, Masked: read.Masked},
		Upstream: ups, Now: a.now().UTC(), Products: s.products(), Focus: r.Focus, Progress: r.Progress,
	})
	if err != nil {
		return Rehearsed{}, model.explain(err)
	}
	return Rehearsed{Body: d.Body, Read: read, Asked: model.asked(d.Body)}, nil
}
