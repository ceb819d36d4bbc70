package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"roleos/config"
	"roleos/internal/app"
)

func (s *session) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a workspace",
		Long: `Makes a folder a workspace: roleos.yaml with the settings you are likely to change,
and folders for what is published and what your team adds. Files that exist are left alone.`,
		Example: "  roleos init research\n  cd research && roleos run feedback-river --in export.csv",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := first(args)
			if dir == "" {
				dir = "."
			}
			made, err := app.InitWorkspace(dir)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/workspace/v1", "dir": dir, "made": made})
				return nil
			}
			for _, m := range made {
				fmt.Fprintf(s.out, "made %s\n", m)
			}
			if len(made) == 0 {
				fmt.Fprintf(s.out, "%s is a workspace already.\n", dir)
			}
			if filepath.Clean(dir) == "." {
				s.next("roleos run feedback-river --sample")
				return nil
			}
			s.say("Next: cd %s && %s", dir, typed("roleos run feedback-river --sample"))
			return nil
		},
	}
}

func (s *session) configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Look at the settings"}
	show := &cobra.Command{
		Use: "show", Short: "Show every setting, its value and where it came from", Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			if err := s.configure(nil); err != nil {
				return err
			}
			all := s.cfg.Settings(s.origins)
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/config/v1", "workspace": s.cfg.Dir, "settings": all})
				return nil
			}
			rows := [][]string{{"KEY", "VALUE", "FROM"}}
			for _, x := range all {
				rows = append(rows, []string{x.Key, x.Value, x.Origin})
			}
			s.table(rows)
			s.say("\nWorkspace %s. Change a setting in %s, or with ROLEOS_... in the environment.", s.cfg.Dir, config.FileName)
			return nil
		},
	}
	c.AddCommand(show)
	return c
}

func (s *session) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check the workspace: settings, store, keys, audit log, unfinished work", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			var checks []app.Check
			a, err := s.start(cmd)
			if err != nil {
				checks = append(checks, app.Check{Name: "open", Found: err.Error()})
			} else {
				checks = a.Doctor(cmd.Context())
			}
			well := true
			for _, c := range checks {
				well = well && c.OK
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/doctor/v1", "ok": well, "checks": checks})
			} else {
				for _, c := range checks {
					mark := "ok  "
					if !c.OK {
						mark = "FAIL"
					}
					fmt.Fprintf(s.out, "%s  %-12s %s\n", mark, c.Name, c.Found)
					if c.Mend != "" {
						fmt.Fprintf(s.out, "                    %s\n", c.Mend)
					}
				}
			}
			if !well {
				return errSaidNo
			}
			return nil
		},
	}
}

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			v := version()
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/version/v1", "version": v.number, "go": v.goVersion, "revision": v.revision})
				return nil
			}
			fmt.Fprintf(s.out, "roleos %s %s %s\n", v.number, v.revision, v.goVersion)
			return nil
		},
	}
}

type versionInfo struct{ number, revision, goVersion string }

func version() versionInfo {
	v := versionInfo{number: "devel", revision: "unknown"}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.goVersion = b.GoVersion
	if b.Main.Version != "" {
		v.number = b.Main.Version
	}
	for _, x := range b.Settings {
		if x.Key == "vcs.revision" && len(x.Value) >= 12 {
			v.revision = x.Value[:12]
		}
	}
	return v
}

func (s *session) auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "Read and verify the tamper-evident log",
		Long: `Every arrival of a draft, every review, grant and effect is a leaf of an append-only
Merkle log. A checkpoint is its signed head: keep one elsewhere, and no record can
be edited, dropped, reordered or cut off afterwards without being found.`,
	}
	var checkpoint, out string
	var sign bool
	verify := &cobra.Command{
		Use: "verify", Short: "Recompute the whole log and hold it against a saved checkpoint", Args: cobra.NoArgs,
		Example: "  roleos audit verify\n  roleos audit verify --checkpoint /mnt/safe/roleos.checkpoint",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			r, against, err := a.VerifyAudit(cmd.Context(), checkpoint)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/audit-report/v1", "intact": r.Intact(), "checkpoint": against, "report": r})
			} else {
				fmt.Fprintf(s.out, "%d records, root %s\n", r.Records, r.Root)
				if against != "" {
					fmt.Fprintf(s.out, "held against the checkpoint in %s\n", against)
				}
				for _, p := range r.Problems {
					fmt.Fprintf(s.out, "%s: %s\n", p.Kind, p.Message)
				}
				if r.Intact() {
					fmt.Fprintln(s.out, "intact")
				}
			}
			if sign {
				s.say("Signed as it is now, on your word.")
				return a.SignAudit(cmd.Context())
			}
			if !r.Intact() {
				return errSaidNo
			}
			return nil
		},
	}
	verify.Flags().BoolVar(&sign, "sign", false, "sign the log as it is now, after you have looked at what was found")
	verify.Flags().StringVar(&checkpoint, "checkpoint", "", "file with a checkpoint kept elsewhere (default: the last one written beside the keys)")
	list := &cobra.Command{
		Use: "list", Short: "List the log's records, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			records, err := a.AuditRecords(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/audit/v1", "records": records})
				return nil
			}
			rows := [][]string{{"SEQ", "AT", "KIND", "ACTOR", "SUBJECT", "MODE"}}
			for _, r := range records {
				rows = append(rows, []string{fmt.Sprint(r.Seq), r.At.Format("2006-01-02 15:04:05"), r.Kind, plain(r.Actor), plain(r.Subject), r.Mode})
			}
			s.table(rows)
			return nil
		},
	}
	export := &cobra.Command{
		Use: "export", Short: "Write the log as JSON Lines with a proof for every record", Args: cobra.NoArgs,
		Example: "  roleos audit export --out audit.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			a, err := s.open(cmd.Context(), nil)
			if err != nil {
				return err
			}
			w := s.out
			if out != "" {
				file, err := os.Create(filepath.Clean(out))
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, file.Close()) }()
				w = file
			}
			return a.ExportAudit(cmd.Context(), w)
		},
	}
	export.Flags().StringVar(&out, "out", "", "write to this file instead of stdout")
	c.AddCommand(verify, list, export)
	return c
}
