package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"roleos/config"
	"roleos/contracts"
	"roleos/contracts/say"
	"roleos/contracts/skeleton"
	"roleos/internal/app"
	"roleos/internal/fault"
)

// asSARIF is the output format of lint for code review.
const asSARIF = "sarif"

func (s *session) contractCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "contract", Short: "Read, check and write handoff contracts",
		Long: `A handoff contract says what a draft must satisfy before the next role gets it. Each
gate is a check that can fail: it passes its good example and fails its bad one, or
lint does not accept it.

CONTRACT is the id of a contract (problem-brief), an id with a version
(problem-brief@1.0.0), or the path of a contract's file.`,
	}
	c.AddCommand(s.contractLint(), s.contractCheck(), s.contractShow(), s.contractDiff(), s.contractTest(), s.contractNew())
	return c
}

func (s *session) contractShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [CONTRACT]", Short: "Print a contract as a page two roles would sign; without a name, list them", Args: cobra.MaximumNArgs(1),
		Example: "  roleos contract show\n  roleos contract show feedback-synthesis",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			if len(args) == 0 {
				set, err := s.contracts()
				if err != nil {
					return err
				}
				return s.listContracts(set)
			}
			k, _, err := s.contractAt(args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/contract/v1", "name": k.Name(), "digest": k.Digest(), "contract": k, "page": contracts.Show(k)})
				return nil
			}
			fmt.Fprint(s.out, contracts.Show(k))
			return nil
		},
	}
}

func (s *session) contractCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check DRAFT", Short: "Run the pinned contract over a draft again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.Recheck(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.showGates(v)
		},
	}
}

// lintable is one contract to lint: where its files are, and what came of loading it.
type lintable struct {
	name, folder string
	contract     *contracts.HandoffContract
	err          error
}

func (s *session) contractLint() *cobra.Command {
	var notes bool
	var format string
	c := &cobra.Command{
		Use: "lint [CONTRACT|FOLDER...]", Short: "Check that every gate can pass and can fail", Args: cobra.ArbitraryArgs,
		Long: `Lint accepts a gate when it compiles, passes its good example and refuses its bad one.
It changes the examples where the gate looks, and a gate that does not notice is
refused. Without a name it looks at all contracts that are in force here.`,
		Example: "  roleos contract lint\n  roleos contract lint contracts/\n  roleos contract lint contracts/problem-brief.yaml --format sarif > lint.sarif",
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "" {
				s.output = format
			}
			if err := s.format(asText, asJSON, asSARIF); err != nil {
				return err
			}
			todo, err := s.lintables(args)
			if err != nil {
				return err
			}
			byName, accepted := map[string][]contracts.Finding{}, true
			var found []say.Found
			for _, l := range todo {
				var out []contracts.Finding
				if l.err != nil {
					out = []contracts.Finding{contracts.Unread(l.name+".yaml", l.err)}
				} else {
					out = contracts.Lint(cmd.Context(), l.contract)
				}
				byName[l.name] = out
				accepted = accepted && contracts.Accepted(out)
				found = append(found, say.Found{Folder: l.folder, Findings: out})
			}
			switch s.output {
			case asJSON:
				s.json(map[string]any{"schema": "roleos/lint/v1", "accepted": accepted, "findings": byName})
			case asSARIF:
				log, err := say.SARIF(version().number, found)
				if err != nil {
					return err
				}
				fmt.Fprintln(s.out, string(log))
			default:
				for _, l := range todo {
					for _, f := range byName[l.name] {
						if f.Severity != contracts.Note || notes {
							f.File = filepath.Join(l.folder, f.File)
							fmt.Fprintf(s.out, "%s\n\n", f)
						}
					}
					if contracts.Accepted(byName[l.name]) {
						fmt.Fprintf(s.out, "%s: every gate can pass and can fail\n", l.name)
					}
				}
			}
			if !accepted {
				return errSaidNo
			}
			return nil
		},
	}
	c.Flags().BoolVar(&notes, "notes", false, "also say what no example shows")
	c.Flags().StringVar(&format, "format", "", "output format: text, json or sarif (SARIF 2.1.0, for code review); the same as -o")
	return c
}

// lintables finds the contracts that arguments name: ids, files and folders.
func (s *session) lintables(args []string) ([]lintable, error) {
	var out []lintable
	all := func(set *contracts.Set, folder string) error {
		ids, err := set.IDs()
		for _, id := range ids {
			k, err := set.Get(id)
			out = append(out, lintable{name: id, folder: folder, contract: k, err: err})
		}
		return err
	}
	if len(args) == 0 {
		set, err := s.contracts()
		if err != nil {
			return nil, err
		}
		return out, all(set, "")
	}
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			set := contracts.Default().Beside(os.DirFS(arg))
			if err := all(set, arg); err != nil {
				return nil, err
			}
			if len(out) == 0 {
				return nil, fault.New(fault.NotFound, "contract.lint", "%s holds no contract; a contract is a file ID.yaml", arg)
			}
			continue
		}
		k, folder, err := s.contractAt(arg)
		if err != nil && (folder == "" || fault.KindOf(err) == fault.NotFound) {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(arg), ".yaml")
		out = append(out, lintable{name: name, folder: folder, contract: k, err: err})
	}
	return out, nil
}

