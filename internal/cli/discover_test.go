package cli_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDiscover walks the Discover workflow from a folder of real material to a
// reviewed pitch: people act from the command line, and the process is killed
// twice on the way.
func TestDiscover(t *testing.T) {
	data, err := filepath.Abs("../../../shared/data")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(data); err != nil {
		t.Skipf("SKIPPED, THE WORKFLOW WAS NOT WALKED: there is no %s", data)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/discover", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			return material(data, filepath.Join(e.WorkDir, "material"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"capture": capture, "exits": exits, "killed": killed, "drafted": drafted},
	})
}

// material copies what a team might have lying around: a feedback export, two
// meetings, a chat, mails and a feed.
func material(data, to string) error {
	for _, part := range []struct{ from, to string }{
		{"feedback/support_queries_315.csv", "feedback/support_queries_315.csv"},
		{"meetings/acd_notes/Meeting_58.input.md", "meetings/Meeting_58.md"},
		{"meetings/acd_verbatim/Meeting_97.input.md", "meetings/Meeting_97.md"},
		{"slack/houstondatavis", "chat"},
		{"email/mikel_mail/plain_emails", "mail"},
		{"feeds/gofeed_testdata/extensions/dublincore/dublincore_item_fields.xml", "news/feed.xml"},
	} {
		if err := copied(filepath.Join(data, part.from), filepath.Join(to, part.to)); err != nil {
			return err
		}
	}
	return nil
}

func copied(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, body, 0o644))
	})
}

// drafted N demands that the drafts just listed are N.
func drafted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: drafted N")
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`"id": "([a-z]+-[0-9a-f]{10})"`).FindAllStringSubmatch(ts.ReadFile("stdout"), -1) {
		ids[m[1]] = true
	}
	if strconv.Itoa(len(ids)) != args[0] {
		ts.Fatalf("%d drafts, want %s: %v", len(ids), args[0], ids)
	}
}

// killed PATTERN COMMAND... runs a command and kills it, without a word, as soon
// as a line of its stderr matches. It fails when the command ends by itself.
func killed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: killed PATTERN COMMAND...")
	}
	pattern := regexp.MustCompile(args[0])
	path, err := exec.LookPath(args[1])
	if found := ts.Getenv("PATH"); err != nil || found != "" {
		for _, dir := range filepath.SplitList(found) {
			if info, err := os.Stat(filepath.Join(dir, args[1])); err == nil && !info.IsDir() {
				path = filepath.Join(dir, args[1])
				break
			}
		}
	}
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "NO_COLOR", "ROLEOS_PRINCIPAL", "WORK", "TMPDIR", "GOCOVERDIR"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if pattern.MatchString(lines.Text()) {
			ts.Check(cmd.Process.Kill())
			_, _ = io.Copy(io.Discard, stderr)
			_ = cmd.Wait()
			return
		}
		ts.Logf("[stderr] %s", lines.Text())
	}
	_ = cmd.Wait()
	ts.Fatalf("%s ended before it said %s", args[1], args[0])
}
