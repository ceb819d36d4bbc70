package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"roleos/internal/app"
	"roleos/internal/handoff"
)

// browser starts Chromium, or skips loudly without one. What the pages' scripts
// complain about fails the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: the browser is left out of short tests")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("SKIPPED: there is no Chromium on this machine (Debian: apt-get install chromium)")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1280, 900))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	first, done := chromedp.NewContext(alloc)
	t.Cleanup(done)
	if err := chromedp.Listen(first, func(e any) {
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL)
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" || e.Type == "warning" {
				for _, a := range e.Args {
					t.Errorf("the browser says: %s", a.Value)
				}
			}
		}
	}); err != nil {
		t.Skipf("SKIPPED: Chromium does not start: %v", err)
	}
	ctx, stop := context.WithTimeout(first, 2*time.Minute)
	t.Cleanup(stop)
	return ctx
}

func drive(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	step, stop := context.WithTimeout(ctx, 40*time.Second)
	defer stop()
	if err := chromedp.Do(step, steady(actions)...); err != nil {
		var text string
		_ = chromedp.Do(ctx, into(&text, chromedp.Text(chromedp.CSS("body"))))
		t.Fatalf("%s: %v\nthe page says: %.1500s", what, err, text)
	}
}

// TestTheStoryInABrowser uploads real queries, watches the run, merges two themes
// by dragging, reads a quote beside the text, approves and confirms.
func TestTheStoryInABrowser(t *testing.T) {
	data := queries(t)
	ctx := browser(t)
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "queries.csv")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var where string
	drive(t, ctx, "upload", chromedp.Navigate(s.URL+"/new"), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}),
		chromedp.Click(`//button[text()="Start"]`), chromedp.WaitVisible(`//h2[text()="Progress"]`), into(&where, chromedp.Location()))
	if !strings.Contains(where, "/runs/run-") {
		t.Fatalf("after the upload the page is %s", where)
	}
	drive(t, ctx, "watch the run", chromedp.WaitVisible(`//a[text()="Open the draft"]`), chromedp.Click(`//a[text()="Open the draft"]`),
		chromedp.WaitVisible(`//h2[text()="Decide"]`), into(&where, chromedp.Location()))
	id := where[strings.LastIndex(where, "/")+1:]

	var marked string
	drive(t, ctx, "open a quote's record", chromedp.Click(chromedp.CSS(`.artefact figure.quote a[href^="#record-"]`)),
		chromedp.WaitVisible(chromedp.CSS("dialog.drawer mark")), into(&marked, chromedp.Text(chromedp.CSS("dialog.drawer mark"))),
		chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible(chromedp.CSS("dialog.drawer")))
	if marked == "" {
		t.Error("nothing is marked in the drawer")
	}

	var themes int
	drive(t, ctx, "drag a theme onto another", chromedp.Navigate(s.URL+"/drafts/"+id+"/themes"), chromedp.WaitVisible(chromedp.CSS("tr[draggable=true]")),
		ask(&themes, `document.querySelectorAll("tr[data-theme]").length`),
		script(`(() => { const r = document.querySelectorAll("tr[data-theme]"), d = new DataTransfer();
			const e = (n, k) => n.dispatchEvent(new DragEvent(k, {bubbles: true, cancelable: true, dataTransfer: d}));
			e(r[2], "dragstart"); e(r[0], "dragover"); e(r[0], "drop"); e(r[2], "dragend"); })()`),
		chromedp.WaitVisible(chromedp.CSS("#merge")), chromedp.Click(chromedp.CSS("#merge button.go")), chromedp.WaitVisible(chromedp.CSS(".told")))
	var after int
	drive(t, ctx, "count themes", ask(&after, `document.querySelectorAll("tr[data-theme]").length`))
	if after != themes-1 {
		t.Errorf("%d themes became %d", themes, after)
	}

	var want string
	drive(t, ctx, "approve", chromedp.Navigate(s.URL+"/drafts/"+id), chromedp.Click(chromedp.CSS(`button[value="approve"]`)),
		chromedp.WaitVisible(chromedp.CSS("#answer")), into(&want, chromedp.Text(chromedp.CSS("label[for=answer] kbd"))))
	drive(t, ctx, "confirm", chromedp.SendKeys(chromedp.CSS("#answer"), want), chromedp.Click(`//button[text()="Confirm"]`),
		chromedp.Click(`//button[text()="Apply it"]`), chromedp.WaitVisible(`//p[contains(text(),"Applied, and read back.")]`))
	if d, err := s.app.GetDraft(t.Context(), id); err != nil || d.State != handoff.Published {
		t.Errorf("the draft is %s, %v", d.State, err)
	}
}