// contractAt returns the contract that an argument names and, where it names a
// file, the folder of that.
func (s *session) contractAt(arg string) (*contracts.HandoffContract, string, error) {
	if !strings.HasSuffix(arg, ".yaml") && !strings.ContainsRune(arg, filepath.Separator) {
		set, err := s.contracts()
		if err != nil {
			return nil, "", err
		}
		k, err := set.Get(arg)
		return k, "", err
	}
	folder, file := filepath.Split(arg)
	folder = filepath.Clean(folder)
	if _, err := os.Stat(arg); err != nil {
		return nil, folder, fault.New(fault.NotFound, "contract", "there is no file %s", arg).
			WithMend("List the contracts with: roleos contract show")
	}
	k, err := contracts.Default().Beside(os.DirFS(folder)).Get(strings.TrimSuffix(file, ".yaml"))
	return k, folder, err
}

func (s *session) contractTest() *cobra.Command {
	return &cobra.Command{
		Use: "test CONTRACT [DRAFT]", Short: "Run a contract over its examples, or over a draft in a file", Args: cobra.RangeArgs(1, 2),
		Long: `Says of every example which gate it passes and which refuses it, and whether that is
what the contract wants. With a DRAFT, a JSON file or an example, it says what every
gate makes of that.`,
		Example: "  roleos contract test problem-brief\n  roleos contract test contracts/problem-brief.yaml draft.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			k, _, err := s.contractAt(args[0])
			if err != nil {
				return err
			}
			if len(args) == 2 {
				subject, err := subjectAt(args[1])
				if err != nil {
					return err
				}
				r := contracts.Check(cmd.Context(), k, subject)
				if s.output == asJSON {
					s.json(map[string]any{"schema": "roleos/check/v1", "passed": r.Passed(), "ready": r.Ready(), "result": r})
				} else {
					fmt.Fprint(s.out, say.Verdict(r))
				}
				if !r.Passed() {
					return errSaidNo
				}
				return nil
			}
			trials, wanted := contracts.Try(cmd.Context(), k), true
			all := make([]map[string]any, len(trials))
			for i, t := range trials {
				wanted = wanted && t.Wanted()
				all[i] = map[string]any{"example": t.Name, "says": t.Says, "as_wanted": t.Wanted(), "gates": t.Result.Gates}
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/trials/v1", "contract": k.Name(), "as_wanted": wanted, "examples": all})
			} else {
				fmt.Fprint(s.out, say.Trials(k, trials))
			}
			if !wanted {
				return errSaidNo
			}
			return nil
		},
	}
}

// subjectAt reads a draft: JSON as it stands, or an example with its records.
func subjectAt(path string) (contracts.Subject, error) {
	if strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml") {
		e, err := contracts.LoadExample(os.DirFS(filepath.Dir(path)), filepath.Base(path))
		if err != nil {
			return contracts.Subject{}, err
		}
		return e.Subject()
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return contracts.Subject{}, fault.New(fault.NotFound, "contract.test", "there is no file %s", path)
	case info.Size() > contracts.MaxDraft:
		return contracts.Subject{}, fault.New(fault.Invalid, "contract.test", "%s has %d bytes, at most %d are read", path, info.Size(), int64(contracts.MaxDraft))
	}
	data, err := os.ReadFile(path) //nolint:gosec // the file that was named
	if err != nil {
		return contracts.Subject{}, fault.Wrap(err, fault.Unavailable, "contract.test", "%s cannot be read", path)
	}
	return contracts.Subject{Body: data}, nil
}

func (s *session) contractDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff OLD NEW", Short: "Say what a new version of a contract breaks", Args: cobra.ExactArgs(2),
		Long: `Compares two versions as versions of a wire format are compared: what would refuse
drafts that were accepted, or accept drafts that were refused, is breaking and asks
for a new major version. Each version is run over the examples of the other. Exits
with 1 when the version moved less than the changes ask for.`,
		Example: "  roleos contract diff problem-brief@1.0.0 contracts/problem-brief.yaml\n  roleos contract diff problem-brief@1.0.0 problem-brief@1.1.0",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			was, _, err := s.contractAt(args[0])
			if err != nil {
				return err
			}
			is, _, err := s.contractAt(args[1])
			if err != nil {
				return err
			}
			d := contracts.Compare(cmd.Context(), was, is)
			if s.output == asJSON {
				s.json(map[string]any{
					"schema": "roleos/contract-diff/v1", "from": d.From, "to": d.To, "differences": d.Differences,
					"breaking": len(d.Breaking()) > 0, "asks": d.Asks.String(), "enough": d.Enough(),
				})
			} else {
				fmt.Fprint(s.out, say.Comparison(d))
			}
			if !d.Enough() {
				return errSaidNo
			}
			return nil
		},
	}
}

