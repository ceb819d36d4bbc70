package serve_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"roleos/internal/app"
	"roleos/internal/store/storetest"
)

// fuzzRequests says how many requests the API is sent; 300 by default.
const fuzzRequests = "ROLEOS_TEST_FUZZ_REQUESTS"

// TestAnyRequestIsAnswered sends the API requests made from its own description,
// right and wrong. Nothing fails with 500, every answer is as described, every
// refusal is a problem document, and none repeats what was sent.
func TestAnyRequestIsAnswered(t *testing.T) {
	n := 300
	if v, err := strconv.Atoi(os.Getenv(fuzzRequests)); err == nil {
		n = v
	}
	t.Run("SQLite", func(t *testing.T) { fuzz(t, open(t, ""), n) })
	t.Run("PostgreSQL", func(t *testing.T) {
		fuzz(t, open(t, "store:\n  url: "+strconv.Quote(storetest.PostgresURL(t))+"\n"), n)
	})
}

func fuzz(t *testing.T, w *world, n int) {
	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	_, plan, err := w.app.Approve(t.Context(), second.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	flow, err := w.app.BeginWorkflow(t.Context(), app.WorkflowRequest{Workflow: "discover"})
	if err != nil {
		t.Fatal(err)
	}
	up, err := w.app.BeginUpload(t.Context(), "a.csv", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	doc, ops := w.operations()
	shapes := compiled(t, doc, ops)
	f := &maker{doc: doc, known: []string{o.Draft.ID, second.Draft.ID, plan.ID, plan.Digest, o.Run.ID, "feedback-river", "1", "published", "feedback-synthesis", flow.ID, "discover", up.ID, "pm"}}
	var token string
	codes := map[int]int{}
	findings := map[string]bool{}
	for i := range n {
		if i%400 == 0 { // a client may send 500 at once
			token = w.token("", "admin")
		}
		op := ops[i%len(ops)]
		if op.id == "backup" && i > 2*len(ops) {
			continue
		}
		f.marker = "zq" + strconv.FormatInt(int64(i), 36) + "marker"
		q := rapid.Custom(func(rt *rapid.T) sent { return f.request(rt, op) }).Example(i)
		resp, body := w.send(token, q)
		codes[resp.StatusCode]++
		if why := judge(shapes, op, resp, body, f.marker); why != "" {
			if key := op.id + " " + why; !findings[key] && len(findings) < 40 {
				findings[key] = true
				t.Errorf("%s: %s\nsent %s %s\n%.600s\nanswer %d %.800s", op.id, why, q.method, q.path, q.body, resp.StatusCode, body)
			}
		}
	}
	t.Logf("%d requests: %v", n, codes)
}

// sent is a request.
type sent struct {
	method, path, kind string
	body               []byte
	header             [][2]string
}

func (w *world) send(token string, q sent) (*http.Response, []byte) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), q.method, w.srv.URL+q.path, bytes.NewReader(q.body))
	if err != nil {
		w.Fatalf("%v: %+v", err, q)
	}
	if q.method == http.MethodGet {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Content-Type", q.kind)
	r.Header.Set("Authorization", "Bearer "+token)
	for _, h := range q.header {
		r.Header.Set(h[0], h[1])
	}
	resp, err := w.srv.Client().Do(r)
	if err != nil {
		w.Fatalf("%v: %s %s", err, q.method, q.path)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp, body
}

// judge says what is wrong with an answer.
func judge(shapes map[string]*jsonschema.Schema, op operation, resp *http.Response, body []byte, marker string) string {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if resp.StatusCode >= 500 {
		return "it failed"
	}
	if resp.StatusCode >= 400 {
		if kind != "application/problem+json" {
			return "a refusal is " + kind
		}
		if bytes.Contains(body, []byte(marker)) || strings.Contains(fmt.Sprint(resp.Header), marker) {
			return "the refusal repeats what was sent"
		}
	}
	shape := shapes[op.id+" "+strconv.Itoa(resp.StatusCode)]
	if shape == nil {
		if _, there := op.doc["responses"].(map[string]any)[strconv.Itoa(resp.StatusCode)]; !there {
			return "the description does not know status " + strconv.Itoa(resp.StatusCode)
		}
		return ""
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return "the answer is no JSON"
	}
	if err := shape.Validate(v); err != nil {
		return "the answer is not as described: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return ""
}

// compiled returns the schemas of all answers by operation and status.
func compiled(t *testing.T, doc map[string]any, ops []operation) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("api.json", doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]*jsonschema.Schema{}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B")
	for _, op := range ops {
		for status, r := range op.doc["responses"].(map[string]any) {
			content, _ := r.(map[string]any)["content"].(map[string]any)
			for kind, m := range content {
				if !strings.Contains(kind, "json") || m.(map[string]any)["schema"] == nil {
					continue
				}
				at := "api.json#/paths/" + escape.Replace(op.path) + "/" + strings.ToLower(op.method) + "/responses/" + status + "/content/" + escape.Replace(kind) + "/schema"
				s, err := c.Compile(at)
				if err != nil {
					t.Fatal(err)
				}
				out[op.id+" "+status] = s
			}
		}
	}
	return out
}

// maker makes requests from the description.
type maker struct {
	doc    map[string]any
	known  []string
	marker string
}

func (f *maker) request(t *rapid.T, op operation) sent {
	q := sent{method: op.method, kind: "application/json"}
	_ = chance(t, 50) // an operation without parameters draws nothing else, which rapid refuses
	path := op.path
	query := url.Values{}
	params, _ := op.doc["parameters"].([]any)
	for _, p := range params {
		p := p.(map[string]any)
		name := p["name"].(string)
		schema, _ := p["schema"].(map[string]any)
		switch p["in"] {
		case "path":
			v := fmt.Sprint(f.value(t, schema, 0))
			if v == "" || v == "." || v == ".." || chance(t, 70) {
				v = rapid.SampledFrom(f.known).Draw(t, "known")
			}
			path = strings.Replace(path, "{"+name+"}", url.PathEscape(v), 1)
		case "query":
			if p["required"] == true || chance(t, 50) {
				query.Set(name, fmt.Sprint(f.value(t, schema, 0)))
			}
		case "header":
			if chance(t, 30) {
				v := strings.Map(func(c rune) rune {
					if c < ' ' || c == 127 {
						return -1
					}
					return c
				}, fmt.Sprint(f.value(t, schema, 0)))
				q.header = append(q.header, [2]string{name, v})
			}
		}
	}
	q.path = path
	if len(query) > 0 {
		q.path += "?" + query.Encode()
	}
	b, _ := op.doc["requestBody"].(map[string]any)
	if b == nil {
		return q
	}
	content, _ := b["content"].(map[string]any)
	for kind, m := range content {
		q.kind = kind
		schema, _ := m.(map[string]any)["schema"].(map[string]any)
		if !strings.Contains(kind, "json") {
			q.body = []byte("id,text\n1," + f.text(t) + "\n")
			continue
		}
		q.body, _ = json.Marshal(f.value(t, schema, 0)) //nolint:errchkjson // made of plain values
	}
	if chance(t, 5) {
		q.body = q.body[:len(q.body)/2]
	}
	if chance(t, 3) {
		q.kind = "text/" + f.marker
	}
	return q
}

// chance is true in so many of a hundred.
func chance(t *rapid.T, percent int) bool { return rapid.IntRange(0, 99).Draw(t, "chance") < percent }

func (f *maker) text(t *rapid.T) string {
	switch rapid.IntRange(0, 9).Draw(t, "text") {
	case 0, 1, 2:
		return rapid.SampledFrom(f.known).Draw(t, "known")
	case 3, 4, 5:
		return f.marker
	case 6:
		return f.marker + rapid.SampledFrom([]string{"\x00", "\xff", "'; DROP TABLE drafts; --", "../../etc/passwd", "<script>", "\r\nX: y", "\u202e", "\"}", "%s%d"}).Draw(t, "bad")
	case 7:
		return strings.Repeat(f.marker, rapid.IntRange(1, 60).Draw(t, "long"))
	case 8:
		return ""
	}
	return rapid.String().Draw(t, "string") + f.marker
}

// value makes what a schema asks for, most of the time.
func (f *maker) value(t *rapid.T, schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		schemas := f.doc["components"].(map[string]any)["schemas"].(map[string]any)
		schema, _ = schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	}
	if depth > 4 || chance(t, 4) { // something else
		return rapid.SampledFrom([]any{nil, true, -1, 1e30, f.marker, []any{f.marker}, map[string]any{f.marker: f.marker}}).Draw(t, "other")
	}
	if e, ok := schema["enum"].([]any); ok && chance(t, 85) {
		return rapid.SampledFrom(e).Draw(t, "enum")
	}
	kind, _ := schema["type"].(string)
	if kinds, ok := schema["type"].([]any); ok {
		kind, _ = kinds[0].(string)
	}
	switch kind {
	case "integer", "number":
		return rapid.SampledFrom([]any{0, 1, 2, 3, -1, 100, 1 << 40, "9223372036854775808"}).Draw(t, "number")
	case "boolean":
		return rapid.Bool().Draw(t, "bool")
	case "array":
		out := []any{}
		items, _ := schema["items"].(map[string]any)
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			out = append(out, f.value(t, items, depth+1))
		}
		return out
	case "object":
		return f.object(t, schema, depth)
	}
	return f.text(t)
}

func (f *maker) object(t *rapid.T, schema map[string]any, depth int) any {
	out := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(required, any(name)) && chance(t, 50) || chance(t, 3) {
			continue
		}
		p, _ := properties[name].(map[string]any)
		out[name] = f.value(t, p, depth+1)
	}
	if more, ok := schema["additionalProperties"].(map[string]any); ok {
		out[f.text(t)] = f.value(t, more, depth+1)
	}
	if chance(t, 3) {
		out[f.marker] = f.marker
	}
	return out
}

// TestATokenEnds: an expired token lets nobody in.
func TestATokenEnds(t *testing.T) {
	w := open(t, "")
	text, _, err := w.app.CreateToken(t.Context(), rand.Reader, "", "short", []string{"read"}, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	if code, out := w.ask(text, "GET", "/me", nil); code != 401 {
		t.Errorf("an expired token: %d %v", code, out)
	}
}
