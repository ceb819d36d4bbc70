package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/config"
	"roleos/internal/audit"
	"roleos/internal/clock"
	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store"
	"roleos/internal/store/handoffs"
	"roleos/internal/target/webhook"
)

// openHandoffs gives the handoff service what happens behind the publication:
// the contract's terms, the clocks with their calendar, and who hears of them.
func (a *App) openHandoffs() error {
	cal, err := calendarOf(a.cfg.Handoff.Calendar)
	if err != nil {
		return err
	}
	a.handoffs = handoffs.New(a.db)
	s := a.Handoff
	s.Terms, s.Moves, s.Clocks, s.Notices, s.Attestations, s.Calendar = a.gate, a.handoffs, a.handoffs, a.handoffs, a.handoffs, cal
	s.Heard = a.heard
	s.Channels, err = a.channels()
	return err
}

func calendarOf(c config.Calendar) (clock.Calendar, error) {
	zone, err := c.Location()
	if err != nil {
		return clock.Calendar{}, err
	}
	var holidays []clock.Date
	for _, s := range c.Dates() {
		d, err := clock.ParseDate(s)
		if err != nil {
			return clock.Calendar{}, err
		}
		holidays = append(holidays, d)
	}
	open, shut := c.OpenClose()
	return clock.New(zone, c.Weekdays(), open, shut, holidays)
}

// channels returns the ways by which notices leave the house. The console shows
// them in any case: roleos handoff list.
func (a *App) channels() ([]handoff.Channel, error) {
	var out []handoff.Channel
	e := a.cfg.Handoff.Escalate
	if e.File != config.None {
		out = append(out, noticeFile{a.inWorkspace(e.File)})
	}
	if e.Webhook != config.None {
		secret, err := os.ReadFile(a.inWorkspace(e.SecretFile))
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "app.escalate", "handoff.escalate.webhook needs a secret, and it cannot be read").
				WithMend("Name the file that holds it: handoff.escalate.secret_file")
		}
		sender, err := webhook.NewSender(webhook.Endpoint{
			URL: e.Webhook, Secret: strings.TrimSpace(string(secret)), Private: strings.HasPrefix(e.Webhook, "http:"),
		}, a.now)
		if err != nil {
			return nil, err
		}
		out = append(out, noticeHook{sender})
	}
	return out, nil
}

func (a *App) inWorkspace(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.cfg.Dir, path)
}

// sweep looks at the clocks once. What cannot be sent waits for the next look;
// no command fails for it.
func (a *App) sweep(ctx context.Context) {
	if n, err := a.Handoff.Sweep(ctx); err != nil {
		a.logger.Warn("notices wait", "error", err)
	} else if n > 0 {
		a.logger.Info("clocks", "new notices", n)
	}
	a.releaseAll(ctx)
}

// lookEvery is how often a service that stays up looks at the clocks.
const lookEvery = time.Minute

// KeepTime looks at the clocks every minute while the engine executes, once for
// all replicas, and begins the workflows that are due. A command looks at the clocks once when it
// opens the workspace.
func (a *App) KeepTime(ctx context.Context) error {
	return a.keeping.Every(ctx, lookEvery, func(begin time.Time) time.Time { return begin })
}

// keepTime is one look at the clocks as a run of the engine.
func (a *App) keepTime(c *engine.Context, _ time.Time) (int, error) {
	return engine.Step(c, "look", func(ctx context.Context) (int, error) {
		if begun, err := a.BeginDue(ctx); err != nil {
			a.logger.WarnContext(ctx, "a workflow could not begin by itself", "error", err)
		} else if len(begun) > 0 {
			a.logger.InfoContext(ctx, "workflows", "begun", len(begun))
		}
		return a.Handoff.Sweep(ctx)
	})
}

// Answer performs an act of the taking side as the actor.
func (a *App) Answer(ctx context.Context, draft string, verb handoff.Verb, digest, text string) (handoff.Draft, error) {
	if err := a.member(ctx); err != nil {
		return handoff.Draft{}, err
	}
	return a.Handoff.Answer(ctx, handoff.Answer{Draft: draft, By: a.party(ctx), Digest: digest, Verb: verb, Text: text})
}

// Attest notes the actor's word on a gate that the contract asks a person for.
func (a *App) Attest(ctx context.Context, draft, gate, digest, text string) (handoff.Draft, handoff.Revision, error) {
	if err := a.member(ctx); err != nil {
		return handoff.Draft{}, handoff.Revision{}, err
	}
	return a.Handoff.Attest(ctx, a.party(ctx), draft, gate, digest, text)
}

func (a *App) party(ctx context.Context) handoff.Party {
	actor := a.Actor(ctx)
	return handoff.Party{ID: actor.ID, Roles: actor.Roles}
}

