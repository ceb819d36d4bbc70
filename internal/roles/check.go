package roles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Weight says whether a finding is a fault of the scaffold.
type Weight string

// The weights.
const (
	Problem Weight = "problem" // the scaffold does not hold
	Note    Weight = "note"    // worth knowing; it holds
)

// Finding is one thing found in a team's scaffold.
type Finding struct {
	Kind    string `json:"kind"` // unproduced, unconsumed, format, cadence, stale, missing, orphan, one-sided, no-lead, unknown
	Weight  Weight `json:"weight"`
	Role    string `json:"role,omitempty"`
	What    string `json:"what,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend"`
	File    string `json:"file,omitempty"` // of the role, or the context file
	Line    int    `json:"line,omitempty"`
}

// World is what a team's scaffold is held against.
type World struct {
	Agents    []string   // ids that there are
	Workflows []string   // ids that there are
	Contracts []Contract // that there are
	Found     []Found    // context files in the workspace
	Now       time.Time
}

// Contract is the ends of a handoff contract.
type Contract struct {
	ID       string
	From, To string // roles
}

// Check holds the team's scaffold against itself and the world. Findings come in
// the order of roles, problems before notes within a role; none means that it holds.
func Check(t Team, w World) []Finding {
	c := &checker{team: t, world: w}
	for _, r := range t.Roles {
		c.inputs(r)
		c.outputs(r)
		c.standing(r)
		c.named(r)
	}
	for _, s := range Stages() {
		if len(t.Roles) > 0 && len(t.Engaged(s, Lead)) == 0 {
			c.add(Role{}, Finding{
				Kind: "no-lead", Weight: Problem, What: string(s), Message: fmt.Sprintf("no role leads %s", s),
				Mend: fmt.Sprintf("Give one role engagement: {%s: lead}.", s),
			})
		}
	}
	c.contracts()
	slices.SortStableFunc(c.out, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(string(b.Weight), string(a.Weight)))
	})
	return c.out
}

// Holds reports whether none of the findings is a problem.
func Holds(all []Finding) bool {
	return !slices.ContainsFunc(all, func(f Finding) bool { return f.Weight == Problem })
}

type checker struct {
	team  Team
	world World
	out   []Finding
}

func (c *checker) add(r Role, f Finding) {
	f.Role = r.ID
	if f.File == "" && r.ID != "" {
		f.File = "roles/" + r.File
		f.Line = max(r.lines["in/"+f.What], r.lines["out/"+f.What])
	}
	c.out = append(c.out, f)
}

// inputs asks of each input: who gives it, in which form, how often, how old is it.
func (c *checker) inputs(r Role) {
	var missing []string
	for _, in := range r.ContextIn {
		giver, isRole := in.From.Role()
		if isRole {
			c.given(r, in, giver)
		}
		newest, there := Newest(c.world.Found, in.What)
		switch late, isLate := in.Cadence.Past(c.world.Now.Sub(newest.Updated)); {
		case there && isLate:
			c.add(r, stale(r, in, newest, c.world.Now, late))
		case !there && !c.crosses(giver, in.What):
			missing = append(missing, in.What)
		}
	}
	if len(missing) > 0 {
		c.add(r, Finding{
			Kind: "missing", Weight: Note, What: missing[0],
			Message: fmt.Sprintf("no file in the workspace's context folder holds what %s takes: %s", r.ID, strings.Join(missing, ", ")),
			Mend:    fmt.Sprintf("Put a file there whose front matter says, for example, kind: %s and date: YYYY-MM-DD.", missing[0]),
		})
	}
}

// crosses reports whether the giver's output comes under a contract: then it is
// a draft that was handed over, and no file has to lie in the context folder.
func (c *checker) crosses(giver, what string) bool {
	role, _ := c.team.Find(giver)
	out, ok := role.Gives(what)
	return ok && out.Contract != ""
}

func (c *checker) given(r Role, in Input, giver string) {
	from, ok := c.team.Find(giver)
	if !ok {
		c.add(r, Finding{
			Kind: "unknown", Weight: Problem, What: in.What, Message: fmt.Sprintf("%s takes %s from role %q, which nobody is", r.ID, in.What, giver),
			Mend: "Roles: " + strings.Join(c.team.IDs(), ", ") + ". What comes from outside the team is source:NAME.",
		})
		return
	}
	out, ok := from.Gives(in.What)
	if !ok {
		c.add(r, Finding{
			Kind: "unproduced", Weight: Problem, What: in.What, Message: fmt.Sprintf("%s takes %s from %s, and %s does not produce it", r.ID, in.What, giver, giver),
			Mend: fmt.Sprintf("Add %s to context_out of roles/%s.yaml, or name who gives it.", in.What, giver),
		})
		return
	}
	if !out.reaches(r.ID) {
		c.add(r, Finding{
			Kind: "unproduced", Weight: Problem, What: in.What, Message: fmt.Sprintf("%s takes %s from %s, who gives it to others only", r.ID, in.What, giver),
			Mend: fmt.Sprintf("Add role:%s to its “to” in roles/%s.yaml.", r.ID, giver),
		})
	}
	if !slices.ContainsFunc(in.Format, func(f string) bool { return slices.Contains(out.Format, f) }) {
		c.add(r, Finding{
			Kind: "format", Weight: Problem, What: in.What,
			Message: fmt.Sprintf("%s reads %s as %s, and %s gives it as %s", r.ID, in.What, strings.Join(in.Format, " or "), giver, strings.Join(out.Format, " and ")),
			Mend:    "Agree on one format at both ends.",
		})
	}
	need, needs := in.Cadence.Period()
	get, gets := out.Cadence.Period()
	if needs && (gets && get > need) {
		c.add(r, Finding{
			Kind: "cadence", Weight: Problem, What: in.What,
			Message: fmt.Sprintf("%s needs %s %s, and %s gives it %s", r.ID, in.What, in.Cadence, giver, out.Cadence),
			Mend:    "Agree on one cadence at both ends.",
		})
	}
}