// TestTheKeyboardReachesEverything walks the queue with j, k and Enter, switches
// single keys off, and tabs through a page: the focus visits every control.
func TestTheKeyboardReachesEverything(t *testing.T) {
	ctx := browser(t)
	s := newSite(t)
	first, second := s.drafted(t), s.drafted(t)
	var at string
	href := ask(&at, `document.activeElement.getAttribute("href") ?? ""`)
	drive(t, ctx, "j j k", chromedp.Navigate(s.URL+"/queue"), chromedp.WaitVisible(chromedp.CSS("tr[data-row]")),
		chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), href)
	if at != "/drafts/"+second && at != "/drafts/"+first {
		t.Errorf("after j j the focus is on %q", at)
	}
	last := at
	drive(t, ctx, "k", chromedp.KeyEvent("k"), href)
	if at == last || !strings.HasPrefix(at, "/drafts/") {
		t.Errorf("after k the focus is on %q", at)
	}
	drive(t, ctx, "?", chromedp.KeyEvent("?"), chromedp.WaitVisible(chromedp.CSS("#keys")), chromedp.Click(chromedp.CSS("#keys-on")),
		chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible(chromedp.CSS("#keys")))
	drive(t, ctx, "keys off", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("tr[data-row]")), chromedp.KeyEvent("j"),
		ask(&at, `document.activeElement.tagName`))
	if at != "BODY" {
		t.Errorf("with single keys off, j moves the focus to %s", at)
	}
	for _, path := range []string{"/", "/queue", "/new", "/drafts/" + first, "/drafts/" + first + "/themes", "/audit", "/agents/feedback-river"} {
		drive(t, ctx, "open "+path, chromedp.Navigate(s.URL+path), chromedp.WaitReady(chromedp.CSS("main")))
		var want, got, clicks int
		drive(t, ctx, "mark controls", ask(&want, `(() => { window.all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
			.filter((e) => e.type !== "hidden" && !e.disabled && e.checkVisibility({visibilityProperty: true}) && !(e.type === "radio" && !e.checked)); window.seen = new Set(); return all.length })()`),
			ask(&clicks, `[...document.querySelectorAll("[onclick], div[role=button], span[role=button]")].length`))
		steps := min(want+5, 260)
		var actions []chromedp.Action[chromedp.Void]
		for range steps {
			actions = append(actions, chromedp.KeyEvent(kb.Tab), script(`window.seen.add(document.activeElement)`))
		}
		drive(t, ctx, "tab through "+path, actions...)
		drive(t, ctx, "count", ask(&got, `all.filter((e) => seen.has(e)).length`))
		if got < min(want, 255) || clicks > 0 {
			t.Errorf("%s: the keyboard reaches %d of %d controls; %d things can only be clicked", path, got, want, clicks)
		}
	}
}