// attested refuses a draft whose attestations are not those in the audit log:
// rows of the store alone are nobody's word.
func (a *App) attested(ctx context.Context, draft, digest string) error {
	all, err := a.handoffs.Attestations(ctx, draft)
	if err != nil || len(all) == 0 {
		return err
	}
	records, err := a.log.About(ctx, draft)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Digest == digest && !slices.ContainsFunc(records, func(r audit.Record) bool {
			var detail struct{ Gate, Digest string }
			return r.Kind == "review.attested" && r.Actor == x.By &&
				json.Unmarshal(r.Detail, &detail) == nil && detail.Gate == x.Gate && detail.Digest == digest
		}) {
			return fault.New(fault.Denied, "app.publish", "the attestation of gate %s of %s by %s is not in the audit log: the store was changed", x.Gate, draft, x.By).
				WithMend("Look: roleos audit verify, roleos doctor")
		}
	}
	return nil
}

// HandoffView is one handoff as both sides see it.
type HandoffView struct {
	Draft    string                `json:"draft"`
	Kind     string                `json:"kind"`
	Title    string                `json:"title"`
	State    handoff.State         `json:"state"`
	Digest   string                `json:"digest"` // of the newest revision
	Contract string                `json:"contract"`
	From     handoff.Side          `json:"from"`
	To       handoff.Side          `json:"to"`
	Since    time.Time             `json:"since"` // when it came to this state
	Clocks   []handoff.Timing      `json:"clocks"`
	Moves    []handoff.Move        `json:"moves,omitempty"`
	Attested []handoff.Attestation `json:"attested,omitempty"`
	Notices  []handoff.Notice      `json:"notices,omitempty"`
	Next     []string              `json:"next"`
}

// Running returns the clock that runs, if one does.
func (v HandoffView) Running() (handoff.Timing, bool) {
	for _, c := range v.Clocks {
		if c.Running() {
			return c, true
		}
	}
	return handoff.Timing{}, false
}

// Handoffs lists the handoffs between publication and close, the one with the
// nearest deadline first; all also lists those that are closed or on their way back.
func (a *App) Handoffs(ctx context.Context, all bool) ([]HandoffView, error) {
	timings, err := a.Handoff.OpenTimings(ctx)
	if all {
		timings, err = a.Handoff.Timings(ctx, "")
	}
	if err != nil {
		return nil, err
	}
	drafts, err := a.handedOver(ctx, all, timings)
	if err != nil {
		return nil, err
	}
	of := map[string][]handoff.Timing{}
	for _, t := range timings {
		of[t.Draft] = append(of[t.Draft], t)
	}
	out := []HandoffView{}
	for _, d := range drafts {
		mine := of[d.ID]
		_, runs := HandoffView{Clocks: mine}.Running()
		open := d.State == handoff.Published || d.State == handoff.Acknowledged || d.State == handoff.Started || runs
		if !open && (!all || len(mine) == 0) {
			continue
		}
		v, err := a.handoffView(ctx, d, mine)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(x, y HandoffView) int { return x.order().Compare(y.order()) })
	return out, nil
}

// handedOver returns the drafts that may be on their way, without reading all of
// a large workspace when only the open ones are asked for.
func (a *App) handedOver(ctx context.Context, all bool, timings []handoff.Timing) ([]handoff.Draft, error) {
	if all {
		return a.Drafts(ctx, nil)
	}
	var out []handoff.Draft
	have := map[string]bool{}
	for _, st := range []handoff.State{handoff.Published, handoff.Acknowledged, handoff.Started} {
		for cursor := ""; ; {
			page, next, err := a.db.ListDrafts(ctx, store.DraftFilter{State: st}, cursor, 1000)
			if err != nil {
				return nil, err
			}
			for _, d := range page {
				have[d.ID] = true
			}
			out = append(out, page...)
			if cursor = next; next == "" {
				break
			}
		}
	}
	for _, t := range timings {
		if !t.Running() || have[t.Draft] {
			continue
		}
		have[t.Draft] = true
		d, err := a.db.Draft(ctx, t.Draft)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y handoff.Draft) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), strings.Compare(y.ID, x.ID))
	})
	return out, nil
}

// order is the deadline that a list sorts by; what waits for nothing comes last.
func (v HandoffView) order() time.Time {
	if c, ok := v.Running(); ok && !c.Due.IsZero() {
		return c.Due
	}
	return time.Unix(1<<40, 0)
}

