package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/llm/budget"
	"roleos/internal/store/storetest"
	"roleos/internal/target/webhook/webhooktest"
)

// hooked returns a folder whose settings name the endpoints, each with its secret.
func hooked(t *testing.T, settings string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{config.FileName: settings}
	for _, name := range names {
		files[".roleos/webhooks/"+name+".secret"] = webhooktest.Secret + "\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func until(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s within %s: not so", what, within)
		}
	}
}

// TestWhatHappensIsToldOutside takes a draft to its publication, and fails a run.
// One endpoint hears of all of it in ids, one of some with titles, and one that
// stands where it may not is never reached.
func TestWhatHappensIsToldOutside(t *testing.T) {
	plain, titled := webhooktest.New(t), webhooktest.New(t)
	settings := fmt.Sprintf(`webhooks:
  endpoints: {plain: "%s", titled: "%s", inside: "https://127.0.0.1:9/hook"}
  events: {titled: draft.waiting+run.failed}
  private: plain titled
  titles: titled
`, plain.URL, titled.URL)
	dir := hooked(t, settings, "plain", "titled", "inside")
	w := openIn(t, dir, settings)
	if err := w.app.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := w.token("", "admin")
	cursors := func() bool { // the endpoints are known once each has a place in the log
		var n int
		rows, err := w.app.Store().Query(t.Context(), `SELECT count(*) FROM webhook_cursors`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // read whole
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
		return n == 3
	}
	until(t, 10*time.Second, "the endpoints are known", cursors)

	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	_, plan, err := w.app.Approve(t.Context(), o.Draft.ID, "", "sample words of a reviewer")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.ConfirmPlan(t.Context(), plan.ID, plan.Ask.Want); err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.ApplyPlan(t.Context(), plan.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{filepath.Join(dir, "none.csv")}}); err == nil {
		t.Fatal("a run on no file succeeds")
	}
	type message struct {
		Type string
		Data map[string]string
	}
	told := func(r *webhooktest.Receiver) map[string]message {
		out := map[string]message{}
		for id, body := range r.Bodies() {
			var m message
			if err := json.Unmarshal([]byte(body), &m); err != nil || r.Taken()[id] > 1 {
				t.Fatalf("%s, taken %d times, %v", body, r.Taken()[id], err)
			}
			out[m.Type] = m
		}
		return out
	}
	all := []string{"change_set.applied", "change_set.waiting", "draft.approved", "draft.published", "draft.waiting", "run.failed"}
	until(t, 15*time.Second, "everything is told", func() bool { return len(told(plain)) == len(all) && len(told(titled)) == 2 })
	if got := slices.Sorted(maps.Keys(told(plain))); !slices.Equal(got, all) {
		t.Errorf("told: %v", got)
	}
	if m := told(plain)["draft.waiting"]; m.Data["id"] != o.Draft.ID || m.Data["title"] != "" {
		t.Errorf("%+v", m)
	}
	if m := told(titled)["draft.waiting"]; m.Data["title"] != o.Draft.Title || o.Draft.Title == "" {
		t.Errorf("the title is %q of %q", m.Data["title"], o.Draft.Title)
	}
	for _, body := range plain.Bodies() {
		for _, word := range []string{"sample words", "none.csv", "person:", o.Draft.Title} {
			if strings.Contains(body, word) {
				t.Errorf("%q left the house: %s", word, body)
			}
		}
	}

	if m := w.metrics(); !strings.Contains(m, `roleos_webhook_deliveries{endpoint="plain",state="sent"} 6`) || !strings.Contains(m, `{endpoint="inside",state="waiting"} 6`) {
		t.Errorf("the metrics do not count deliveries:\n%s", m)
	}
	code, list := w.ask(admin, "GET", "/webhooks", nil)
	w.want(200, code, list)
	code, waiting := w.ask(admin, "GET", "/webhooks/deliveries?endpoint=inside&state=waiting", nil)
	w.want(200, code, waiting)
	first := waiting["items"].([]any)[0].(map[string]any)
	if failed, _ := first["failed"].(string); !strings.Contains(failed, "no public address") {
		t.Errorf("a private address that nobody named: %v", first)
	}
	if data, _ := json.Marshal(list); strings.Contains(string(data), "/hook") || !strings.Contains(string(data), "127.0.0.1:9") {
		t.Errorf("the list shows %s", data)
	}
	if code, _ := w.ask(w.token("", "decide"), "GET", "/webhooks", nil); code != 403 {
		t.Errorf("who decides sees the endpoints: %d", code)
	}
	event := slices.Sorted(maps.Keys(plain.Taken()))[0]
	code, again := w.ask(admin, "POST", "/webhooks/deliveries/"+strings.TrimPrefix(event, "msg_")+"/resend", map[string]any{"endpoint": "plain"})
	w.want(200, code, again)
	until(t, 10*time.Second, "it is sent again under its id", func() bool { return plain.Taken()[event] == 2 })
	if code, out := w.ask(admin, "POST", "/webhooks/deliveries/evt-none/resend", map[string]any{}); code != 404 {
		t.Errorf("resending nothing: %d %v", code, out)
	}
}

