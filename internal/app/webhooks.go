package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/llm/budget"
	"roleos/internal/models"
	"roleos/internal/notify"
	"roleos/internal/store/outbox"
	"roleos/internal/target/webhook"
)

// Webhook is an endpoint outside that is told what happens here.
type Webhook struct {
	Name    string         `json:"name"`
	Host    string         `json:"host"`   // the whole address may hold a secret
	Events  []notify.Type  `json:"events"` // that it is told
	Titles  bool           `json:"titles"`
	Private bool           `json:"private"`
	Counts  map[string]int `json:"counts"` // deliveries that wait, were sent, and are dead
	Trouble string         `json:"trouble,omitempty"`
}

// openRelay returns what tells the endpoints of the settings; nil without any.
func (a *App) openRelay() (*notify.Relay, error) {
	w := a.cfg.Webhooks
	if len(w.Endpoints) == 0 {
		return nil, nil
	}
	r := &notify.Relay{
		Log: relayed{a}, Store: outbox.New(a.db), Now: a.now, Jitter: rand.Float64, Budgets: a.usedBudgets,
		Title: func(ctx context.Context, id string) string {
			d, err := a.db.Draft(ctx, id)
			if err != nil {
				return "" // a change set or a run has none
			}
			return d.Title
		},
	}
	for _, name := range slices.Sorted(maps.Keys(w.Endpoints)) {
		e, err := a.endpoint(name)
		if err != nil {
			return nil, err
		}
		r.Endpoints = append(r.Endpoints, e)
	}
	return r, nil
}

// relayed is the audit log as the relay reads it.
type relayed struct{ *App }

// List implements notify.Log.
func (r relayed) List(ctx context.Context, after int64, limit int) ([]audit.Record, error) {
	return r.log.List(ctx, after, limit)
}

// Size implements notify.Log.
func (r relayed) Size(ctx context.Context) (int64, error) { return r.db.Audit().Size(ctx) }

// endpoint returns one endpoint of the settings, ready to be sent to.
func (a *App) endpoint(name string) (notify.Endpoint, error) {
	const op = "app.webhook"
	w := a.cfg.Webhooks
	address, ok := w.Endpoints[name]
	if !ok {
		return notify.Endpoint{}, fault.New(fault.NotFound, op, "there is no webhook %q", name).WithMend("They stand in roleos.yaml under webhooks.endpoints; see: roleos webhook list")
	}
	e := notify.Endpoint{Name: name, Titles: w.HasTitles(name)}
	for _, t := range w.Events[name] {
		if !slices.Contains(notify.Types(), notify.Type(t)) {
			return e, fault.New(fault.Invalid, op, "webhooks.events asks for %q for %s, and there is no such event", t, name).WithMend("Events: %s", typesText())
		}
		e.Types = append(e.Types, notify.Type(t))
	}
	secret, err := os.ReadFile(a.secretFile(name))
	if err != nil {
		return e, fault.New(fault.Invalid, op, "the webhook %s has no secret that can be read", name).WithMend("Make one, and give it to whoever receives the messages: roleos webhook secret %s", name)
	}
	sender, err := webhook.NewSender(webhook.Endpoint{URL: address, Secret: strings.TrimSpace(string(secret)), Private: w.IsPrivate(name)}, a.now)
	if err != nil {
		return e, err
	}
	e.Sender = eventHook{sender}
	return e, nil
}

func (a *App) secretFile(name string) string {
	return filepath.Join(a.inWorkspace(a.cfg.Webhooks.Secrets), name+".secret")
}

