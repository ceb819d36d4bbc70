package marketscanner

import (
	"context"
	"slices"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
)

// mostWorded is how many developments a model names: those that touch a product
// first, and no stale ones.
const mostWorded = 36

// worded lets a model name developments and choose the sentence of an item that
// says best why it matters. What is grouped, how old it is and how important
// stay as they are.
func (a *Agent) worded(ctx context.Context, o *market.Outline, t agents.Task) (taint []string, err error) {
	job := wording.Job{
		Stage: "Naming the developments", Prompts: []string{"name-developments"}, Progress: t.Progress,
		Step: "names the developments from a few items of each, and chooses the sentence that is quoted for one of them.",
	}
	return a.o.Wording.Word(ctx, job, &o.Method, &o.Rejected, func(ctx context.Context, d *wording.Desk) error {
		at, record := map[string]int{}, map[string]*evidence.Record{}
		for i := range t.Records {
			record[t.Records[i].ID] = &t.Records[i]
		}
		for i, it := range o.Items {
			at[it.ID] = i
		}
		groups := developments(o, at, record)
		named, err := wording.Groups(ctx, d, "name-developments", groups)
		if err != nil {
			return err
		}
		of := map[string]int{} // record -> item
		for i, it := range o.Items {
			of[it.RecordID] = i
		}
		for i := range o.Developments {
			dev := &o.Developments[i]
			n := named[dev.ID]
			if n.Label != "" {
				dev.Label = n.Label
			}
			if n.Says == nil {
				continue
			}
			it := &o.Items[of[n.Says.RecordID]]
			if why := beside(*it, n.Says.Text); why != "" {
				d.Reject(n.Says.Text, "%s", why)
				continue
			}
			q := *n.Says
			it.Quote = &q
		}
		return nil
	})
}

// developments returns what a model is asked about.
func developments(o *market.Outline, at map[string]int, record map[string]*evidence.Record) []wording.Group {
	var touching, others []wording.Group
	for _, dev := range o.Developments {
		g := wording.Group{ID: dev.ID, Label: dev.Label}
		touches, fresh := false, false
		for _, id := range dev.ItemIDs {
			it := o.Items[at[id]]
			r := record[it.RecordID]
			g.Records = append(g.Records, r)
			touches = touches || len(it.Touches) > 0
			fresh = fresh || r.Time.IsZero() || !r.Time.Before(o.AsOf.AddDate(0, 0, -o.StaleDays))
		}
		switch {
		case touches && fresh:
			touching = append(touching, g)
		case fresh:
			others = append(others, g)
		}
	}
	all := slices.Concat(touching, others)
	return all[:min(len(all), mostWorded)]
}

// beside says what is wrong with a sentence as the reason why an item touches
// a product: it has to hold one of the words by which it does.
func beside(it market.Item, text string) string {
	if len(it.Touches) == 0 {
		return ""
	}
	words := vocabulary(text)
	for _, touch := range it.Touches {
		for _, term := range touch.Terms {
			if words[term] || len(uses(text, []string{term})) > 0 {
				return ""
			}
		}
	}
	return "It holds none of the words by which the item touches a product, so it does not say why."
}