// ShowHandoff returns one handoff with everything that happened to it.
func (a *App) ShowHandoff(ctx context.Context, draft string) (HandoffView, error) {
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return HandoffView{}, err
	}
	timings, err := a.Handoff.Timings(ctx, draft)
	if err != nil {
		return HandoffView{}, err
	}
	v, err := a.handoffView(ctx, d, timings)
	if err != nil {
		return v, err
	}
	if v.Moves, err = a.handoffs.Moves(ctx, draft); err != nil {
		return v, err
	}
	if v.Attested, err = a.handoffs.Attestations(ctx, draft); err != nil {
		return v, err
	}
	v.Notices, err = a.handoffs.Notices(ctx, draft)
	return v, err
}

func (a *App) handoffView(ctx context.Context, d handoff.Draft, timings []handoff.Timing) (HandoffView, error) {
	terms, err := a.gate.Terms(ctx, d.Contract)
	if err != nil {
		return HandoffView{}, err
	}
	var head handoff.Revision
	switch newest, err := a.db.Revisions(ctx, d.ID, 0, 1); {
	case err != nil:
		return HandoffView{}, err
	case len(newest) > 0:
		head = newest[0]
	}
	return HandoffView{
		Draft: d.ID, Kind: d.Kind, Title: d.Title, State: d.State, Digest: head.Digest, Contract: d.Contract, From: terms.From, To: terms.To,
		Since: d.UpdatedAt, Clocks: timings, Next: NextOf(d, head),
	}, nil
}

// HandoffCounts tells what each role gave and took.
func (a *App) HandoffCounts(ctx context.Context) ([]handoff.Count, error) {
	contracts, err := a.handoffs.Contracts(ctx)
	if err != nil {
		return nil, err
	}
	terms, of := map[string]handoff.Terms{}, map[string]*handoff.Terms{}
	for draft, contract := range contracts {
		t, known := of[contract]
		if !known {
			if read, err := a.gate.Terms(ctx, contract); err == nil {
				t = &read
			}
			of[contract] = t
		}
		if t != nil {
			terms[draft] = *t
		}
	}
	moves, err := a.handoffs.Moves(ctx, "")
	if err != nil {
		return nil, err
	}
	timings, err := a.Handoff.Timings(ctx, "")
	if err != nil {
		return nil, err
	}
	return handoff.Counts(moves, func(id string) (handoff.Terms, bool) { t, ok := terms[id]; return t, ok }, timings), nil
}

// NoticeSchema names the form of a notice outside.
const NoticeSchema = "roleos/notice/v1"

// noticeLine is a notice as it leaves the house.
func noticeLine(n handoff.Notice) ([]byte, error) {
	return json.Marshal(struct {
		Schema string `json:"schema"`
		ID     string `json:"id"`
		Says   string `json:"says"`
		handoff.Notice
	}{NoticeSchema, n.ID(), NoticeText(n), n})
}

// NoticeText says in a sentence what fell due.
func NoticeText(n handoff.Notice) string {
	form := map[clock.Kind]string{
		clock.Reminder:   "“%s” (%s) is to be %s by the %s until %s",
		clock.Breach:     "“%s” (%s) was not %s in time by the %s; it was due %s",
		clock.Escalation: "“%s” (%s) is still not %s by the %s; it was due %s",
	}[n.Kind]
	said := fmt.Sprintf(form, n.Title, n.Draft, strings.ReplaceAll(n.Expect, "_", " "), n.Role, n.Due.UTC().Format("2006-01-02 15:04 MST"))
	if n.Kind == clock.Escalation && n.Tell != "" {
		said += "; told to the " + n.Tell
	}
	return said
}

// noticeFile appends notices to a file, a line of JSON each.
type noticeFile struct{ path string }

// Name implements handoff.Channel.
func (noticeFile) Name() string { return "file" }

// Send implements handoff.Channel. A notice that is in the file already, because
// a process died before it could say so, is not written again.
func (f noticeFile) Send(_ context.Context, n handoff.Notice) error {
	line, err := noticeLine(n)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return err
	}
	have, err := os.ReadFile(f.path)
	if err == nil && strings.Contains(string(have), `"id":"`+n.ID()+`"`) {
		return nil
	}
	if len(have) > 0 && have[len(have)-1] != '\n' { // cut off by a crash
		line = append([]byte("\n"), line...)
	}
	return appendTo(f.path, append(line, '\n'))
}

func appendTo(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// noticeHook posts notices to an address, signed.
type noticeHook struct{ to *webhook.Sender }

// Name implements handoff.Channel.
func (noticeHook) Name() string { return "webhook" }

// Send implements handoff.Channel. The receiver drops what it has by its id.
func (h noticeHook) Send(ctx context.Context, n handoff.Notice) error {
	line, err := noticeLine(n)
	if err != nil {
		return err
	}
	return h.to.Send(ctx, strings.ReplaceAll(n.ID(), ".", "_"), line)
}
