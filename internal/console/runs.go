package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/workflow"
)

// Runs starts and follows runs.
type Runs interface {
	Begin(ctx context.Context, r app.RunRequest) (run.Run, error)
	Follow(ctx context.Context, id string, f func(app.Beat) error) error
	CancelRun(ctx context.Context, id string) error
	PutUpload(ctx context.Context, name string, data []byte) (app.Upload, error)
}

// RunList reads runs.
type RunList interface {
	RunPage(ctx context.Context, status run.Status, agent, cursor string) ([]run.Run, string, error)
	GetRun(ctx context.Context, id string) (run.Run, error)
}

type runsPage struct {
	Status   string
	Statuses []string
	Runs     []run.Run
	Next     string
}

func (c *Console) runs(w http.ResponseWriter, r *http.Request, s session) error {
	q := r.URL.Query()
	p := runsPage{Status: q.Get("status"), Statuses: []string{"running", "succeeded", "failed", "cancelled"}}
	var err error
	if p.Runs, p.Next, err = c.o.App.RunPage(r.Context(), run.Status(p.Status), "", q.Get("after")); err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "runs", layout{Title: "Runs", Active: "runs", Page: p})
}

type runPage struct {
	run.Run
	Steps []step
	Form  form
}

// step is one unit of a run with how far it is.
type step struct{ Name, State string }

// stepsOf are the steps of a kind of run in their order, as internal/app journals them.
func stepsOf(r run.Run) []step {
	names := map[string][]string{
		"draft": {"collect", "draft", "check", "report"}, "publish": {"plan", "stage"}, "apply": {"apply"},
	}[r.Kind]
	at := slices.Index(names, r.Step)
	var out []step
	for i, n := range names {
		st := step{n, "waits"}
		switch {
		case r.Status == run.Succeeded || i < at:
			st.State = "done"
		case i == at && r.Status == run.Running:
			st.State = "runs"
		case i == at:
			st.State = string(r.Status)
		}
		out = append(out, st)
	}
	return out
}