func (s *session) contractNew() *cobra.Command {
	var from, to, dir string
	c := &cobra.Command{
		Use: "new ID", Short: "Write a first contract, with its schema and examples", Args: cobra.ExactArgs(1),
		Long: `Writes a contract with one finished gate and one for you to finish, the schema of its
artefact, a draft that passes and drafts that do not. Lint then says what is left to do.`,
		Example: "  roleos contract new risk-note --from pm/discover --to architect/decide",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			if err := s.configure(nil); err != nil {
				return err
			}
			spec := skeleton.Spec{ID: args[0]}
			for _, p := range []struct {
				flag, value string
				role, stage *string
			}{{"from", from, &spec.FromRole, &spec.FromStage}, {"to", to, &spec.ToRole, &spec.ToStage}} {
				role, stage, ok := strings.Cut(p.value, "/")
				if !ok || role == "" || stage == "" {
					return fault.New(fault.Invalid, "contract.new", "--%s is %q, expected a role and its stage such as architect/decide", p.flag, p.value)
				}
				*p.role, *p.stage = role, stage
			}
			if dir == "" {
				dir = filepath.Join(s.cfg.Dir, "contracts")
			}
			files, err := skeleton.Files(spec)
			if err != nil {
				return err
			}
			written, err := writeNew(dir, files)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/contract-new/v1", "files": written})
				return nil
			}
			if here, err := os.Getwd(); err == nil {
				for i, f := range written {
					if rel, err := filepath.Rel(here, f); err == nil && !strings.HasPrefix(rel, "..") {
						written[i] = rel
					}
				}
			}
			for _, f := range written {
				fmt.Fprintln(s.out, f)
			}
			if _, err := os.Stat(filepath.Join(s.cfg.Dir, config.FileName)); err != nil {
				s.say("\nIt is not in force: %s has no %s. Make it a workspace: roleos init %s", s.cfg.Dir, config.FileName, s.cfg.Dir)
			}
			s.say("\nOpen %s. Lint says what is left to do, one thing after the other.", written[0])
			s.next("roleos contract lint " + written[0])
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "pm/discover", "role and stage that give the draft")
	c.Flags().StringVar(&to, "to", "architect/decide", "role and stage that take it")
	c.Flags().StringVar(&dir, "dir", "", "contracts folder to write into (default: contracts in the workspace)")
	return c
}

// writeNew writes files that are not there yet, all or none, and returns their paths.
func writeNew(dir string, files []skeleton.File) ([]string, error) {
	const op = "contract.new"
	var out []string
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if _, err := os.Lstat(path); err == nil {
			return nil, fault.New(fault.Conflict, op, "%s exists already, and nothing was written", path).WithMend("Choose another id, or another folder with --dir.")
		}
		out = append(out, path)
	}
	for i, f := range files {
		if err := os.MkdirAll(filepath.Dir(out[i]), 0o755); err != nil { //nolint:gosec // contracts are for everybody to read
			return nil, fault.Wrap(err, fault.Unavailable, op, "%s cannot be made", filepath.Dir(out[i]))
		}
		if err := os.WriteFile(out[i], f.Body, fs.FileMode(0o644)); err != nil { //nolint:gosec // as above
			return nil, fault.Wrap(err, fault.Unavailable, op, "%s cannot be written", out[i])
		}
	}
	return out, nil
}

func (s *session) contracts() (*contracts.Set, error) {
	if err := s.configure(nil); err != nil {
		return nil, err
	}
	return app.Contracts(s.cfg.Dir), nil
}

func (s *session) listContracts(set *contracts.Set) error {
	ids, err := set.IDs()
	if err != nil {
		return err
	}
	rows := [][]string{{"CONTRACT", "FROM", "TO", "GATES"}}
	var all []map[string]any
	for _, id := range ids {
		k, err := set.Get(id)
		if err != nil {
			return err
		}
		all = append(all, map[string]any{"name": k.Name(), "from": k.From, "to": k.To, "gates": len(k.Gates)})
		rows = append(rows, []string{k.Name(), k.From.Role + ", " + k.From.Stage, k.To.Role + ", " + k.To.Stage, fmt.Sprint(len(k.Gates))})
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/contracts/v1", "contracts": all})
		return nil
	}
	s.table(rows)
	return nil
}
