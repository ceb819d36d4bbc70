package cli_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// program returns this test's binary under the name roleos, as which it is the command.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "roleos")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if os.Link(self, path) == nil {
		return path
	}
	data, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(path, data, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A service confirms, applies and takes back through its broker, also after
// somebody has killed that. The one key is made by the broker, not by the service,
// and a backup that the service writes is without it.
func TestAServiceConfirmsAndAppliesThroughItsBroker(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: processes are found under /proc")
	}
	roleos, dir := program(t), t.TempDir()
	key := filepath.Join(dir, ".roleos", "keys", "grants.key")
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), roleos, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "ROLEOS_PRINCIPAL=person:tester")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("roleos %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	find := func(text, form string) string {
		t.Helper()
		m := regexp.MustCompile(form).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s matches nothing in\n%s", form, text)
		}
		return m[len(m)-1]
	}
	draft := find(run("run", "feedback-river", "--sample"), `review approve (fs-[0-9a-f]+)`)
	plan := find(run("review", "approve", draft), `plan confirm (cs-[0-9a-f]+)`)
	token := find(run("token", "create", "--scope", "admin"), `(?m)^(\S{20,})$`)

	ctx := t.Context()
	serve := exec.CommandContext(ctx, roleos, "serve", "--serve-listen", "127.0.0.1:0")
	serve.Dir, serve.Env = dir, append(os.Environ(), "ROLEOS_PRINCIPAL=person:tester")
	serve.Cancel = func() error { return serve.Process.Signal(os.Interrupt) }
	serve.WaitDelay = 20 * time.Second
	out, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Signal(os.Interrupt); _ = serve.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	base := find(line, `(http://[^/]+)`) + "/api/v1"
	ask := func(method, path, body string) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s %s: %s %v\n%s", method, path, resp.Status, err, data)
		}
		return data
	}
	type shown struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Ask   struct {
			Want string `json:"want"`
		} `json:"ask"`
	}
	through := func(id string) {
		t.Helper()
		var v, after shown
		if err := json.Unmarshal(ask("GET", "/plans/"+id, ""), &v); err != nil {
			t.Fatal(err)
		}
		ask("POST", "/plans/"+id+"/confirm", `{"answer": "`+v.Ask.Want+`"}`)
		if err := json.Unmarshal(ask("POST", "/plans/"+id+"/apply", `{}`), &after); err != nil || after.State != "applied" {
			t.Fatalf("%s is %s: %v", id, after.State, err)
		}
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("there is a key before anybody confirmed")
	}
	through(plan)
	if _, err := os.Stat(key); err != nil {
		t.Errorf("nobody made the key: %v", err)
	}
	published := filepath.Join(dir, "context", "feedback", draft, "synthesis.md")
	if _, err := os.Stat(published); err != nil {
		t.Error(err)
	}
	zipped, err := gzip.NewReader(bytes.NewReader(ask("GET", "/backup", "")))
	if err != nil {
		t.Fatal(err)
	}
	if backup, err := io.ReadAll(zipped); err != nil || !bytes.Contains(backup, []byte("keys/audit.key")) || bytes.Contains(backup, []byte("keys/grants.key")) {
		t.Errorf("the backup has %d bytes, without the log's key or with the one of confirmations: %v", len(backup), err)
	}
	was := brokerOf(t, serve.Process.Pid)
	if p, err := os.FindProcess(was); err != nil || p.Kill() != nil {
		t.Fatal("the broker could not be killed")
	}
	var undo shown
	if err := json.Unmarshal(ask("POST", "/plans/"+plan+"/undo", `{}`), &undo); err != nil {
		t.Fatal(err)
	}
	through(undo.ID)
	if _, err := os.Stat(published); err == nil {
		t.Error("undone, the file is still there")
	}
	if now := brokerOf(t, serve.Process.Pid); now == was {
		t.Error("it is the process that was killed")
	}
}

// brokerOf returns the process of the broker that the service has started.
func brokerOf(t *testing.T, service int) int {
	t.Helper()
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(service), "task", "*", "children"))
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for _, c := range strings.Fields(string(children)) {
			line, _ := os.ReadFile(filepath.Join("/proc", c, "cmdline"))
			if pid, err := strconv.Atoi(c); err == nil && bytes.Contains(line, []byte("\x00broker\x00")) {
				return pid
			}
		}
	}
	t.Fatal("the service has no broker")
	return 0
}
