package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// ThemeEdit is a reviewer's edit as a person says it.
type ThemeEdit struct {
	Op       string
	Theme    string
	Into     string
	Label    string
	Records  []string
	Matching string // words that the records to split off hold
}

// ResolveEdit turns what a person said into an edit of the newest revision.
func (a *App) ResolveEdit(ctx context.Context, draft string, e ThemeEdit) (artefact.Edit, error) {
	out := artefact.Edit{Op: artefact.EditOp(e.Op), Theme: e.Theme, Into: e.Into, Label: e.Label, Records: e.Records}
	if e.Matching == "" {
		return out, nil
	}
	d, _, s, err := a.synthesis(ctx, draft, 0)
	if err != nil {
		return out, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return out, err
	}
	find := lookup(records)
	words := strings.Fields(strings.ToLower(e.Matching))
	for _, t := range s.Themes {
		if t.ID != e.Theme {
			continue
		}
		for _, id := range t.RecordIDs {
			r, _ := find(id)
			text := strings.ToLower(r.Text)
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
				out.Records = append(out.Records, id)
			}
		}
	}
	if len(out.Records) == 0 {
		return out, fault.New(fault.NotFound, "app.edit", "no record of theme %s holds all of: %s", e.Theme, e.Matching)
	}
	return out, nil
}

// Review performs a reviewer's act as this workspace's person.
func (a *App) Review(ctx context.Context, act handoff.Act) (handoff.Draft, handoff.Revision, error) {
	act.By = a.cfg.Principal
	var d handoff.Draft
	var rev handoff.Revision
	// A change set that no longer publishes the newest revision ends together with
	// the verdict that made it so.
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		before, err := a.db.Draft(ctx, act.Draft)
		if err != nil {
			return err
		}
		if d, rev, err = a.Handoff.Review(ctx, act); err != nil {
			return err
		}
		if before.ChangeSet != "" && d.ChangeSet == "" {
			return a.dropPlan(ctx, before.ChangeSet, "its draft "+d.ID+" has moved on: "+string(act.Verdict))
		}
		return nil
	})
	if err != nil {
		return d, rev, err
	}
	if act.Verdict == handoff.Edit {
		// The edit is stored; a report that cannot be written does not undo it.
		if _, err := a.writeReport(ctx, d.ID); err != nil {
			a.logger.WarnContext(ctx, "the report was not written again", slog.String("draft", d.ID), slog.Any("error", err))
		}
	}
	return d, rev, nil
}

// editSynthesis is the handoff.Editor of feedback syntheses.
func (a *App) editSynthesis(body, edit []byte, by string, records []evidence.Record) ([]byte, string, error) {
	var s artefact.FeedbackSynthesis
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, "", err
	}
	var e artefact.Edit
	if err := json.Unmarshal(edit, &e); err != nil {
		return nil, "", fault.Wrap(err, fault.Invalid, "app.edit", "the edit is not readable")
	}
	e.By = by
	if e.Op == artefact.Validate && strings.Contains(e.Theme, "=") && !hasAlert(s, e.Theme) {
		return nil, "", fault.New(fault.NotFound, "app.edit", "there is no alert on the segment %s", e.Theme)
	}
	find := lookup(records)
	o, note, err := s.Outline().Apply(e, func(id string) (*evidence.Record, bool) {
		r, ok := find(id)
		return &r, ok
	})
	if err != nil {
		return nil, "", err
	}
	edited, err := artefact.Compose(o, records, a.policyFor(s))
	if err != nil {
		return nil, "", err
	}
	data, err := json.Marshal(edited)
	return data, note, err
}

func hasAlert(s artefact.FeedbackSynthesis, segment string) bool {
	return slices.ContainsFunc(s.Alerts, func(a artefact.Alert) bool { return a.Segment+"="+a.Value == segment })
}

// policyFor keeps the weights that s was made with: an edit must not move ranks
// because a setting changed meanwhile.
func (a *App) policyFor(s artefact.FeedbackSynthesis) artefact.Policy {
	p := a.policy
	p.Weights, p.SegmentWeights = s.Formula.Weights, s.Formula.SegmentWeights
	return p
}