// TestABudgetIsTold: at four fifths of a day's budget, and when it is used up; each
// once, and not for what is only reserved.
func TestABudgetIsTold(t *testing.T) {
	r := webhooktest.New(t)
	settings := fmt.Sprintf("webhooks: {endpoints: {chat: %q}, private: chat}\nmodel: {limits: {day: {calls: 10, tokens: 0}, agent_day: {calls: 10, tokens: 0}}}\n", r.URL)
	w := openIn(t, hooked(t, settings, "chat"), settings)
	today := time.Now().UTC().Format(time.DateOnly)
	spend := func(id, account string, calls int64, settled bool) {
		t.Helper()
		need := budget.Spend{Calls: calls}
		err := w.app.Store().Reserve(t.Context(), id, need, []budget.Account{{Name: account}})
		if err == nil && settled {
			err = w.app.Store().Settle(t.Context(), id, need)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	spend("a", "day:"+today, 8, true)
	spend("b", "agent:feedback-river:"+today, 10, true)
	spend("c", "agent:pitch-shaper:"+today, 10, false)
	if err := w.app.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "budgets are told", func() bool { return len(r.Taken()) >= 3 })
	var got []string
	for _, body := range r.Bodies() {
		var m struct {
			Type string
			Data map[string]string
		}
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Type+" "+strings.TrimSuffix(m.Data["id"], ":"+today))
	}
	slices.Sort(got)
	if want := []string{"budget.exhausted agent:feedback-river", "budget.warned agent:feedback-river", "budget.warned day"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestAnEndpointIsRefusedBeforeItIsServed(t *testing.T) {
	for name, c := range map[string]struct{ settings, says string }{
		"no secret":          {`webhooks: {endpoints: {other: "https://example.org/x"}}`, "roleos webhook secret other"},
		"without TLS":        {`webhooks: {endpoints: {chat: "http://127.0.0.1:1/x"}}`, "https"},
		"no such event":      {`webhooks: {endpoints: {chat: "https://example.org/x"}, events: {chat: draft.wating}}`, "draft.waiting"},
		"a name not written": {`webhooks: {endpoints: {chat: "https://example.org/x"}, titles: chatt}`, `"chatt"`},
	} {
		dir := hooked(t, c.settings, "chat")
		cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
		if err == nil {
			var a *app.App
			if a, err = app.Open(t.Context(), app.Options{Config: cfg}); err == nil {
				err = a.Work(t.Context())
				_ = a.Close()
			}
		}
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "example.org/x") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKilledWhileItTells kills replicas with -9 while they send: every event
// arrives, and no more of them twice than processes were killed.
func TestKilledWhileItTells(t *testing.T) {
	url := storetest.PostgresURL(t)
	if testing.Short() {
		t.Skip("SKIPPED: kills replicas while they send")
	}
	r := webhooktest.New(t)
	dir := hooked(t, fmt.Sprintf("store: {url: %q}\nwebhooks: {endpoints: {chat: %q}, private: chat}\n", url, r.URL), "chat")
	replicas := []*process{spawn(t, dir), spawn(t, dir)}
	defer func() {
		for _, p := range replicas {
			p.kill()
		}
	}()
	db := storetest.Open(t, url)
	until(t, 20*time.Second, "the endpoint is known", func() bool {
		rows, err := db.Query(t.Context(), `SELECT seq FROM webhook_cursors`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // only looked into
		return rows.Next()
	})
	log := audit.New(db.Audit(), db.Audit(), nil, time.Now)
	const events, kills = 150, 3
	for i := range events {
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			return log.Append(ctx, "change.applied", "roleos", fmt.Sprintf("cs-%d", i), nil)
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range kills {
		until(t, 60*time.Second, "messages arrive", func() bool { return len(r.Taken()) >= (i+1)*30 })
		r.Does(func(w http.ResponseWriter) { time.Sleep(time.Second); w.WriteHeader(http.StatusTeapot) }) // now something is surely on its way
		until(t, 60*time.Second, "a message is on its way", func() bool { return r.Asked() > 0 })
		replicas[i%2].kill()
		r.Does(nil)
		replicas[i%2] = spawn(t, dir)
	}
	until(t, 90*time.Second, "everything has arrived", func() bool { return len(r.Taken()) == events })
	twice := 0
	for _, n := range r.Taken() {
		twice += n - 1
	}
	if twice > kills {
		t.Errorf("%d of %d messages came twice, after %d kills", twice, events, kills)
	}
}
