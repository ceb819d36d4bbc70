package serve_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//nolint:gochecknoglobals // a flag of the test
var update = flag.Bool("update", false, "write internal/docs/who-may-what.md")

type operation struct {
	id, method, path string
	doc              map[string]any
}

// operations reads the document that describes the API.
func (w *world) operations() (map[string]any, []operation) {
	w.Helper()
	resp, err := w.srv.Client().Get(w.srv.URL + "/openapi.json") //nolint:noctx // this process
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		w.Fatal(err)
	}
	var out []operation
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := op.(map[string]any)
			out = append(out, operation{o["operationId"].(string), strings.ToUpper(method), path, o})
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return doc, out
}

// body is the least that an operation takes.
func (o operation) body() any {
	switch {
	case o.id == "add-part":
		return []byte("more")
	case o.method != http.MethodPost:
		return nil
	case o.id == "plan-erasure":
		return map[string]any{"person": "nobody@example.org"}
	case o.id == "erase":
		return map[string]any{"person": "nobody@example.org", "answer": "no"}
	case o.id == "begin-upload":
		return map[string]any{"name": "a.csv", "bytes": 10}
	case o.id == "start-workflow":
		return map[string]any{"workflow": "no-such-workflow"}
	case o.id == "continue-workflow", o.id == "propose-tickets":
		return map[string]any{}
	case o.id == "check-document":
		return map[string]any{"document": map[string]any{}}
	case o.id == "set-mode":
		return map[string]any{"mode": "coordinated", "text": "a reason"}
	case o.id == "review-sample":
		return map[string]any{"clean": true}
	case o.id == "cancel-workflow", o.id == "halt-agents", o.id == "resume-agents":
		return map[string]any{"text": "a reason"}
	case o.id == "upload":
		return []byte("id,text\n1,the export fails every night\n")
	case o.id == "start-run":
		return map[string]any{"agent": "no-such-agent"}
	case o.id == "review-draft":
		return map[string]any{"verdict": "approve"}
	case o.id == "attest-gate":
		return map[string]any{"gate": "order-confirmed"}
	case o.id == "confirm-plan":
		return map[string]any{"answer": "no"}
	case o.id == "resend-delivery":
		return map[string]any{"endpoint": "chat"}
	case o.id == "reject-plan":
		return map[string]any{"text": "a reason"}
	case strings.HasSuffix(o.id, "-handoff"):
		return map[string]any{"text": "a reason"}
	}
	return nil
}

// TestWhoMayWhat asks for every operation with nothing, with a token of each scope,
// and in a team as people of different roles. Who is let in finds that there is
// nothing of that name, or does it; who is not is told 401 or 403.
func TestWhoMayWhat(t *testing.T) {
	w := open(t, "")
	team := open(t, teamOfThree+"    person:rita: reviewer\n")
	o := team.drafted()
	columns := []struct {
		name, token string
		w           *world
	}{
		{"nobody", "", w},
		{"read", w.token("", "read"), w},
		{"run", w.token("", "run"), w},
		{"decide", w.token("", "decide"), w},
		{"admin", w.token("", "admin"), w},
		{"no role", team.token("person:gone", "admin"), team},
		{"a role", team.token("person:rita", "admin"), team},
		{"role admin", team.token("person:ana", "admin"), team},
	}
	var b strings.Builder
	b.WriteString(`# Who may do what

Made by ` + "`go test ./internal/serve -run TestWhoMayWhat -update`" + `, which asks the service for every operation of its OpenAPI
document; the test fails when an answer differs from this table. "yes" means let in: the operation is done, or what it names
is not there or not in that state. 401 is "who are you", 403 "not you".

The first five columns are a solo workspace: no credentials, and tokens of each scope (each has those before it). The last
three are people of a team, each with a token of every scope: one who holds no role in ` + "`team.roles`" + `, one who holds a role, and
one who holds the role admin.

| operation | | nobody | read | run | decide | admin | no role | a role | role admin |
|---|---|---|---|---|---|---|---|---|---|
`)
	_, ops := w.operations()
	for _, op := range ops {
		fmt.Fprintf(&b, "| %s | %s %s |", op.id, op.method, op.path)
		for _, c := range columns {
			path := strings.TrimPrefix(op.path, "/api/v1")
			draft := "no-such-draft"
			if c.w == team && op.method == http.MethodGet {
				draft = o.Draft.ID
			}
			if of, _, _ := strings.Cut(path[1:], "/"); of == "agents" || of == "workflows" {
				draft = map[string]string{"agents": "market-scanner", "workflows": "discover"}[of]
			}
			if strings.HasPrefix(path, "/audit") {
				path = strings.ReplaceAll(path, "{seq}", "1")
			}
			path = strings.ReplaceAll(strings.ReplaceAll(path, "{id}", draft), "{which}", "1")
			if op.id == "upload" {
				path += "?name=a.csv"
			}
			code, out := c.w.ask(c.token, op.method, path, op.body(), "Upload-Offset", "0")
			switch {
			case code >= 500:
				t.Errorf("%s as %s: %d %v", op.id, c.name, code, out)
			case code == 401 || code == 403:
				fmt.Fprintf(&b, " %d |", code)
			default:
				b.WriteString(" yes |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(`
A browser's session is what the token was that it was made from: it is for no more, and ends when the token is revoked or
expires. One that the OpenID provider's sign-in began is for everything that the roles of its groups allow, admin among them only
by that role; who is in no group of serve.oidc.roles gets none. A stream ends within seconds of what opened it. A session's
writes need the mark of a page of its own (` + "`X-Roleos-Form`" + `, or the form's field).

Behind the door the use cases decide, in the transaction that writes: who wrote a revision neither approves nor attests nor
acknowledges it; a gate is attested by the role that its contract names; a handoff is answered by the role that takes it; who
approved a draft does not confirm its publication; what is destructive takes two. Tests of these rules: internal/handoff,
internal/app, internal/change.
`)
	file := filepath.Join("..", "docs", "who-may-what.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("%s is not what the service does; look at the difference, and run with -update:\n%s", file, b.String())
	}
}
