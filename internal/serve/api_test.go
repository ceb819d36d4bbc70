package serve_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"roleos/internal/app"
)

// rows is an export of so many tickets about two things.
func rows(n int) []byte {
	var b bytes.Buffer
	b.WriteString("id,text\n")
	for i := range n {
		fmt.Fprintf(&b, "e%d,the export of my report fails every night at number %d\np%d,cannot reset my password since the link is dead %d\n", i, i, i, i)
	}
	return b.Bytes()
}

// TestABrokenUploadGoesOn: what came before a connection broke is kept, a part at
// another place is refused, and another person does not see the file.
func TestABrokenUploadGoesOn(t *testing.T) {
	w := open(t, teamOfThree)
	ana, bob := w.token("person:ana", "run"), w.token("person:bob", "run")
	data := bytes.Repeat(rows(3000), 10) // a little more than 3 MiB
	code, up := w.ask(ana, "POST", "/uploads/open", map[string]any{"name": "export.csv", "bytes": len(data)})
	w.want(201, code, up)
	path := "/uploads/open/" + up["id"].(string)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, w.srv.URL+"/api/v1"+path,
		io.MultiReader(bytes.NewReader(data[:5<<19]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + ana}, "Content-Type": {"application/octet-stream"}, "Upload-Offset": {"0"}}
	if resp, err := w.srv.Client().Do(r); err == nil {
		t.Errorf("the connection did not break: %d", resp.StatusCode)
	}
	at := func() int {
		code, st := w.ask(ana, "GET", path, nil)
		w.want(200, code, st)
		return int(st["offset"].(float64))
	}
	offset, same := 0, 0
	for until := time.Now().Add(10 * time.Second); (offset < 2<<20 || same < 5) && time.Now().Before(until); time.Sleep(40 * time.Millisecond) {
		if now := at(); now == offset {
			same++
		} else {
			offset, same = now, 0
		}
	}
	if offset < 2<<20 || offset > 5<<19 {
		t.Fatalf("of %d bytes that came %d are kept", 5<<19, offset)
	}
	if code, out := w.ask(bob, "GET", path, nil); code != 404 {
		t.Errorf("another person sees it: %d %v", code, out)
	}
	if code, out := w.ask(ana, "PATCH", path, data, "Upload-Offset", "0"); code != 409 {
		t.Errorf("the part that is there again: %d %v", code, out)
	}
	if code, out := w.ask(ana, "PATCH", path, append(bytes.Clone(data[offset:]), 'x'), "Upload-Offset", fmt.Sprint(offset)); code != 422 && code != 400 {
		t.Errorf("more than the file holds: %d %v", code, out)
	}
	offset = at()
	code, st := w.ask(ana, "PATCH", path, data[offset:], "Upload-Offset", fmt.Sprint(offset))
	w.want(200, code, st)
	whole, _ := st["stored"].(map[string]any)
	code, direct := w.ask(ana, "POST", "/uploads?name=export.csv", data)
	w.want(201, code, direct)
	if whole == nil || whole["digest"] != direct["digest"] {
		t.Errorf("in parts %v, in one piece %v", whole, direct["digest"])
	}
	if code, out := w.ask(ana, "DELETE", path, nil); code != 204 {
		t.Errorf("ending it: %d %v", code, out)
	}
	if code, out := w.ask(ana, "GET", path, nil); code != 404 {
		t.Errorf("after its end: %d %v", code, out)
	}
}

