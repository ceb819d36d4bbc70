package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
)

func (s *session) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write the store, keys and settings of the workspace to one file", Args: cobra.ExactArgs(1),
		Long: `Writes the workspace's store, its keys and its settings as they are at one moment, while
work goes on. The file holds signing keys: keep it where secrets are kept. What is
published stands in ordinary files and is not part of it.

While roleos serve runs, ask the service: GET /api/v1/backup with a token of scope admin.

A store on PostgreSQL has its own backups (pg_dump); copy .roleos/keys beside them.`,
		Example: "  roleos backup roleos-2026-11-21.tar.gz",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fault.Wrap(err, fault.Invalid, "cli.backup", "cannot write %s, or it is there already", args[0])
			}
			b, err := a.WriteBackup(cmd.Context(), f)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return errors.Join(err, os.Remove(args[0]))
			}
			return s.backedUp(b, "backed up to "+args[0], "Restore it: roleos restore %s --to FOLDER", args[0])
		},
	}
}

func (s *session) restoreCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use: "restore FILE --to FOLDER", Short: "Put a backup into a folder without a workspace", Args: cobra.ExactArgs(1),
		Long:    "Checks every file of the backup against its own list before anything counts as\nrestored. It is never put over a workspace that is there.",
		Example: "  roleos restore roleos-2026-11-21.tar.gz --to harbour",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			if to == "" {
				return fault.New(fault.Invalid, "cli.restore", "say where it is restored to").WithMend("Add: --to FOLDER")
			}
			f, err := os.Open(args[0])
			if err != nil {
				return fault.Wrap(err, fault.NotFound, "cli.restore", "cannot read %s", args[0])
			}
			defer f.Close() //nolint:errcheck // only read
			b, err := app.Restore(to, f)
			if err != nil {
				return err
			}
			return s.backedUp(b, "restored to "+to, "Look at it: roleos doctor -C %s", to)
		},
	}
	c.Flags().StringVar(&to, "to", "", "folder to restore into (required)")
	return c
}

func (s *session) backedUp(b app.Backup, what, next, arg string) error {
	if s.output == asJSON {
		s.json(b)
		return nil
	}
	fmt.Fprintf(s.out, "%d files of %s, with %d audit records, %s:\n  %s\n", len(b.Digests), b.At.Format("2 January 2006 15:04 MST"), b.Audit, what, strings.Join(b.Files(), "\n  "))
	s.say(next, arg)
	return nil
}