func typesText() string {
	var names []string
	for _, t := range notify.Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// eventHook posts events, signed.
type eventHook struct{ to *webhook.Sender }

// Send implements notify.Sender.
func (h eventHook) Send(ctx context.Context, id string, body []byte) error {
	err := h.to.Send(ctx, id, body)
	if errors.Is(err, webhook.ErrGone) {
		return fmt.Errorf("%w: %w", notify.ErrGone, err)
	}
	return err
}

// relayEvery is how often a service looks for what endpoints are to be told.
const relayEvery = 2 * time.Second

// keepTelling tells the endpoints until ctx ends.
func (a *App) keepTelling(ctx context.Context, r *notify.Relay) {
	tick := time.NewTicker(relayEvery)
	defer tick.Stop()
	for {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil {
			a.logger.WarnContext(ctx, "endpoints are not told", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// usedBudgets returns today's accounts, of all agents and of each, by how much of
// their limits was really used. What calls have reserved does not count.
func (a *App) usedBudgets(ctx context.Context) ([]notify.Budget, error) {
	all, err := agents.Manifests()
	if err != nil {
		return nil, err
	}
	accounts := map[string]budget.Spend{}
	for _, m := range all {
		for _, x := range models.Accounts(a.cfg.Model.Limits, "", m.ID, a.now())[1:] { // a run's own ends with it
			accounts[x.Name] = x.Limit
		}
	}
	var out []notify.Budget
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		used, _, err := a.db.Spent(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, notify.Budget{Account: name, Share: usedShare(used, accounts[name])})
	}
	return out, nil
}

// usedShare is the largest share of a limit that is used; 0 without limits.
func usedShare(used, limit budget.Spend) float64 {
	share := 0.0
	for _, x := range [][2]int64{{used.Calls, limit.Calls}, {used.Tokens, limit.Tokens}, {used.Micros, limit.Micros}, {used.Millis, limit.Millis}} {
		if x[1] > 0 {
			share = max(share, float64(x[0])/float64(x[1]))
		}
	}
	return share
}

// Webhooks lists the endpoints of the settings with their deliveries.
func (a *App) Webhooks(ctx context.Context) ([]Webhook, error) {
	counts, err := outbox.New(a.db).Counts(ctx)
	if err != nil {
		return nil, err
	}
	out := []Webhook{}
	w := a.cfg.Webhooks
	for _, name := range slices.Sorted(maps.Keys(w.Endpoints)) {
		x := Webhook{Name: name, Titles: w.HasTitles(name), Private: w.IsPrivate(name), Counts: counts[name]}
		if x.Counts == nil {
			x.Counts = map[string]int{}
		}
		if u, err := url.Parse(w.Endpoints[name]); err == nil {
			x.Host = u.Host
		}
		e, err := a.endpoint(name)
		if err != nil {
			x.Trouble = err.Error()
		}
		if x.Events = e.Types; len(x.Events) == 0 {
			x.Events = notify.Types()
		}
		out = append(out, x)
	}
	return out, nil
}

// told says for doctor whether the endpoints can be told, and were.
func (a *App) told(ctx context.Context) (found string, err error) {
	all, err := a.Webhooks(ctx)
	if err != nil || len(all) == 0 {
		return "no endpoint is to be told", err
	}
	for _, w := range all {
		if w.Trouble != "" {
			return "", errors.New(w.Name + ": " + w.Trouble)
		}
		if n := w.Counts["dead"]; n > 0 {
			return "", fmt.Errorf("%s did not take %d messages, and they were given up", w.Name, n)
		}
	}
	return fmt.Sprintf("%d endpoints", len(all)), nil
}

// Deliveries lists what endpoints were or are to be told, the newest first, at
// most 200: of one endpoint and in one state (waiting, sent, dead), or "" for all.
func (a *App) Deliveries(ctx context.Context, endpoint, state string) ([]notify.Delivery, error) {
	if state != "" && !slices.Contains([]string{"waiting", "sent", "dead"}, state) {
		return nil, fault.New(fault.Invalid, "app.webhook", "there is no state %q", state).WithMend("States: waiting, sent, dead.")
	}
	return outbox.New(a.db).List(ctx, endpoint, state)
}

// Resend has a delivery tried anew from now on, or with event "" every one that was
// given up; endpoint "" is every endpoint. The receiver knows it by its id.
func (a *App) Resend(ctx context.Context, event, endpoint string) (int, error) {
	var n int
	err := a.db.InTx(ctx, func(ctx context.Context) (err error) {
		if n, err = outbox.New(a.db).Again(ctx, event, endpoint, a.now()); err != nil || n == 0 {
			return err
		}
		return a.log.Append(ctx, "webhook.resent", a.actor(ctx), orAll(event), map[string]any{"endpoint": orAll(endpoint), "deliveries": n})
	})
	if err == nil && n == 0 && event != "" {
		err = fault.New(fault.NotFound, "app.webhook", "there is no delivery of %q", event).WithMend("See: roleos webhook deliveries")
	}
	return n, err
}

func orAll(s string) string {
	if s == "" {
		return "all"
	}
	return s
}

// TryWebhook sends a ping to the endpoint now, once.
func (a *App) TryWebhook(ctx context.Context, name string) error {
	e, err := a.endpoint(name)
	if err != nil {
		return err
	}
	ping := notify.Event{ID: a.newID("ping"), Type: notify.Ping, Subject: name, At: a.now()}
	body, err := ping.Body("")
	if err != nil {
		return err
	}
	return e.Sender.Send(ctx, ping.ID, body)
}

// NewWebhookSecret makes the secret of an endpoint and returns it; it never
// replaces one.
func (a *App) NewWebhookSecret(random io.Reader, name string) (secret, file string, err error) {
	if _, ok := a.cfg.Webhooks.Endpoints[name]; !ok {
		_, err := a.endpoint(name)
		return "", "", err
	}
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", "", err
	}
	secret, file = "whsec_"+base64.StdEncoding.EncodeToString(b), a.secretFile(name)
	err = writeSecret(file, []byte(secret+"\n"))
	if errors.Is(err, os.ErrExist) {
		return "", file, fault.New(fault.Conflict, "app.webhook", "the webhook %s has a secret already, in %s", name, file).WithMend("Remove that file first; messages are signed with the new one from the service's next start on.")
	}
	return secret, file, err
}
