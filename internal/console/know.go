package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"roleos/agents"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/audit"
	"roleos/internal/erase"
	"roleos/internal/fault"
	"roleos/internal/llm/budget"
	"roleos/internal/report/chart"
	"roleos/internal/report/say"
	"roleos/internal/store"
)

// Trail reads the audit log.
type Trail interface {
	// AuditPage returns records, the newest first, before the one numbered before;
	// 0 means from the newest on. subject, when not empty, keeps those about it.
	AuditPage(ctx context.Context, subject string, before int64) ([]audit.Record, error)
	VerifiedAudit(ctx context.Context) (app.Verified, error)
}

// Trust says how far agents are trusted, and who answers for them.
type Trust interface {
	AgentModes(ctx context.Context, agent string) (app.AgentModes, error)
	DraftModes(ctx context.Context, draft string) (app.DraftModes, error)
	AgentStanding(ctx context.Context, id string) (app.Standing, error)
	AttestAgent(ctx context.Context, id string) (app.Standing, error)
	SetMode(ctx context.Context, s app.SetMode) (app.AgentModes, error)
}

// Erasing erases what people wrote.
type Erasing interface {
	PlanErasure(ctx context.Context, sel erase.Selection) (app.ErasePlan, error)
	Erase(ctx context.Context, sel erase.Selection, answer string) (app.ErasePlan, error)
	Erasures(ctx context.Context, cursor string) ([]store.Erasure, string, error)
}

type agentsPage struct{ Agents []agents.Manifest }

func (c *Console) agents(w http.ResponseWriter, r *http.Request, s session) error {
	return c.show(w, r, s, http.StatusOK, "agents", layout{Title: "Agents", Active: "agents", Page: agentsPage{c.known}})
}

type agentPage struct {
	agents.Manifest
	Modes   app.AgentModes
	Answers app.Standing // who answers for it
	Form    form
}

func (c *Console) agent(w http.ResponseWriter, r *http.Request, s session) error {
	m, err := agents.Find(r.PathValue("id"))
	if err != nil {
		return err
	}
	modes, err := c.o.App.AgentModes(r.Context(), m.ID)
	if err != nil {
		return err
	}
	answers, err := c.o.App.AgentStanding(r.Context(), m.ID)
	if err != nil {
		return err
	}
	p := agentPage{m, modes, answers, form{CSRF: s.csrf}}
	return c.show(w, r, s, http.StatusOK, "agent", layout{Title: m.Name, Active: "agents", Page: p})
}

// vouch notes that the person answers for the agent.
func (c *Console) vouch(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id := r.PathValue("id")
	_, err = c.o.App.AttestAgent(r.Context(), id)
	return "/agents/" + url.PathEscape(id), "vouched", err
}

// setMode takes a person's decision about how the agent works.
func (c *Console) setMode(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	q := app.SetMode{Agent: r.PathValue("id"), Step: r.PostFormValue("step"), Mode: delegation.Coordinated, Text: strings.TrimSpace(r.PostFormValue("text"))}
	if r.PostFormValue("mode") == delegation.Autonomous.String() {
		q.Mode = delegation.Autonomous
	}
	_, err = c.o.App.SetMode(r.Context(), q)
	return "/agents/" + url.PathEscape(q.Agent), "moded", err
}

type erasePage struct {
	Sel  erase.Selection
	Plan *app.ErasePlan
	Done []store.Erasure
	Form form
}

// erasures asks whose data goes, and lists what was erased. What is typed into the
// form is posted, so that no address holds a person's name.
func (c *Console) erasures(w http.ResponseWriter, r *http.Request, s session) error {
	return c.showErasures(w, r, s, erasePage{})
}

func (c *Console) showErasures(w http.ResponseWriter, r *http.Request, s session, p erasePage) (err error) {
	if !s.actor.Has("admin") {
		return fault.New(fault.Denied, "console.erase", "only admin may erase what people said; %s does not hold that role", s.actor.ID)
	}
	p.Form = form{CSRF: s.csrf}
	if p.Done, _, err = c.o.App.Erasures(r.Context(), ""); err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "erase", layout{Title: "Erase", Active: "audit", Page: p})
}

// erase shows what would go, and erases it when that was typed which it asks for.
func (c *Console) erase(w http.ResponseWriter, r *http.Request) {
	c.decide(func(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
		v := r.PostFormValue
		p := erasePage{Sel: erase.Selection{Person: v("person"), Record: v("record"), Source: v("source"), By: v("by")}}
		if v("answer") != "" {
			_, err := c.o.App.Erase(r.Context(), p.Sel, strings.TrimSpace(v("answer")))
			return "/erase", "erased", err
		}
		plan, err := c.o.App.PlanErasure(r.Context(), p.Sel)
		if err != nil {
			return "", "", err
		}
		p.Plan = &plan
		return "", "", c.showErasures(w, r, s, p)
	})(w, r)
}

type auditPage struct {
	About    string
	Records  []entry
	Older    int64
	Verified *app.Verified
}

// entry is one audit record as a line.
type entry struct {
	audit.Record
	Says []detail
	Link string
}