func (c *Console) run(w http.ResponseWriter, r *http.Request, s session) error {
	x, err := c.o.App.GetRun(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := runPage{Run: x, Steps: stepsOf(x), Form: form{CSRF: s.csrf}}
	return c.show(w, r, s, http.StatusOK, "run", layout{Title: "Run " + x.ID, Active: "runs", Live: !x.Status.Done(), Page: p})
}

const (
	heartbeat = 15 * time.Second // keeps proxies from closing a stream on which nothing happens
	lookAgain = time.Second      // how often it is looked at whether its reader is still signed in
)

// events streams how a run goes on (server-sent events). Every event is the whole
// state, so a reader that comes back needs nothing of what it missed.
func (c *Console) events(w http.ResponseWriter, r *http.Request, _ session) error {
	id := r.PathValue("id")
	if _, err := c.o.App.GetRun(r.Context(), id); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	type line struct{ kind, data string }
	lines := make(chan line)
	go func() {
		defer close(lines)
		send := func(l line) error {
			select {
			case lines <- l:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := c.o.App.Follow(ctx, id, func(b app.Beat) error {
			data, err := json.Marshal(map[string]any{
				"status": b.Run.Status, "step": b.Run.Step, "stage": b.Stage, "done": b.Done, "total": b.Total, "steps": stepsOf(b.Run),
			})
			if err != nil {
				return err
			}
			return send(line{"beat", string(data)})
		})
		if err == nil {
			_ = send(line{"end", "{}"})
		}
	}()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for n := 1; ; n++ {
		_ = out.SetWriteDeadline(c.o.Now().Add(2 * heartbeat)) // who does not read is let go
		var err error
		select {
		case l, ok := <-lines:
			if !ok {
				return nil
			}
			_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", n, l.kind, l.data)
		case <-again.C:
			if _, _, ok := c.o.Session(r); !ok {
				return nil
			}
			continue
		case <-tick.C:
			_, err = io.WriteString(w, ": still here\n\n")
		case <-ctx.Done():
			return nil
		}
		if err = errors.Join(err, out.Flush()); err != nil {
			return nil //nolint:nilerr // the reader has gone; there is nobody to tell
		}
	}
}

func (c *Console) cancel(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id := r.PathValue("id")
	return "/runs/" + url.PathEscape(id), "cancelled", c.o.App.CancelRun(r.Context(), id)
}

type uploadPage struct {
	Workflows []workflow.Definition
	Agents    []agents.Manifest
	Agent     string
	From      []handoff.Draft // approved drafts that an agent can build on
	MostMiB   int
	Form      form
}

func (c *Console) upload(w http.ResponseWriter, r *http.Request, s session) error {
	p := uploadPage{Agents: c.known, Agent: r.URL.Query().Get("agent"), MostMiB: app.MaxUpload >> 20, Form: form{CSRF: s.csrf}}
	var err error
	if p.Workflows, err = c.o.App.Workflows(); err != nil {
		return err
	}
	for _, st := range []handoff.State{handoff.Approved, handoff.Published, handoff.Acknowledged, handoff.Started} {
		list, _, err := c.o.App.DraftPage(r.Context(), st, "", "")
		if err != nil {
			return err
		}
		p.From = append(p.From, list...)
	}
	return c.show(w, r, s, http.StatusOK, "upload", layout{Title: "New draft", Active: "new", Page: p})
}

// The most that one form may bring.
const (
	maxFiles = 50
	maxField = 4 << 10
)

// begin takes files and starts an agent on them.
func (c *Console) begin(w http.ResponseWriter, r *http.Request) {
	r, s, ok := c.signedIn(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 2*app.MaxUpload)
	to, err := c.take(r, s)
	c.finish(w, r, s, to, "", err)
}

// take reads the form part by part; the token comes before the first file.
func (c *Console) take(r *http.Request, s session) (to string, err error) {
	const op = "console.upload"
	parts, err := r.MultipartReader()
	if err != nil {
		return "", fault.New(fault.Invalid, op, "the form is not readable").WithMend("Choose a file and send it again.")
	}
	var q app.RunRequest
	owned := false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", tooLarge(err)
		}
		if part.FormName() != "file" {
			value, err := io.ReadAll(io.LimitReader(part, maxField))
			if err != nil {
				return "", tooLarge(err)
			}
			switch v := string(value); part.FormName() {
			case "csrf":
				if err := own(r, s, v); err != nil {
					return "", err
				}
				owned = true
			case "agent":
				q.Agent = v
			case "sample":
				q.Sample = v != ""
			case "from":
				if v != "" {
					q.From = append(q.From, v)
				}
			}
			continue
		}
		if !owned {
			return "", own(r, s, "")
		}
		if part.FileName() == "" {
			continue // the field was left empty
		}
		if len(q.Uploads) == maxFiles {
			return "", fault.New(fault.Invalid, op, "at most %d files are taken at once", maxFiles).WithMend("Put them into one zip file.")
		}
		u, err := c.store(r, part)
		if err != nil {
			return "", err
		}
		q.Uploads = append(q.Uploads, u)
	}
	switch {
	case !owned:
		return "", own(r, s, "")
	case q.Sample && len(q.Uploads) > 0:
		return "", fault.New(fault.Invalid, op, "choose files or the sample, not both")
	case !q.Sample && len(q.Uploads) == 0 && len(q.From) == 0:
		return "", fault.New(fault.Invalid, op, "no file was chosen").WithMend("Choose at least one file, or tick the sample.")
	}
	if id, ok := strings.CutPrefix(q.Agent, "workflow:"); ok {
		if q.Sample || len(q.From) > 0 {
			return "", fault.New(fault.Invalid, op, "a workflow is started with files").WithMend("Choose the files that it reads.")
		}
		begun, err := c.o.App.BeginWorkflow(r.Context(), app.WorkflowRequest{Workflow: id, Uploads: q.Uploads})
		return "/workflows/" + url.PathEscape(begun.ID), err
	}
	started, err := c.o.App.Begin(r.Context(), q)
	return "/runs/" + url.PathEscape(started.ID), err
}

func (c *Console) store(r *http.Request, part *multipart.Part) (app.Upload, error) {
	data, err := io.ReadAll(io.LimitReader(part, app.MaxUpload+1))
	if err != nil {
		return app.Upload{}, tooLarge(err)
	}
	return c.o.App.PutUpload(r.Context(), part.FileName(), data)
}

func tooLarge(err error) error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.Invalid, "console.upload", "the files have more than %d MiB together", e.Limit>>20).
			WithMend("Larger ones are read on the machine they are on: roleos run AGENT --in PATH")
	}
	return fault.New(fault.Invalid, "console.upload", "the upload was cut off").WithMend("Send it again.")
}
