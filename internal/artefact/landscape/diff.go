package landscape

import (
	"fmt"

	"roleos/internal/artefact"
)

// Diff lists what a reader would notice between two revisions.
func Diff(a, b StakeholderLandscape) []artefact.Difference {
	var out artefact.Differences
	add := out.Add
	people := map[string]Stakeholder{}
	for _, p := range a.Stakeholders {
		people[p.ID] = p
	}
	for _, p := range b.Stakeholders {
		old, ok := people[p.ID]
		delete(people, p.ID)
		if !ok {
			add("stakeholder added", p.ID, "", p.Name)
			continue
		}
		add("renamed", p.ID, old.Name, p.Name)
		add("records", p.ID, fmt.Sprint(old.Records), fmt.Sprint(p.Records))
	}
	for _, p := range a.Stakeholders {
		if _, gone := people[p.ID]; gone {
			if to := b.Redirects[p.ID]; to != "" {
				add("merged", p.ID, p.Name, "into "+to)
			} else {
				add("stakeholder removed", p.ID, p.Name, "")
			}
		}
	}
	said := map[string]Statement{}
	for _, s := range a.Statements {
		said[s.ID] = s
	}
	for _, s := range b.Statements {
		old, ok := said[s.ID]
		delete(said, s.ID)
		if !ok {
			add("statement added", s.ID, "", s.Kind+": “"+s.Text+"”")
			continue
		}
		add("kind", s.ID, old.Kind, s.Kind)
		add("status", s.ID, old.Status, s.Status)
		add("owner", s.ID, old.Owner, s.Owner)
		add("confirmed", s.ID, old.Confirmed, s.Confirmed)
	}
	for _, s := range a.Statements {
		if _, gone := said[s.ID]; gone {
			add("statement dropped", s.ID, s.Kind+": “"+s.Text+"”", "")
		}
	}
	clashes := map[string]Conflict{}
	for _, c := range a.Conflicts {
		clashes[c.ID] = c
	}
	for _, c := range b.Conflicts {
		old, ok := clashes[c.ID]
		delete(clashes, c.ID)
		if !ok {
			add("conflict added", c.ID, "", c.About)
			continue
		}
		add("resolution", c.ID, old.Resolution.words(), c.Resolution.words())
	}
	for _, c := range a.Conflicts {
		if _, gone := clashes[c.ID]; gone {
			add("conflict removed", c.ID, c.About, "")
		}
	}
	return out
}

func (r *Resolution) words() string {
	if r == nil {
		return "open"
	}
	return fmt.Sprintf("%s, says %s: %s", r.Side, r.By, r.Why)
}