// TestAWorkflowByAPI takes uploads through the Discover workflow to the first
// person's turn, and ends it.
func TestAWorkflowByAPI(t *testing.T) {
	w := open(t, "")
	tok := w.token("", "decide")
	var ups []any
	for name, data := range map[string]string{
		"tickets.csv": string(rows(30)),
		"weekly.vtt":  "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ana>We need the export to work before the release in May.\n\n00:05.000 --> 00:09.000\n<v Bob>I will look at the export job this week.\n",
	} {
		code, up := w.ask(tok, "POST", "/uploads?name="+name, []byte(data))
		w.want(201, code, up)
		ups = append(ups, map[string]any{"name": up["name"], "digest": up["digest"], "bytes": up["bytes"]})
	}
	code, r := w.ask(tok, "POST", "/workflow-runs", map[string]any{"workflow": "discover", "uploads": ups}, "Idempotency-Key", "discover-1")
	w.want(202, code, r)
	id := "/workflow-runs/" + r["id"].(string)
	if err := w.app.Work(t.Context()); err != nil { // as the service does
		t.Fatal(err)
	}
	var turns []any
	for until := time.Now().Add(60 * time.Second); len(turns) == 0 && time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		code, r = w.ask(tok, "GET", id, nil)
		w.want(200, code, r)
		turns, _ = r["turns"].([]any)
	}
	if len(turns) == 0 {
		t.Fatalf("nobody's turn came: %v", r)
	}
	if data := fmt.Sprint(r); strings.Contains(data, w.dir) || strings.Contains(data, "roleos-upload") {
		t.Errorf("the run tells paths of the machine: %s", data)
	}
	if code, out := w.ask(tok, "POST", id+"/continue", map[string]any{"step": "no-such-step"}); code < 400 || code >= 500 {
		t.Errorf("continuing with a step that there is none of: %d %v", code, out)
	}
	if code, out := w.ask(tok, "POST", id+"/continue", map[string]any{}, "If-Match", `"1"`); code != 412 {
		t.Errorf("continuing an older state: %d %v", code, out)
	}
	code, r = w.ask(tok, "POST", id+"/cancel", map[string]any{"text": "enough seen"})
	w.want(200, code, r)
	if code, out := w.ask(tok, "POST", id+"/continue", map[string]any{}); code != 409 || r["status"] != "cancelled" {
		t.Errorf("continuing what was cancelled: %d %v, %v", code, out, r["status"])
	}
	code, all := w.ask(tok, "GET", "/workflow-runs?status=cancelled", nil)
	w.want(200, code, all)
	if len(all["items"].([]any)) != 1 {
		t.Errorf("listed: %v", all)
	}
}

// TestADraftsHistoryByAPI: revisions, what changed in words, the contract's word on
// a document, and what is built on a publication.
func TestADraftsHistoryByAPI(t *testing.T) {
	w := open(t, "")
	tok := w.token("", "decide")
	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	draft := "/drafts/" + o.Draft.ID
	code, art := w.ask(tok, "GET", draft+"/artefact", nil)
	w.want(200, code, art)
	theme := art["themes"].([]any)[0].(map[string]any)["id"]
	code, out := w.ask(tok, "POST", draft+"/reviews", map[string]any{"verdict": "edit", "edit": map[string]any{"op": "rename", "theme": theme, "label": "Quite another name"}})
	w.want(201, code, out)
	code, out = w.ask(tok, "GET", draft+"/revisions", nil)
	w.want(200, code, out)
	if n := len(out["items"].([]any)); n != 2 {
		t.Errorf("%d revisions: %v", n, out)
	}
	code, out = w.ask(tok, "GET", draft+"/diff", nil)
	w.want(200, code, out)
	in := ""
	for _, x := range out["text"].([]any) {
		if x := x.(map[string]any); x["op"] == "in" {
			in += x["text"].(string)
		}
	}
	if len(out["differences"].([]any)) == 0 || !strings.Contains(in, "Quite another name") {
		t.Errorf("the difference: %v\nin words: %q", out["differences"], in)
	}
	delete(art, "_etag")
	delete(art, "_replayed")
	for _, c := range []struct {
		draft  string
		passes bool
	}{{o.Draft.ID, true}, {"", false}} {
		code, out = w.ask(tok, "POST", "/contracts/feedback-synthesis/check", map[string]any{"document": art, "draft": c.draft})
		w.want(200, code, out)
		if out["passed"] != c.passes {
			t.Errorf("over the records of %q: %v", c.draft, out["gates"])
		}
	}
	code, out = w.ask(tok, "POST", "/agents/market-scanner/modes", map[string]any{"mode": "coordinated", "text": "for now"})
	w.want(200, code, out)
	if out["mode"] != "coordinated" || len(out["history"].([]any)) != 1 {
		t.Errorf("tightened: %v", out)
	}
	if code, out := w.ask(tok, "POST", "/agents/market-scanner/modes", map[string]any{"mode": "coordinated", "text": "again"}, "If-Match", `"0"`); code != 412 {
		t.Errorf("deciding about what has changed: %d %v", code, out)
	}
	code, out = w.ask(tok, "GET", "/sources", nil)
	w.want(200, code, out)
	if len(out["items"].([]any)) != 1 {
		t.Errorf("what was read: %v", out)
	}
}
