package httpapi

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/audit"
)

// Verified is what recomputing the log found.
type Verified struct {
	Intact   bool      `json:"intact"`
	Records  int64     `json:"records"`
	Problems []string  `json:"problems" nullable:"false"`
	At       time.Time `json:"at" doc:"When it was recomputed: up to a minute ago, and longer for a log that takes longer than ten seconds."`
}

func (a *api) trail(h huma.API) {
	huma.Register(h, operation("list-audit", http.MethodGet, "/audit", "The audit log, newest first", "audit"),
		func(ctx context.Context, in *struct {
			Subject string `query:"subject" maxLength:"120" doc:"Only what the log says about this id."`
			Before  int64  `query:"before" minimum:"0" doc:"Records numbered below this, as next says; 0 begins with the newest."`
		},
		) (*Out[Listed[audit.Record]], error) {
			all, err := a.App.AuditPage(ctx, in.Subject, in.Before)
			next := ""
			if n := len(all); n == app.AuditPageSize && all[n-1].Seq > 1 {
				next = strconv.FormatInt(all[n-1].Seq, 10)
			}
			return &Out[Listed[audit.Record]]{Body: list(all, next)}, a.failed(ctx, err)
		})
	huma.Register(h, operation("prove-audit", http.MethodGet, "/audit/{seq}/proof", "Proof that the log holds a record", "audit"),
		func(ctx context.Context, in *struct {
			Seq int64 `path:"seq" minimum:"1"`
		},
		) (*Out[audit.Proof], error) {
			p, err := a.App.ProveAudit(ctx, in.Seq)
			return &Out[audit.Proof]{Body: p}, a.failed(ctx, err)
		})
	huma.Register(h, operation("verify-audit", http.MethodGet, "/audit/verification", "Recompute the log", "audit"),
		func(ctx context.Context, _ *struct{}) (*Out[Verified], error) {
			r, err := a.App.VerifiedAudit(ctx)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			out := Verified{Intact: r.Intact(), Records: r.Records, Problems: []string{}, At: r.At.UTC()}
			for _, p := range r.Problems {
				out.Problems = append(out.Problems, p.Message)
			}
			return &Out[Verified]{Body: out}, nil
		})
}

// Budgets is what asking models has cost beside the limits in force.
type Budgets struct {
	Model  string              `json:"model" doc:"none when no model is asked"`
	Days   []app.DaySpending   `json:"days" nullable:"false" doc:"Newest first, in UTC. Money is in millionths."`
	Agents []app.AgentSpending `json:"agents" nullable:"false" doc:"Today."`
}

// read is what was spent and what was read.
func (a *api) read(h huma.API) {
	huma.Register(h, operation("get-budgets", http.MethodGet, "/budgets", "What models have cost by day and by agent, and the limits", "operations"),
		func(ctx context.Context, in *struct {
			Days int `query:"days" minimum:"1" maximum:"92" default:"14"`
		},
		) (*Out[Budgets], error) {
			s, err := a.App.Spending(ctx, in.Days)
			return &Out[Budgets]{Body: Budgets{s.Model, append([]app.DaySpending{}, s.Days...), append([]app.AgentSpending{}, s.Agents...)}}, a.failed(ctx, err)
		})
	huma.Register(h, operation("list-sources", http.MethodGet, "/sources", "What was read, newest first: files, records, and the set that keeps them", "operations"),
		func(ctx context.Context, in *struct {
			Cursor string `query:"cursor" maxLength:"200"`
		},
		) (*Out[Listed[app.ReadSet]], error) {
			all, next, err := a.App.SourcePage(ctx, in.Cursor)
			return &Out[Listed[app.ReadSet]]{Body: list(all, next)}, a.failed(ctx, err)
		})
}

// backup streams the workspace's store, keys and settings to an administrator.
func (a *api) backup(h huma.API) {
	op := operation("backup", http.MethodGet, "/backup", "The store, keys and settings as one file; for tokens with the scope admin", "operations")
	op.Responses = map[string]*huma.Response{"200": {Description: "A gzipped tar that roleos restore reads.", Content: map[string]*huma.MediaType{"application/gzip": {}}}}
	huma.Register(h, op, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		var b bytes.Buffer
		if _, err := a.App.WriteBackup(ctx, &b); err != nil {
			return nil, a.failed(ctx, err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", "application/gzip")
			c.SetHeader("Content-Disposition", `attachment; filename="roleos-backup.tar.gz"`)
			_, _ = c.BodyWriter().Write(b.Bytes())
		}}, nil
	})
}

// docs shows the OpenAPI document as one page without a script.
func docs(doc *huma.OpenAPI) http.HandlerFunc {
	type entry struct{ Method, Path, ID, Summary string }
	type group struct {
		Tag     string
		Entries []entry
	}
	var groups []group
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			i := slices.IndexFunc(groups, func(g group) bool { return g.Tag == op.Tags[0] })
			if i < 0 {
				i = len(groups)
				groups = append(groups, group{Tag: op.Tags[0]})
			}
			groups[i].Entries = append(groups[i].Entries, entry{method, path, op.OperationID, op.Summary})
		}
	}
	slices.SortFunc(groups, func(x, y group) int { return bytes.Compare([]byte(x.Tag), []byte(y.Tag)) })
	for _, g := range groups {
		slices.SortFunc(g.Entries, func(x, y entry) int { return bytes.Compare([]byte(x.Path+x.Method), []byte(y.Path+y.Method)) })
	}
	page := template.Must(template.New("docs").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>roleos API</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}code{font:14px ui-monospace,monospace}td{padding:.15rem .8rem .15rem 0;vertical-align:top}</style>
<main><h1>roleos API {{.Version}}</h1>
<p>The whole description, with every schema: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Send <code>Authorization: Bearer roleos_…</code>; make a token with <code>roleos token create</code>.</p>
{{range .Groups}}<h2>{{.Tag}}</h2><table>{{range .Entries}}<tr><td><code>{{.Method}}</code></td><td><code>{{.Path}}</code></td><td>{{.Summary}}</td></tr>{{end}}</table>{{end}}</main></html>`))
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{"Version": doc.Info.Version, "Groups": groups})
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			problem(w, http.StatusInternalServerError, "")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		_, _ = w.Write(b.Bytes())
	}
}

// OpenAPI returns the document that describes the API.
func OpenAPI(o Options) ([]byte, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	r, err := http.NewRequest(http.MethodGet, "/openapi.json", nil) //nolint:noctx // answered in this process
	if err != nil {
		return nil, err
	}
	New(o).ServeHTTP(w, r)
	return w.body.Bytes(), nil
}
