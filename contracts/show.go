package contracts

import (
	"fmt"
	"strings"

	"roleos/contracts/gate"
)

// Show writes the contract as the Markdown page that both sides would sign:
// what is asked, what happens when it is not met, and how each gate is checked.
func Show(c *HandoffContract) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Handoff contract: %s, version %s\n", c.ID, c.Version)
	if c.Purpose != "" {
		p("%s\n", strings.TrimSpace(c.Purpose))
	}
	p("| | role | stage |\n|---|---|---|\n| gives | %s | %s |\n| takes | %s | %s |\n", cell(c.From.Role), c.From.Stage, cell(c.To.Role), c.To.Stage)
	p("| governance | |\n|---|---|\n| workflow owner | %s |\n| source of truth | %s |\n| service level | %s |\n| audit trail | %s |\n",
		cell(c.Governance.WorkflowOwner), cell(c.Governance.SourceOfTruth), cell(c.Governance.ServiceLevel), cell(c.Governance.AuditTrail))
	if c.Tightens != "" {
		p("It adds to `%s`, all of whose gates hold.\n", c.Tightens)
	}
	for _, part := range []struct {
		of    Enforcement
		title string
	}{{Deny, "What has to hold before the draft crosses"}, {Warn, "What the reviewer is told"}, {Audit, "What is only recorded"}} {
		n := 0
		for _, g := range c.Gates {
			if g.Enforcement != part.of {
				continue
			}
			if n++; n == 1 {
				p("## %s\n", part.title)
			}
			p("%d. **%s** (%s)", n, strings.TrimSpace(g.Says), g.ID)
			p("   - checked: %s", how(g))
			if g.WhenEmpty == emptyPasses {
				p("   - where there is none it holds, by intention")
			}
			p("   - if not: %s", strings.TrimSpace(g.Mend))
		}
		if n > 0 {
			p("")
		}
	}
	if k := c.Carry; k != nil {
		p("## What must not get lost\n")
		p("Every id of these upstream is in the draft, or listed at `%s` with the reason why it is not.\n", k.DroppedAt())
		for _, item := range k.Items {
			line := "- " + item
			if at := k.From[item]; at != "" {
				line += ", upstream at `" + at + "`"
			}
			if at := k.In[item]; at != "" {
				line += ", in the draft at `" + at + "`"
			}
			if same := k.Same[item]; len(same) > 0 {
				line += ", with the same " + strings.Join(same, ", ")
			}
			p("%s", line)
		}
		p("")
	}
	if len(c.SLA) > 0 {
		p("## Clocks\n\nA clock reminds and escalates. It never approves: silence is not consent.\n")
		p("| from | until | by | within | reminds after | then |\n|---|---|---|---|---|---|")
		for _, s := range c.SLA {
			hours := ""
			if s.Calendar == Working {
				hours = " of working time"
			}
			p("| %s | %s | %s | %s%s | %s | %s |", cell(s.On), cell(strings.ReplaceAll(s.Expect, "_", " ")), cell(s.Role()), cell(s.Within), hours, cell(strings.Join(s.Remind, ", ")), cell(s.Then))
		}
		p("")
	}
	if len(c.Preferences) > 0 {
		p("## Preferences\n\nWished for, and not checked.\n")
		for _, s := range c.Preferences {
			p("- %s", strings.TrimSpace(s))
		}
		p("")
	}
	p("## Signed\n\n| role | name | date |\n|---|---|---|\n| %s | | |\n| %s | | |\n", cell(c.From.Role), cell(c.To.Role))
	p("Contract `%s`, `%s`.", c.Name(), c.Digest())
	return b.String()
}

// how says in a phrase what a gate's check looks at.
func how(g Gate) string {
	over := make([]string, len(g.Over))
	for i, o := range g.Over {
		over[i] = "`" + o + "`"
	}
	places := strings.Join(over, ", ")
	switch g.Check {
	case gate.CheckSchema:
		return "against the JSON Schema; no key may occur twice"
	case gate.CheckQuotes:
		return "each quote at " + places + " against the bytes of its record"
	case gate.CheckFigures:
		return "each number has a figure, and each figure is computed again from the records"
	case gate.CheckPartition:
		return "the ids at " + places + " against the records"
	}
	switch g.Kind {
	case gate.Attested:
		return fmt.Sprintf("a person who is %s and did not write the draft attests it; a new revision asks again", gate.RoleOf(g.By))
	case gate.Carried:
		return "the ids upstream against those in the draft and those dropped with a reason"
	case gate.Automatic, gate.Grounded, gate.Threshold:
	}
	if g.Kind == gate.Threshold {
		s := "each number at " + places
		if g.AtLeast != nil {
			s += fmt.Sprintf(" is at least %v", *g.AtLeast)
		}
		if g.AtMost != nil {
			s += fmt.Sprintf(" is at most %v", *g.AtMost)
		}
		return s
	}
	expr := "`" + strings.Join(strings.Fields(g.CEL), " ") + "`"
	if places != "" {
		return "for each `it` at " + places + ": " + expr
	}
	return expr
}

func cell(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "|", `\|`) }
