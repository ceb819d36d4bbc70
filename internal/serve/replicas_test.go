package serve_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/run"
	"roleos/internal/serve"
	"roleos/internal/store/storetest"
)

// Of a replica's process: the workspace to serve.
const replicaDir = "ROLEOS_TEST_REPLICA"

// replicaFor sets how long replicas are killed under load; the short form takes
// twelve seconds.
const replicaFor = "ROLEOS_TEST_REPLICAS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(replicaDir); dir != "" {
		if err := replica(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// replica serves the workspace in dir until it is killed, and prints its address.
func replica(dir string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Options{Config: cfg, Fenced: func() { os.Exit(3) }})
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // killed in any case
	s, err := serve.New(serve.Options{App: a, Config: cfg, Store: a.Store()})
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return s.Run(ctx, l, func() { fmt.Println(l.Addr()) })
}

type process struct {
	cmd  *exec.Cmd
	addr string
}

func spawn(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:noctx // killed by the test
	cmd.Env = append(os.Environ(), replicaDir+"="+dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("a replica does not start: %v\n%s", err, errs.String())
	}
	return &process{cmd: cmd, addr: strings.TrimSpace(line)}
}

func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

// TestReplicasLoseNothing serves one PostgreSQL store from three processes, starts
// runs through whichever lives, and kills one process after the other. Every run
// that was taken ends, once.
func TestReplicasLoseNothing(t *testing.T) {
	url := storetest.PostgresURL(t)
	if testing.Short() {
		t.Skip("SKIPPED: kills replicas for twelve seconds")
	}
	length := 12 * time.Second
	if d, err := time.ParseDuration(os.Getenv(replicaFor)); err == nil {
		length = d
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte("store:\n  url: "+strconv.Quote(url)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the schema is dropped
	token, _, err := a.CreateToken(t.Context(), rand.Reader, "", "load", []string{"decide"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	living := []*process{spawn(t, dir), spawn(t, dir), spawn(t, dir)}
	defer func() {
		for _, p := range living {
			p.kill()
		}
	}()
	addr := func(i int) string {
		mu.Lock()
		defer mu.Unlock()
		return living[i%len(living)].addr
	}
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	taken := map[string]string{} // run to draft
	var load sync.WaitGroup
	for worker := range 2 {
		load.Go(func() {
			for i := worker; ctx.Err() == nil; i++ {
				if r, err := begin(ctx, addr(i), token, fmt.Sprintf("key-%d-%d", worker, i)); err == nil {
					mu.Lock()
					taken[r.ID] = r.Draft
					mu.Unlock()
				}
				time.Sleep(150 * time.Millisecond)
			}
		})
	}
	kills := 0
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-time.After(3 * time.Second):
		}
		mu.Lock()
		i := kills % len(living)
		living[i].kill()
		living[i] = spawn(t, dir)
		mu.Unlock()
		kills++
	}
	load.Wait()
	until := time.Now().Add(60 * time.Second)
	for id, draft := range taken {
		r, err := a.GetRun(t.Context(), id)
		for err == nil && !r.Status.Done() && time.Now().Before(until) {
			time.Sleep(100 * time.Millisecond)
			r, err = a.GetRun(t.Context(), id)
		}
		if err != nil || r.Status != run.Succeeded {
			t.Errorf("run %s is %s at %q: %v %s", id, r.Status, r.Step, err, r.Error)
			continue
		}
		if revs, err := a.Revisions(t.Context(), draft); err != nil || len(revs) != 1 {
			t.Errorf("draft %s has %d revisions, %v", draft, len(revs), err)
		}
	}
	drafts, err := a.Drafts(t.Context(), nil)
	if err != nil || len(drafts) < len(taken) {
		t.Errorf("%d drafts of %d runs, %v", len(drafts), len(taken), err)
	}
	t.Logf("%d runs taken, %d kills in %s; %d drafts", len(taken), kills, length, len(drafts))
	if len(taken) == 0 || kills == 0 {
		t.Error("nothing was tried")
	}
}

func begin(ctx context.Context, addr, token, key string) (run.Run, error) {
	var r run.Run
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/v1/runs", strings.NewReader(`{"agent":"feedback-river","sample":true}`))
	if err != nil {
		return r, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		return r, fmt.Errorf("status %d: %s, %w", resp.StatusCode, data, err)
	}
	return r, json.Unmarshal(data, &r)
}

// TestShownHereConfirmedThere: a person reads a change set at one replica and
// confirms it at another, on another machine.
func TestShownHereConfirmedThere(t *testing.T) {
	url := storetest.PostgresURL(t)
	here := openIn(t, t.TempDir(), fmt.Sprintf("store: {url: %q}\n", url))
	o, err := here.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	there := t.TempDir()
	if err := os.CopyFS(filepath.Join(there, ".roleos", "keys"), os.DirFS(filepath.Join(here.dir, ".roleos", "keys"))); err != nil {
		t.Fatal(err)
	}
	other := openIn(t, there, fmt.Sprintf("store: {url: %q}\n", url))
	_, plan, err := here.app.Approve(t.Context(), o.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.app.ConfirmPlan(t.Context(), plan.ID, plan.Ask.Want); err != nil {
		t.Errorf("what was shown here is not confirmed there: %v", err)
	}
}
