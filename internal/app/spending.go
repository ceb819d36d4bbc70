package app

import (
	"context"
	"time"

	"roleos/agents"
	"roleos/internal/llm/budget"
	"roleos/internal/models"
)

// Spending is what asking models has cost, and the limits in force.
type Spending struct {
	Model  string          `json:"model"` // "none" when no model is asked
	Days   []DaySpending   `json:"days"`  // the newest first
	Agents []AgentSpending `json:"agents"`
}

// DaySpending is one day's sum (UTC) beside its limit.
type DaySpending struct {
	Day   time.Time    `json:"day"`
	Used  budget.Spend `json:"used"`
	Open  budget.Spend `json:"open"` // reserved by calls that have not ended
	Limit budget.Spend `json:"limit"`
}

// AgentSpending is what one agent has used today beside its daily limit.
type AgentSpending struct {
	Agent string       `json:"agent"`
	Name  string       `json:"name"`
	Used  budget.Spend `json:"used"`
	Limit budget.Spend `json:"limit"`
}

// Spending returns the last days and what each agent used today.
func (a *App) Spending(ctx context.Context, days int) (Spending, error) {
	m := a.cfg.Model
	out := Spending{Model: m.Name}
	if !models.On(m) {
		out.Model = "none"
	}
	today := a.now().UTC().Truncate(24 * time.Hour)
	for i := range days {
		day := today.AddDate(0, 0, -i)
		accounts := models.Accounts(m.Limits, "", "", day)
		account := accounts[len(accounts)-1]
		d := DaySpending{Day: day, Limit: account.Limit}
		var err error
		if d.Used, d.Open, err = a.db.Spent(ctx, account.Name); err != nil {
			return out, err
		}
		out.Days = append(out.Days, d)
	}
	all, err := agents.Manifests()
	if err != nil {
		return out, err
	}
	for _, x := range all {
		account := models.Accounts(m.Limits, "", x.ID, today)[1]
		used, open, err := a.db.Spent(ctx, account.Name)
		if err != nil {
			return out, err
		}
		out.Agents = append(out.Agents, AgentSpending{Agent: x.ID, Name: x.Name, Used: used.Plus(open), Limit: account.Limit})
	}
	return out, nil
}
