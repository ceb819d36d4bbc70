package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/report/frame"
	"roleos/internal/report/page"
	"roleos/internal/report/team"
	"roleos/internal/roles"
)

// page writes a page in the format that -o asks for; v is its JSON.
func (s *session) page(p page.Page, v any) error {
	switch s.output {
	case asJSON:
		s.json(v)
		return nil
	case "md":
		return page.Markdown(s.out, p, frame.Frame{})
	case "html":
		return page.HTML(s.out, p, frame.Frame{})
	}
	return page.Terminal(s.out, p, frame.Frame{}, s.look(s.out))
}

// pageFormats are the formats in which a page is written.
func pageFormats() []string { return []string{asText, asJSON, "md", "html"} }

func (s *session) roleCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "role", Short: "Look at roles: what each takes, gives and runs",
		Long: `A role's operating system says where it engages, which context it takes and gives with
format and cadence, and which agents and workflows work for it. Files in the roles
folder of the workspace replace the embedded roles or build on them with extends.`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List the roles", Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			t, err := s.team(asText, asJSON)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/roles/v1", "roles": t.Roles})
				return nil
			}
			rows := [][]string{{"ROLE", "LEADS", "TAKES", "GIVES", "PURPOSE"}}
			for _, r := range t.Roles {
				var leads []string
				for _, st := range roles.Stages() {
					if r.At(st) == roles.Lead {
						leads = append(leads, string(st))
					}
				}
				rows = append(rows, []string{r.ID, strings.Join(leads, ", "), fmt.Sprint(len(r.ContextIn)), fmt.Sprint(len(r.ContextOut)), r.Purpose})
			}
			s.table(rows)
			return nil
		},
	}
	show := &cobra.Command{
		Use: "show ROLE", Short: "Print a role's operating system", Args: cobra.ExactArgs(1),
		Example: "  roleos role show pm\n  roleos role show pm -o html > pm.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			t, findings, err := a.CheckScaffold()
			if err != nil {
				return err
			}
			r, ok := t.Find(args[0])
			if !ok {
				return fault.New(fault.NotFound, "cli.role", "there is no role %q", args[0]).WithMend("Roles: %s.", strings.Join(t.IDs(), ", "))
			}
			return s.page(team.Role(r, findings), map[string]any{"schema": "roleos/role/v1", "role": r})
		},
	}
	c.AddCommand(list, show)
	return c
}

// team loads the settings and the roles.
func (s *session) team(formats ...string) (roles.Team, error) {
	if err := s.format(formats...); err != nil {
		return roles.Team{}, err
	}
	if err := s.configure(nil); err != nil {
		return roles.Team{}, err
	}
	return app.Team(s.cfg.Dir)
}

func (s *session) scaffoldCommand() *cobra.Command {
	c := &cobra.Command{Use: "scaffold", Short: "Check that what roles take and give fits together"}
	check := &cobra.Command{
		Use: "check", Short: "Find inputs nobody gives, outputs nobody takes, formats that do not meet, inputs past their cadence", Args: cobra.NoArgs,
		Long: `Holds every role's inputs and outputs against each other, and against the agents,
workflows, contracts and context files that there are. Ends with 1 when something
does not hold.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			t, findings, err := a.CheckScaffold()
			if err != nil {
				return err
			}
			if findings == nil {
				findings = []roles.Finding{}
			}
			err = s.page(team.Scaffold(t, findings), map[string]any{"schema": "roleos/scaffold/v1", "holds": roles.Holds(findings), "findings": findings})
			if err != nil {
				return err
			}
			if !roles.Holds(findings) {
				return errSaidNo
			}
			return nil
		},
	}
	c.AddCommand(check)
	return c
}

func (s *session) lifecycleCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lifecycle", Short: "Show who engages in which stage, and every open handoff with its clock", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			t, err := a.Team()
			if err != nil {
				return err
			}
			handoffs, err := a.Handoffs(cmd.Context(), false)
			if err != nil {
				return err
			}
			var open []team.Open
			for _, v := range handoffs {
				waits, due, left := s.timing(v)
				open = append(open, team.Open{
					Draft: v.Draft, Title: v.Title, State: string(v.State), From: v.From.Role, To: v.To.Role, Waits: waits, Due: due, Left: left,
				})
			}
			return s.page(team.Lifecycle(t, open), map[string]any{"schema": "roleos/lifecycle/v1", "roles": t.Roles, "handoffs": handoffs})
		},
	}
}