// TestAxeFindsNothing runs axe-core, which ROLEOS_TEST_AXE names (axe.min.js of
// the npm package axe-core), over every page by day and by night.
func TestAxeFindsNothing(t *testing.T) {
	path := os.Getenv("ROLEOS_TEST_AXE")
	if path == "" {
		t.Skip("SKIPPED: ROLEOS_TEST_AXE names no axe.min.js")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	s := newSite(t)
	for _, page := range everyPage(t, s) {
		for _, scheme := range []string{"light", "dark"} {
			var found string
			drive(t, ctx, "axe on "+page.name, as(scheme, 1280), bypass(), chromedp.Navigate(s.URL+page.path), chromedp.WaitReady(chromedp.CSS("main")),
				script(string(axe)),
				into(&found, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + n.failureSummary)])))`, chromedp.EvalAwaitPromise)))
			var list []any
			if err := json.Unmarshal([]byte(found), &list); err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				t.Errorf("%s, %s: %v", page.path, scheme, v)
			}
		}
	}
}

func as(scheme string, width int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		media := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
		if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
		})
		return err
	})
}

// into keeps an action's value.
func into[T any](to *T, a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (v chromedp.Void, err error) {
		*to, err = a(ctx, t)
		return v, err
	}
}

// ask keeps what an expression is.
func ask[T any](to *T, expression string) chromedp.Action[chromedp.Void] {
	return into(to, chromedp.Evaluate[T](expression))
}

// script runs for its effects.
func script(code string) chromedp.Action[chromedp.Void] {
	var done bool
	return ask(&done, code+";true")
}

func bypass() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdppage.SetBypassCSP, cdppage.SetBypassCSPParams{Enabled: true})
		return err
	})
}

func picture(width int64, to *[]byte) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		high, err := chromedp.Evaluate[float64](`Math.min(document.documentElement.scrollHeight, 2600)`)(ctx, t)
		if err != nil {
			return err
		}
		beyond := true
		r, err := cdp.Call(ctx, t, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond, Clip: &cdppage.Viewport{Width: float64(width), Height: high, Scale: 1},
		})
		*to = r.Data
		return err
	})
}

// sampleMeeting is written for this test; nobody said it.
const sampleMeeting = `WEBVTT

00:00:01.000 --> 00:00:09.000
<v Sample Speaker A>We need the export to finish in under a minute, otherwise the finance team cannot close the month.

00:00:10.000 --> 00:00:18.000
<v Sample Speaker B>I disagree, I want a second review before anything ships. The last export lost two columns.

00:00:19.000 --> 00:00:27.000
<v Sample Speaker A>We decided to put large exports into a queue. Sample Speaker B will write the plan by Friday.

00:00:28.000 --> 00:00:33.000
<v Sample Speaker B>Who pays for the second region? That is still open.
`

type visited struct{ name, path string }

// everyPage fills the site and returns a page of each kind in its states.
func everyPage(t *testing.T, s *site) []visited {
	t.Helper()
	open, done, failed := s.drafted(t), s.drafted(t), ""
	if _, err := s.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{filepath.Join(t.TempDir(), "none.csv")}}); err == nil {
		t.Fatal("a run on no file succeeds")
	}
	list, _, err := s.app.RunPage(t.Context(), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Status == "failed" {
			failed = r.ID
		}
	}
	view, err := s.app.View(t.Context(), open, 0)
	if err != nil {
		t.Fatal(err)
	}
	themes := view.Synthesis.Themes
	here := "/drafts/" + open
	merge := s.get(t, here+"/themes?theme="+themes[2].ID).form(here+"/edit", "merge")
	merge.Set("into", themes[1].ID)
	s.post(t, here+"/edit", merge)
	talk := s.get(t, here).form(here+"/review", "")
	talk.Set("verdict", "comment")
	talk.Set("about", "theme-"+themes[0].ID)
	talk.Set("text", "Sample comment: does the second quote belong here? It reads like a question about prices to me.")
	s.post(t, here+"/review", talk)
	plan := s.approve(t, done)
	_, _ = s.app.ConfirmPlan(t.Context(), plan, digest(t, s.get(t, "/plans/"+plan)))
	if _, err := s.app.ApplyPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	undo, err := s.app.UndoPlan(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	third := s.drafted(t)
	waiting := s.approve(t, third)
	notes := filepath.Join(t.TempDir(), "sample-standup.vtt")
	if err := os.WriteFile(notes, []byte(sampleMeeting), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := s.app.Run(t.Context(), app.RunRequest{Agent: "stakeholder-synthesizer", Paths: []string{notes}})
	if err != nil {
		t.Fatal(err)
	}
	talked := said.Draft.ID
	return []visited{
		{"home", "/"},
		{"queue", "/queue?state=all"},
		{"queue-none", "/queue?state=closed"},
		{"draft", here},
		{"draft-old", here + "?rev=1"},
		{"draft-done", "/drafts/" + done},
		{"themes", here + "/themes"},
		{"theme", here + "/themes?theme=" + themes[0].ID},
		{"changes", here + "/changes"},
		{"said", here + "/said"},
		{"evidence", here + "/evidence/1"},
		{"plans", "/plans"},
		{"plan", "/plans/" + waiting},
		{"plan-done", "/plans/" + plan},
		{"plan-destructive", "/plans/" + undo.ID},
		{"runs", "/runs"},
		{"run", "/runs/" + list[0].ID},
		{"run-failed", "/runs/" + failed},
		{"handoffs", "/handoffs"},
		{"handoff", "/handoffs/" + done},
		{"workflows", "/workflows"},
		{"budgets", "/budgets"},
		{"erase", "/erase"},
		{"new", "/new"},
		{"talk", "/drafts/" + talked},
		{"agents", "/agents"},
		{"agent", "/agents/feedback-river"},
		{"audit", "/audit?verify=1"},
		{"trouble", "/drafts/none"},
	}
}

// TestPagesToLookAt writes pictures of every page, by day, by night and on a
// phone, into the folder that ROLEOS_TEST_LOOK names.
func TestPagesToLookAt(t *testing.T) {
	dir := os.Getenv("ROLEOS_TEST_LOOK")
	if dir == "" {
		t.Skip("SKIPPED: ROLEOS_TEST_LOOK names no folder for pictures")
	}
	ctx := browser(t)
	s := newSite(t)
	shoot := func(p visited) {
		for _, how := range []struct {
			name, scheme string
			width        int64
		}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 390}} {
			var wide int
			var shot []byte
			drive(t, ctx, "look at "+p.name, as(how.scheme, how.width), chromedp.Navigate(s.URL+p.path), chromedp.WaitReady(chromedp.CSS("main")),
				ask(&wide, `document.documentElement.scrollWidth`), picture(how.width, &shot))
			if int64(wide) > how.width {
				t.Errorf("%s is %d pixels wide on %d", p.path, wide, how.width)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s.png", p.name, how.name)), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	shoot(visited{"home-empty", "/"})
	shoot(visited{"queue-empty", "/queue"})
	for _, p := range everyPage(t, s) {
		shoot(p)
	}
}

// approve approves a draft and returns its change set.
func (s *site) approve(t *testing.T, draft string) string {
	t.Helper()
	yes := s.get(t, "/drafts/"+draft).form("/drafts/"+draft+"/review", "")
	yes.Set("verdict", "approve")
	a := s.post(t, "/drafts/"+draft+"/review", yes)
	u, err := url.Parse(a.path)
	if err != nil || !strings.HasPrefix(u.Path, "/plans/") {
		t.Fatalf("approving leads to %s: %s", a.path, a.text())
	}
	return strings.TrimPrefix(u.Path, "/plans/")
}

// steady tries an action again when the page was replaced while it looked for its
// node: nothing has happened then.
func steady(actions []chromedp.Action[chromedp.Void]) []chromedp.Action[chromedp.Void] {
	out := make([]chromedp.Action[chromedp.Void], 0, len(actions))
	for _, a := range actions {
		out = append(out, func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
			for {
				v, err = a(ctx, tab)
				if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "Could not find node") {
					return v, err
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	return out
}
