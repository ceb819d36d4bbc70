package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"roleos/agents/feedbackriver"
	"roleos/contracts"
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
	before, err := a.db.Draft(ctx, draft)
	if err != nil {
		return artefact.Edit{}, err
	}
	if before.Kind != feedbackriver.Kind {
		return artefact.Edit{}, fault.New(fault.Invalid, "app.edit", "draft %s is a %s; it has no themes", draft, before.Kind).
			WithMend("Edit it with: roleos review change %s OP KEY=VALUE (see roleos review change --help)", draft)
	}
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
func (a *App) Review(ctx context.Context, act handoff.Act) (d handoff.Draft, rev handoff.Revision, err error) {
	if err := a.member(ctx); err != nil {
		return handoff.Draft{}, handoff.Revision{}, err
	}
	act.By = a.actor(ctx)
	if err := a.ownRestore(ctx, act); err != nil {
		return handoff.Draft{}, handoff.Revision{}, err
	}
	defer func() { err = a.spelled(ctx, act.Draft, err) }()
	// A change set that no longer publishes the newest revision ends together with
	// the verdict that made it so.
	err = a.db.InTx(ctx, func(ctx context.Context) error {
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
	s, err := parseSynthesis(body)
	if err != nil {
		return nil, "", err
	}
	var e artefact.Edit
	if err := json.Unmarshal(edit, &e); err != nil {
		return nil, "", fault.Wrap(err, fault.Invalid, "app.edit", "the edit is not readable")
	}
	e.By = by
	if e.Op == restore {
		var r restoring
		if err := json.Unmarshal(edit, &r); err != nil {
			return nil, "", fault.Wrap(err, fault.Invalid, "app.edit", "the edit is not readable")
		}
		return a.restoreSynthesis(r, records)
	}
	if e.Op == artefact.Validate && strings.Contains(e.Theme, "=") && !hasAlert(s, e.Theme) {
		return nil, "", fault.New(fault.NotFound, "app.edit", "there is no alert on the segment %s", e.Theme)
	}
	if err := artefact.CheckEdit("app.edit", edit, synthesisEdits()); err != nil {
		return nil, "", err
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

// restore is the edit that goes back to an earlier revision of the same draft.
const restore = "restore"

type restoring struct {
	Op     string `json:"op"`
	To     int    `json:"to"`
	Digest string `json:"digest"` // of revision To
}

// UndoEdit takes back the newest edit that is not taken back already: the
// revision before it becomes the newest once more, checked and recorded like
// every other edit. digest is the revision that the person looked at.
func (a *App) UndoEdit(ctx context.Context, draft, digest string) (handoff.Draft, handoff.Revision, error) {
	head, err := a.db.Revision(ctx, draft, 0)
	if err != nil {
		return handoff.Draft{}, head, err
	}
	to := undoes(head) - 1
	if digest != "" && digest != head.Digest {
		to = max(to, 1) // the review says what has changed since
	}
	if to < 1 {
		d, err := a.db.Draft(ctx, draft)
		if err == nil {
			err = fault.New(fault.Conflict, "app.undo", "there is no edit of %s to take back", draft)
		}
		return d, head, err
	}
	earlier, err := a.db.Revision(ctx, draft, to)
	if err != nil {
		return handoff.Draft{}, head, err
	}
	edit, err := json.Marshal(restoring{Op: restore, To: to, Digest: earlier.Digest})
	if err != nil {
		return handoff.Draft{}, head, err
	}
	return a.Review(ctx, handoff.Act{Draft: draft, Digest: digest, Verdict: handoff.Edit, Edit: edit})
}

const backTo = "back to revision "

// undoes returns the number of the revision whose edit the next undo takes back.
func undoes(r handoff.Revision) int {
	var n int
	if _, err := fmt.Sscanf(r.Note, backTo+"%d", &n); err == nil {
		return n
	}
	return r.N
}

// ownRestore refuses an edit that goes back to what was never a revision of the draft.
func (a *App) ownRestore(ctx context.Context, act handoff.Act) error {
	var r restoring
	if act.Verdict != handoff.Edit || json.Unmarshal(act.Edit, &r) != nil || !strings.EqualFold(r.Op, restore) {
		return nil
	}
	rev, err := a.db.Revision(ctx, act.Draft, max(r.To, 1))
	if err == nil && rev.Digest != r.Digest {
		err = fault.New(fault.Denied, "app.undo", "%s is not revision %d of %s", r.Digest, r.To, act.Draft)
	}
	return err
}

// restoreSynthesis composes an earlier revision again, over the same records.
func (a *App) restoreSynthesis(r restoring, records []evidence.Record) ([]byte, string, error) {
	body, err := a.db.Blob(context.Background(), r.Digest)
	if err != nil {
		return nil, "", err
	}
	s, err := parseSynthesis(body)
	if err != nil {
		return nil, "", err
	}
	again, err := artefact.Compose(s.Outline(), records, a.policyFor(s))
	if err != nil {
		return nil, "", err
	}
	data, err := json.Marshal(again)
	return data, fmt.Sprintf("%s%d", backTo, r.To), err
}

func synthesisEdits() []string {
	return []string{"rename theme=ID label=TEXT", "merge theme=ID into=ID", `split theme=ID label=TEXT records=["ID","ID"]`, "drop theme=ID", "validate theme=ID"}
}

// spelled puts the draft's id, and the gate that it waits for, into what an error
// advises: who wrote the advice knew neither.
func (a *App) spelled(ctx context.Context, draft string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !strings.Contains(f.Mend, " DRAFT") && !strings.Contains(f.Mend, " GATE") {
		return err
	}
	c := *f
	c.Mend = strings.ReplaceAll(c.Mend, " DRAFT", " "+draft)
	if rev, err := a.db.Revision(ctx, draft, 0); err == nil {
		if gates, err := gatesOf(rev.Check); err == nil {
			for _, g := range gates {
				if g.Status == string(contracts.Waiting) {
					c.Mend = strings.Replace(c.Mend, " GATE", " "+g.ID, 1)
				}
			}
		}
	}
	return &c
}