// reaches reports whether the output is meant for the role.
func (o Output) reaches(role string) bool {
	return slices.Contains(o.To, Everyone) || slices.Contains(o.To, Party("role:"+role))
}

// outputs asks of each output who uses it.
func (c *checker) outputs(r Role) {
	for _, out := range r.ContextOut {
		used, outside := false, false
		for _, p := range out.To {
			id, isRole := p.Role()
			outside = outside || !isRole
			if !isRole || p == Everyone {
				continue
			}
			to, ok := c.team.Find(id)
			if !ok {
				c.add(r, Finding{
					Kind: "unknown", Weight: Problem, What: out.What, Message: fmt.Sprintf("%s gives %s to role %q, which nobody is", r.ID, out.What, id),
					Mend: "Roles: " + strings.Join(c.team.IDs(), ", ") + ".",
				})
				continue
			}
			if in, takes := to.Takes(out.What); !takes || in.From != Party("role:"+r.ID) {
				c.add(r, Finding{
					Kind: "unconsumed", Weight: Note, What: out.What, Message: fmt.Sprintf("%s gives %s to %s, who does not list it as an input", r.ID, out.What, id),
					Mend: fmt.Sprintf("Add %s to context_in of roles/%s.yaml, or take role:%s out of its “to”.", out.What, id, id),
				})
			}
		}
		for _, to := range c.team.Roles {
			in, takes := to.Takes(out.What)
			used = used || (takes && to.ID != r.ID && in.From == Party("role:"+r.ID))
		}
		if !used && !outside {
			c.add(r, Finding{
				Kind: "unconsumed", Weight: Problem, What: out.What, Message: fmt.Sprintf("nobody takes %s from %s", out.What, r.ID),
				Mend: "Stop making it, or let a role list it in its context_in.",
			})
		}
	}
}

// standing asks whether the role is part of the team's flow at all.
func (c *checker) standing(r Role) {
	engaged := slices.ContainsFunc(Stages(), func(s Stage) bool { return r.At(s) != None })
	switch {
	case !engaged:
		c.add(r, Finding{
			Kind: "orphan", Weight: Problem, Message: r.ID + " engages in no stage",
			Mend: "Say where it leads, supports or consults, or remove the role.",
		})
	case len(r.ContextIn) == 0 && len(r.ContextOut) == 0:
		c.add(r, Finding{
			Kind: "orphan", Weight: Problem, Message: r.ID + " takes no context and gives none",
			Mend: "List its context_in and context_out, or remove the role.",
		})
	case len(r.ContextOut) == 0:
		c.add(r, Finding{
			Kind: "one-sided", Weight: Problem, Message: fmt.Sprintf("%s takes %d inputs and gives nothing", r.ID, len(r.ContextIn)),
			Mend: "Who takes context gives some: list what it produces in context_out.",
		})
	case len(r.ContextIn) == 0:
		c.add(r, Finding{
			Kind: "one-sided", Weight: Note, Message: fmt.Sprintf("%s gives %d outputs and takes nothing", r.ID, len(r.ContextOut)),
			Mend: "List what it builds on in context_in.",
		})
	}
}

// named asks whether the role's agents, workflows and contracts exist.
func (c *checker) named(r Role) {
	missing := func(kind, id string, there []string) {
		if !slices.Contains(there, id) {
			c.add(r, Finding{
				Kind: "unknown", Weight: Problem, What: id, Message: fmt.Sprintf("%s names %s %q, and there is none", r.ID, kind, id),
				Mend: fmt.Sprintf("See: roleos %s list", kind),
			})
		}
	}
	for _, id := range r.Agents {
		missing("agent", id, c.world.Agents)
	}
	for _, id := range r.Workflows {
		missing("workflow", id, c.world.Workflows)
	}
	for _, out := range r.ContextOut {
		if out.Contract == "" {
			continue
		}
		i := slices.IndexFunc(c.world.Contracts, func(k Contract) bool { return k.ID == out.Contract })
		switch {
		case i < 0:
			c.add(r, Finding{
				Kind: "unknown", Weight: Problem, What: out.What, Message: fmt.Sprintf("%s gives %s under contract %q, and there is none", r.ID, out.What, out.Contract),
				Mend: "See: roleos contract show",
			})
		case c.world.Contracts[i].From != r.ID:
			c.add(r, Finding{
				Kind: "unknown", Weight: Problem, What: out.What,
				Message: fmt.Sprintf("%s gives %s under contract %s, which is from %s", r.ID, out.What, out.Contract, c.world.Contracts[i].From),
				Mend:    "Name the contract of this boundary.",
			})
		}
	}
}

// contracts asks whether both ends of each contract are roles.
func (c *checker) contracts() {
	for _, k := range c.world.Contracts {
		for _, id := range []string{k.From, k.To} {
			if _, ok := c.team.Find(id); !ok {
				c.add(Role{}, Finding{
					Kind: "unknown", Weight: Problem, What: k.ID, Message: fmt.Sprintf("contract %s names role %q, which nobody is", k.ID, id),
					Mend: fmt.Sprintf("Add roles/%s.yaml, or name another role in the contract.", id),
				})
			}
		}
	}
}
