package cli

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/fault"
	"roleos/internal/handoff"
)

func (s *session) changeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "change DRAFT OP [KEY=VALUE...]", Short: "Edit a draft of any kind: add, answer, choose, drop",
		Long: `Makes a new revision that is checked against the contract again; the edit is kept in
the draft with who made it. What can be changed depends on the kind of draft.

A problem brief takes
  focus id=THEME                      it is about this theme of the synthesis
  problem text=...                    the problem in your words
  rationale text=...                  why it matters to the portfolio
  criterion text="METRIC: at most 10 % by 2027-03-31"
  constraint of=CLASS text=...        CLASS is technical, regulatory or timeline
  none of=CLASS text=...              that none is known, and who says so; also of=dependencies
  dependency blocking=yes|no text=...
  settle id=ID blocking=yes|no text=... whether a dependency blocks, and why
  ethics text=...   assumption text=...   exclusion text=...
  answer id=GAP text=...              what you say to a gap
  drop id=ID text=...                 leave an item out, with the reason

A shaped pitch takes
  appetite text="Six weeks for two people"
  element text=...   rabbit-hole text=...   no-go text=...   kill text=...
  feasibility id=CONSTRAINT view=VIEW text=...   whether the constraint is met, and why
  answer id=GAP text=...   drop id=ID text=...

A market brief takes
  drop_item item=ID                        merge_developments development=ID into=ID
  rename_development development=ID label=...
  set_importance development=ID importance=... why=...

A stakeholder landscape takes
  resolve_conflict conflict=ID side=STAKEHOLDER why=...   which side holds; reopen_conflict conflict=ID
  merge_stakeholders stakeholder=ID into=ID               two names are one; rename_stakeholder stakeholder=ID name=...
  change_kind statement=ID kind=KIND                      request, commitment, proposal, decision, action, concern, question
  set_owner statement=ID owner=STAKEHOLDER                who does it
  confirm_statement statement=ID                          it is as it says; drop_statement statement=ID`,
		Example: `  roleos review change pb-3f2a91c0 focus id=t-91ab22cd
  roleos review change pb-3f2a91c0 criterion text="Contacts about late cards: at most 4 % by 2027-03-31"
  roleos review change pb-3f2a91c0 none of=regulatory text="Legal looked at it on 12 October"`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			edit := map[string]any{"op": args[1]}
			for _, pair := range args[2:] {
				key, value, ok := strings.Cut(pair, "=")
				if _, twice := edit[key]; !ok || key == "" || twice {
					return fault.New(fault.Invalid, "cli.change", "%q is not readable: KEY=VALUE was expected, each key once", pair).
						WithMend("For example: roleos review change %s ethics text=\"Nobody is scored.\"", args[0])
				}
				edit[key] = value
				if strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") {
					var v any
					if json.Unmarshal([]byte(value), &v) == nil {
						edit[key] = v
					}
				}
			}
			data, err := json.Marshal(edit)
			if err != nil {
				return err
			}
			return s.review(cmd, handoff.Act{Draft: args[0], Verdict: handoff.Edit, Edit: data})
		},
	}
}
