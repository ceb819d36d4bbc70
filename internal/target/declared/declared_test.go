package declared_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
	"roleos/internal/target/declared"
)

const site = `kind: Target
name: site
purpose: The help pages.
files: {dir: help, folders: [docs]}
envelope:
  allow:
  - {op: update, under: [docs], most: 5}
  most_share: 0.25
  most_per_day: 10
`

func read(t *testing.T, text string) (declared.Declaration, error) {
	t.Helper()
	return declared.Read(fstest.MapFS{"targets/site.yaml": {Data: []byte(text)}}, "targets/site.yaml")
}

func TestADeclarationThatCannotBeMeantIsRefusedWhereItIsWrong(t *testing.T) {
	if _, err := read(t, site); err != nil {
		t.Fatal(err)
	}
	const place = "files: {dir: help, folders: [docs]}"
	for name, c := range map[string]struct{ old, with, want string }{
		"another kind":                 {"kind: Target", "kind: Agent", "site.yaml:1:7: kind is"},
		"another name than the file's": {"name: site", "name: sites", "the file is named site.yaml"},
		"no purpose":                   {"purpose: The help pages.", "purpose: \"\"", "has to say its purpose"},
		"two places":                   {place, place + "\nwebhook: {url: https://example.org}", "exactly one of"},
		"no place":                     {place + "\n", "", "exactly one of"},
		"the whole directory":          {"[docs]", "[.]", "at least one folder below it"},
		"a way out":                    {"[docs]", "[../docs]", "at least one folder below it"},
		"an address with a password":   {place, "postgres: {url_file: \"postgres://u:secret@h/d\", tables: [a]}", "does not stand in a declaration"},
		"staging without a template":   {place, "postgres: {staging_url_file: x, tables: [a]}", "expected the database that copies are made from"},
		"git without a committer":      {place, "git: {repository: r, branch: b, folders: [docs]}", "NAME <ADDRESS>"},
		"an operation it has not":      {"op: update", "op: upsert", "a files target knows create, update, delete"},
		"what only takes back":         {place, "sqlite: {file: a.db, tables: [a]}\nagents: []", "knows insert, update, delete, not \"create\""},
		"nowhere":                      {"under: [docs], ", "", "under names where update is allowed"},
		"no number":                    {", most: 5", "", "1 or more"},
		"no share":                     {"  most_share: 0.25\n", "", "nothing that is there could ever be changed"},
		"more than all":                {"0.25", "2.5", "0 to 1"},
		"no rate":                      {"  most_per_day: 10\n", "", "may be touched in a day"},
		"too long":                     {"most_per_day: 10", "most_per_day: 10\n  within: 3h", "at most 1h"},
		"what cannot be tried":         {place, "webhook: {url: https://example.org}", "say unproven: true"},
		"a misspelt key":               {"most_per_day", "most_a_day", "unknown field"},
		"a name that is taken":         {"name: site", "name: files", "the file is named"},
	} {
		text := strings.Replace(site, c.old, c.with, 1)
		switch {
		case strings.Contains(c.with, "sqlite"):
			text = strings.Replace(text, "op: update", "op: create", 1)
		case strings.Contains(c.with, "webhook: {url") && !strings.Contains(c.with, "files"):
			text = strings.Replace(text, "op: update", "op: send", 1)
		}
		if _, err := read(t, text); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Whatever the declaration says is in the version that plans, proofs and grants are bound to.
func TestEveryWordOfADeclarationIsInTheVersionOfItsTarget(t *testing.T) {
	was, err := read(t, site)
	if err != nil {
		t.Fatal(err)
	}
	for old, with := range map[string]string{"most: 5": "most: 6", "[docs]}": "[docs, more]}", "help pages": "help page", "dir: help": "dir: helps"} {
		now, err := read(t, strings.Replace(site, old, with, 1))
		if err != nil || now.Manifest().Version == was.Manifest().Version {
			t.Errorf("%q for %q leaves the version as it was: %v", with, old, err)
		}
	}
	e := was.Limits()
	if e.MostShare != guardrails.Million/4 || e.Rate.Most != 10 || e.Stop.After != 5*time.Minute || e.Irreversible || e.Tainted || e.Allow[0].Most != 5 {
		t.Errorf("the envelope is %+v", e)
	}
}

// No declaration reaches what steers roleos, by whatever way.
func TestNoTargetReachesWhatSteers(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"contracts", ".roleos", "help"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".roleos", "roleos.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "contracts"), filepath.Join(dir, "help", "docs")); err != nil {
		t.Fatal(err)
	}
	o := declared.Options{Dir: dir, State: filepath.Join(dir, ".roleos", "targets"), Now: time.Now, Steering: []string{filepath.Join(dir, "contracts"), filepath.Join(dir, ".roleos")}}
	for name, d := range map[string]declared.Declaration{
		"the folder itself":    {Name: "one", Files: &declared.Files{Dir: ".", Folders: []string{"contracts"}}},
		"a folder in it":       {Name: "one", Files: &declared.Files{Dir: ".", Folders: []string{"contracts/more"}}},
		"a link to it":         {Name: "one", Files: &declared.Files{Dir: "help", Folders: []string{"docs"}}},
		"what it lies in":      {Name: "one", Files: &declared.Files{Dir: filepath.Dir(dir), Folders: []string{filepath.Base(dir)}}},
		"on a branch":          {Name: "one", Git: &declared.Git{Repository: ".", Branch: "ai", Folders: []string{"contracts"}, Committer: "roleos <r@example.org>"}},
		"the store's own file": {Name: "one", SQLite: &declared.SQLite{File: ".roleos/roleos.db", Tables: []string{"drafts"}}},
	} {
		target := declared.New(d, o)
		if _, err := target.Plan(t.Context(), nil); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "steers roleos itself") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsComeFromTheOwnersFileOrTheEnvironmentAndAreInNoError(t *testing.T) {
	const secret = "postgres://u:s3cret@127.0.0.1:1/none?connect_timeout=1"
	dir := t.TempDir()
	file := filepath.Join(dir, "crm.url")
	if err := os.WriteFile(file, []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	d := declared.Declaration{Name: "crm", Postgres: &declared.Postgres{URLFile: "crm.url", Tables: []string{"a"}}}
	open := func(d declared.Declaration, secrets map[string]string) error {
		_, err := declared.New(d, declared.Options{Dir: dir, Secrets: secrets, Now: time.Now}).Plan(t.Context(), nil)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error is %v", err)
		}
		return err
	}
	if err := open(d, nil); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
	if err := open(d, map[string]string{"ROLEOS_TARGET_CRM_URL": secret}); fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "chmod") {
		t.Errorf("the environment wins over the file: %v", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(d, nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("nobody listens there: %v", err)
	}
	d.Postgres.URLFile = ""
	if err := open(d, nil); !strings.Contains(err.Error(), "ROLEOS_TARGET_CRM_URL") {
		t.Errorf("no address: %v", err)
	}
}

func TestWhatAProposalMaySay(t *testing.T) {
	d, err := read(t, strings.Replace(site, "envelope:", "agents: [feedback-river]\nenvelope:", 1))
	if err != nil {
		t.Fatal(err)
	}
	beside := fstest.MapFS{"new.md": {Data: []byte("new")}}
	head := "kind: Proposal\ntarget: site\nreason: because\n"
	for name, c := range map[string]struct{ text, want string }{
		"text":                      {head + "changes: [{op: update, object: docs/a.md, text: new}]", ""},
		"a file":                    {head + "changes: [{op: create, object: docs/a.md, file: new.md}]", ""},
		"a deletion":                {head + "changes: [{op: delete, object: docs/a.md}]", ""},
		"an agent":                  {head + "by: agent:feedback-river\nchanges: [{op: update, object: docs/a.md, text: new}]", ""},
		"another agent":             {head + "by: agent:pitch-shaper\nchanges: [{op: update, object: docs/a.md, text: new}]", "may not propose changes of site"},
		"a person by name":          {head + "by: person:ana\nchanges: [{op: update, object: docs/a.md, text: new}]", "expected agent:ID"},
		"an agent with a file":      {head + "by: agent:feedback-river\nchanges: [{op: create, object: docs/a.md, file: new.md}]", "an agent's proposal names no file"},
		"a file that is not there":  {head + "changes: [{op: create, object: docs/a.md, file: old.md}]", "cannot be read"},
		"a way out":                 {head + "changes: [{op: create, object: docs/a.md, file: ../new.md}]", "no file below"},
		"text and a file":           {head + "changes: [{op: create, object: docs/a.md, text: x, file: new.md}]", "takes text, or file"},
		"rows":                      {head + "changes: [{op: update, object: docs/a.md, set: {a: 1}}]", "takes text, or file"},
		"a deletion with a text":    {head + "changes: [{op: delete, object: docs/a.md, text: x}]", "nothing but its object"},
		"what only takes back":      {head + "changes: [{op: take-back, object: docs/a.md}]", "knows create, update, delete"},
		"nothing":                   {head + "changes: []", "changes nothing"},
		"no reason":                 {"kind: Proposal\ntarget: site\nchanges: [{op: delete, object: docs/a.md}]", "has to say its reason"},
		"its own envelope":          {head + "envelope: {most: 1000}\nchanges: [{op: delete, object: docs/a.md}]", "unknown field"},
		"a key twice, as JSON":      {`{"kind": "Proposal", "target": "site", "target": "crm", "reason": "x", "changes": []}`, "already defined"},
		"a grant that it brings":    {head + "approved_by: person:ana\nchanges: [{op: delete, object: docs/a.md}]", "unknown field"},
		"an object that is missing": {head + "changes: [{op: delete}]", "has to name its op and its object"},
	} {
		p, err := declared.ParseProposal("p.yaml", []byte(c.text))
		if err == nil {
			_, err = p.Intended(d, beside)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	p, err := declared.ParseProposal("p.yaml", []byte(head+"from: [export.csv]\nchanges: [{op: delete, object: docs/a.md}]"))
	if err != nil || !p.Taint().Untrusted || p.Taint().Sources[0] != "export.csv" {
		t.Errorf("the taint is %+v: %v", p.Taint(), err)
	}
}
