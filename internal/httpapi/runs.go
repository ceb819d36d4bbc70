package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/run"
)

// RunIn starts an agent.
type RunIn struct {
	Agent   string            `json:"agent" maxLength:"80"`
	Uploads []app.Upload      `json:"uploads,omitempty" maxItems:"100" doc:"As POST /uploads returned them."`
	From    []string          `json:"from,omitempty" maxItems:"20" doc:"Approved drafts that the agent builds on."`
	Sample  bool              `json:"sample,omitempty"`
	Map     map[string]string `json:"map,omitempty" doc:"Columns by role: text, title, id, time, segment, channel, score, account."`
	Strict  bool              `json:"strict,omitempty"`
}

// heartbeat is how often a stream says that it lives.
const heartbeat = 15 * time.Second

func (a *api) runs(h huma.API) {
	upload := operation("upload", http.MethodPost, "/uploads", "Store a file for a run", "runs")
	upload.MaxBodyBytes = app.MaxUpload + 1
	upload.DefaultStatus = http.StatusCreated
	upload.BodyReadTimeout = 5 * time.Minute
	huma.Register(h, upload, func(ctx context.Context, in *struct {
		Name    string `query:"name" required:"true" minLength:"1" maxLength:"200"`
		RawBody []byte `contentType:"application/octet-stream"`
	},
	) (*Out[app.Upload], error) {
		u, err := a.App.PutUpload(ctx, in.Name, in.RawBody)
		return &Out[app.Upload]{ETag: tag(u.Digest), Body: u}, a.failed(ctx, err)
	})
	start := operation("start-run", http.MethodPost, "/runs", "Start an agent", "runs")
	start.DefaultStatus = http.StatusAccepted
	huma.Register(h, start, func(ctx context.Context, in *struct{ Body RunIn }) (*Out[run.Run], error) {
		r, err := a.App.Begin(ctx, app.RunRequest{
			Agent: in.Body.Agent, Uploads: in.Body.Uploads, From: in.Body.From, Sample: in.Body.Sample, Map: in.Body.Map, Strict: in.Body.Strict,
		})
		return &Out[run.Run]{Body: r}, a.failed(ctx, err)
	})
	huma.Register(h, operation("list-runs", http.MethodGet, "/runs", "List runs, newest first", "runs"),
		func(ctx context.Context, in *struct {
			Status string `query:"status" maxLength:"20"`
			Agent  string `query:"agent" maxLength:"80"`
			Cursor string `query:"cursor" maxLength:"200"`
		},
		) (*Out[Listed[run.Run]], error) {
			all, next, err := a.App.RunPage(ctx, run.Status(in.Status), in.Agent, in.Cursor)
			return &Out[Listed[run.Run]]{Body: list(all, next)}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-run", http.MethodGet, "/runs/{id}", "One run", "runs"),
		func(ctx context.Context, in *byID) (*Out[run.Run], error) {
			r, err := a.App.GetRun(ctx, in.ID)
			return &Out[run.Run]{Body: r}, a.failed(ctx, err)
		})
	huma.Register(h, operation("cancel-run", http.MethodPost, "/runs/{id}/cancel", "Stop a run; what it stored stays", "runs"),
		func(ctx context.Context, in *byID) (*Out[run.Run], error) {
			if err := a.App.CancelRun(ctx, in.ID); err != nil {
				return nil, a.failed(ctx, err)
			}
			r, err := a.App.GetRun(ctx, in.ID)
			return &Out[run.Run]{Body: r}, a.failed(ctx, err)
		})
	events := operation("follow-run", http.MethodGet, "/runs/{id}/events", "A run's progress as server-sent events", "runs")
	events.Responses = map[string]*huma.Response{"200": {
		Description: "Events named run, each with an id; the last one has a status other than running.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {}},
	}}
	huma.Register(h, events, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"80"`
		Last string `header:"Last-Event-ID" maxLength:"20"`
	},
	) (*huma.StreamResponse, error) {
		if _, err := a.App.GetRun(ctx, in.ID); err != nil {
			return nil, a.failed(ctx, err)
		}
		last, _ := strconv.Atoi(in.Last)
		return &huma.StreamResponse{Body: func(c huma.Context) { a.follow(c, in.ID, last) }}, nil
	})
}

// follow streams a run. Its state stands in the store, so a client that comes
// back with the id of its last event misses nothing that still matters.
func (a *api) follow(c huma.Context, id string, n int) {
	c.SetHeader("Content-Type", "text/event-stream")
	c.SetHeader("X-Accel-Buffering", "no")
	c.SetStatus(http.StatusOK)
	w := c.BodyWriter()
	patient := func() {}
	if rw, ok := w.(http.ResponseWriter); ok {
		conn := http.NewResponseController(rw)
		patient = func() { _ = conn.SetWriteDeadline(a.Now().Add(2 * heartbeat)) } // who does not read is let go
	}
	var mu sync.Mutex
	write := func(format string, args ...any) error {
		mu.Lock()
		defer mu.Unlock()
		patient()
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		return nil
	}
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	go func() {
		t := time.NewTicker(heartbeat)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if write(": alive\n\n") != nil {
					stop()
				}
			}
		}
	}()
	_ = a.App.Follow(ctx, id, func(b app.Beat) error {
		b.Run.Input = nil
		data, err := json.Marshal(b)
		if err != nil {
			return err
		}
		n++
		return write("id: %d\nevent: run\ndata: %s\n\n", n, data)
	})
}