type detail struct{ Name, Value string }

// auditPageSize is how many records a page of the log holds, at most.
const auditPageSize = 100

func (c *Console) audit(w http.ResponseWriter, r *http.Request, s session) error {
	q := r.URL.Query()
	var before int64
	if b := q.Get("before"); b != "" {
		if err := json.Unmarshal([]byte(b), &before); err != nil || before < 1 {
			return fault.New(fault.Invalid, "console.audit", "there is no record %q", b)
		}
	}
	p := auditPage{About: strings.TrimSpace(q.Get("about"))}
	list, err := c.o.App.AuditPage(r.Context(), p.About, before)
	if err != nil {
		return err
	}
	for _, x := range list {
		p.Records = append(p.Records, entryOf(x))
	}
	if n := len(list); n >= auditPageSize && list[n-1].Seq > 1 {
		p.Older = list[n-1].Seq
	}
	if q.Get("verify") != "" {
		v, err := c.o.App.VerifiedAudit(r.Context())
		if err != nil {
			return err
		}
		p.Verified = &v
	}
	return c.show(w, r, s, http.StatusOK, "audit", layout{Title: "Audit", Active: "audit", Page: p})
}

// maxDetail bounds one value of a record on the page, in bytes.
const maxDetail = 300

func entryOf(x audit.Record) entry {
	e := entry{Record: x}
	var values map[string]any
	if json.Unmarshal(x.Detail, &values) == nil {
		names := make([]string, 0, len(values))
		for n := range values {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			v := plainValue(values[n])
			if v == "" {
				continue
			}
			if c, cut := say.Clip(v, maxDetail); cut {
				v = c + "…"
			}
			e.Says = append(e.Says, detail{strings.ReplaceAll(n, "_", " "), v})
		}
	}
	for prefix, to := range map[string]string{"run-": "/runs/", "cs-": "/plans/"} {
		if strings.HasPrefix(x.Subject, prefix) {
			e.Link = to + x.Subject
		}
	}
	if strings.HasPrefix(x.Kind, "draft.") || strings.HasPrefix(x.Kind, "review.") || strings.HasPrefix(x.Kind, "publish.") || strings.HasPrefix(x.Kind, "handoff.") {
		e.Link = "/drafts/" + x.Subject
	}
	return e
}

func plainValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if !v {
			return ""
		}
		return "yes"
	}
	b, err := json.Marshal(v)
	if err != nil || string(b) == "0" || string(b) == "[]" || string(b) == "{}" {
		return ""
	}
	return string(b)
}

// Budgets reads what asking models has cost.
type Budgets interface {
	Spending(ctx context.Context, days int) (app.Spending, error)
}

// budgetDays is how many days the page shows.
const budgetDays = 14

type budgetsPage struct {
	Model  string
	Days   []spent
	Agents []spent
	Spark  chart.Sparkline
	Any    bool
}

// spent is what was used of one limit.
type spent struct {
	Name, Link          string
	Calls, Tokens, Cost string
	Most                string // the limit that is nearest, and how near
	Part                int    // percent of it
}

func (c *Console) budgets(w http.ResponseWriter, r *http.Request, s session) error {
	all, err := c.o.App.Spending(r.Context(), budgetDays)
	if err != nil {
		return err
	}
	p := budgetsPage{Model: all.Model}
	var parts []float64
	for _, d := range all.Days {
		used := d.Used.Plus(d.Open)
		row := spentOf(used, d.Limit)
		row.Name = d.Day.Format("2 Jan")
		p.Days, p.Any = append(p.Days, row), p.Any || used.Calls > 0
		parts = append(parts, float64(row.Part)/100)
	}
	slices.Reverse(parts)
	p.Spark = chart.Spark(parts, nil, nil, 300, 48, 4)
	for _, a := range all.Agents {
		row := spentOf(a.Used, a.Limit)
		row.Name, row.Link = a.Name, "/agents/"+a.Agent
		p.Agents = append(p.Agents, row)
	}
	return c.show(w, r, s, http.StatusOK, "budgets", layout{Title: "Budgets", Active: "budgets", Page: p})
}

// spentOf names the limit that is nearest to being reached. A limit of zero
// admits nothing.
func spentOf(used, limit budget.Spend) spent {
	out := spent{Calls: say.Count(int(used.Calls)), Tokens: say.Count(int(used.Tokens)), Cost: money(used.Micros)}
	for _, x := range []struct {
		name       string
		used, most int64
	}{{"calls", used.Calls, limit.Calls}, {"tokens", used.Tokens, limit.Tokens}, {"money", used.Micros, limit.Micros}} {
		part := 0
		switch {
		case x.most > 0:
			part = int(min(100, 100*x.used/x.most))
		case x.used > 0:
			part = 100
		}
		if part > out.Part || out.Most == "" {
			out.Part, out.Most = part, strconv.Itoa(part)+" % of its "+x.name
		}
	}
	return out
}

// money writes millionths of the currency that prices are given in.
func money(micros int64) string { return strconv.FormatFloat(float64(micros)/1e6, 'f', 2, 64) }
