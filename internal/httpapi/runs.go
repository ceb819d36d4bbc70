package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// UploadIn opens a file that comes in parts.
type UploadIn struct {
	Name  string `json:"name" minLength:"1" maxLength:"200"`
	Bytes int64  `json:"bytes" minimum:"1" maximum:"67108864" doc:"Of the whole file."`
}

// OpenUpload is a file that comes in parts.
type OpenUpload struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Bytes  int64       `json:"bytes" doc:"Of the whole file."`
	Offset int64       `json:"offset" doc:"Where the next part begins."`
	Until  time.Time   `json:"until" doc:"When it is forgotten unless it is whole."`
	Stored *app.Upload `json:"stored,omitempty" doc:"Once it is whole: what a run is started with."`
}

// Part is a piece of a file, read as it comes.
type Part struct {
	ID     string `path:"id" maxLength:"80"`
	Offset int64  `header:"Upload-Offset" required:"true" minimum:"0" doc:"Where in the file the part begins: its offset."`
	body   io.Reader
}

// maxPart bounds one part, in bytes: the largest file in one piece.
const maxPart = app.MaxUpload

// Resolve implements huma.Resolver: it leaves the body to be read as it comes.
func (p *Part) Resolve(c huma.Context) []error {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute)) // as long as for a whole file
	p.body = io.LimitReader(c.BodyReader(), maxPart+1)
	return nil
}

func (a *api) uploads(h huma.API) {
	view := func(ctx context.Context, u app.OpenUpload, err error) (*Out[OpenUpload], error) {
		return &Out[OpenUpload]{Body: OpenUpload{u.ID, u.Name, u.Bytes, u.Offset, u.Until, u.Stored}}, a.failed(ctx, err)
	}
	open := operation("begin-upload", http.MethodPost, "/uploads/open", "Begin a file that comes in parts", "runs")
	open.DefaultStatus = http.StatusCreated
	huma.Register(h, open, func(ctx context.Context, in *struct{ Body UploadIn }) (*Out[OpenUpload], error) {
		u, err := a.App.BeginUpload(ctx, in.Body.Name, in.Body.Bytes)
		return view(ctx, u, err)
	})
	huma.Register(h, operation("get-upload", http.MethodGet, "/uploads/open/{id}", "Where a file that comes in parts goes on", "runs"),
		func(ctx context.Context, in *byID) (*Out[OpenUpload], error) {
			u, err := a.App.ShowUpload(ctx, in.ID)
			return view(ctx, u, err)
		})
	part := operation("add-part", http.MethodPatch, "/uploads/open/{id}", "The next part; what came before a connection broke is kept", "runs")
	part.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	huma.Register(h, part, func(ctx context.Context, in *Part) (*Out[OpenUpload], error) {
		u, err := a.App.GoOnUpload(ctx, in.ID, in.Offset, in.body)
		return view(ctx, u, err)
	})
	drop := operation("drop-upload", http.MethodDelete, "/uploads/open/{id}", "End a file that comes in parts; a whole one stays stored", "runs")
	drop.DefaultStatus = http.StatusNoContent
	huma.Register(h, drop, func(ctx context.Context, in *byID) (*struct{}, error) {
		return nil, a.failed(ctx, a.App.DropUpload(ctx, in.ID))
	})
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
	a.uploads(h)
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
