package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"roleos/internal/handoff"
)

// TestThreePeopleSignInAndDecide: a PM, a portfolio owner and an architect come
// from the provider, each in a browser of their own; one drafts, one approves, one
// confirms, and signing out leaves nothing behind.
func TestThreePeopleSignInAndDecide(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the browser is left out of short tests")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIPPED: there is no Chromium on this machine (Debian: apt-get install chromium)")
	}
	s := withProvider(t)
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.Flag("headless", "new"),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1280, 900))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	defer stop()
	alloc, stop = context.WithTimeout(alloc, 2*time.Minute)
	defer stop()
	first, stop := chromedp.NewContext(alloc)
	defer stop()
	if err := chromedp.Do(first, chromedp.Navigate("about:blank")); err != nil {
		t.Skipf("SKIPPED: Chromium does not start: %v", err)
	}
	person := func() context.Context {
		ctx, stop := chromedp.NewContext(first, chromedp.WithNewBrowserContext())
		t.Cleanup(stop)
		if err := chromedp.Listen(ctx, func(e any) {
			if e, ok := e.(*runtime.EventExceptionThrown); ok {
				t.Errorf("a script failed: %s", e.ExceptionDetails.Text)
			}
		}); err != nil {
			t.Fatal(err)
		}
		return ctx
	}
	drive := func(ctx context.Context, what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		step, stop := context.WithTimeout(ctx, 40*time.Second)
		defer stop()
		if err := chromedp.Do(step, steady(actions)...); err != nil {
			text, _ := chromedp.Text(chromedp.CSS("body"))(ctx, chromedp.FromContext(ctx).Target)
			t.Fatalf("%s: %v\nthe page says: %.1200s", what, err, text)
		}
	}
	where := func(ctx context.Context) (at string) {
		t.Helper()
		drive(ctx, "where", func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
			at, err = chromedp.Location()(ctx, tab)
			return v, err
		})
		return at
	}
	says := func(text string) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			for {
				if there, err := chromedp.Evaluate[bool](`document.body?.innerText.includes(`+strconv.Quote(text)+`) ?? false`)(ctx, tab); err == nil && there {
					return nil
				}
				select { // a page may be on its way
				case <-ctx.Done():
					return fmt.Errorf("the page does not say %q: %w", text, ctx.Err())
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
	look := func(ctx context.Context, name string) { // a picture for who wants to see the page
		if dir := os.Getenv("ROLEOS_TEST_LOOK"); dir != "" {
			drive(ctx, "look", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
				r, err := cdp.Call(ctx, tab, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{})
				if err != nil {
					return err
				}
				return os.WriteFile(filepath.Join(dir, name+".png"), r.Data, 0o600)
			}))
		}
	}
	axe, _ := os.ReadFile(os.Getenv("ROLEOS_TEST_AXE")) // axe.min.js, for who wants it looked at
	accessible := func(ctx context.Context, name string) {
		if len(axe) == 0 {
			return
		}
		var found string
		drive(ctx, "axe on "+name, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) (err error) {
			if _, err = cdp.Call(ctx, tab, cdppage.SetBypassCSP, cdppage.SetBypassCSPParams{Enabled: true}); err != nil {
				return err
			}
			if _, err = chromedp.Evaluate[bool](string(axe)+";true")(ctx, tab); err != nil {
				return err
			}
			found, err = chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])))`, chromedp.EvalAwaitPromise)(ctx, tab)
			return err
		}))
		if found != "[]" {
			t.Errorf("axe on %s: %s", name, found)
		}
	}
	button := func(text string) string { return `//button[text()="` + text + `"]` }
	come := func(name, to string) context.Context {
		ctx := person()
		drive(ctx, name+" asks for a page", chromedp.Navigate(s.srv.URL+to), chromedp.WaitVisible(chromedp.CSS("a.act")))
		look(ctx, "signin-"+name)
		accessible(ctx, "the sign-in page")
		drive(ctx, name+" signs in", chromedp.Click(chromedp.CSS("a.act")), chromedp.WaitVisible(chromedp.CSS("#"+name)), chromedp.Click(chromedp.CSS("#"+name)))
		return ctx
	}

	stranger := come("visitor", "/")
	drive(stranger, "no role, no way in", says("none of their groups has a role here"), says("builders, owners, product"))
	look(stranger, "signin-refused")
	accessible(stranger, "a refusal")

	var rows bytes.Buffer
	rows.WriteString("id,text\n")
	for i := range 24 {
		text := []string{"the export of my report fails every night", "cannot reset my password, the link is dead"}[i%2]
		fmt.Fprintf(&rows, "r%d,%s number %c\n", i, text, 'a'+i)
	}
	file := filepath.Join(s.dir, "queries.csv")
	if err := os.WriteFile(file, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ana := come("ana", "/agents/feedback-river")
	drive(ana, "the PM answers for the agent, and uploads", says("ana@example.org"), chromedp.Click(button("I answer for it")), says("You answer for this agent now"),
		chromedp.Navigate(s.srv.URL+"/new"), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}), chromedp.Click(button("Start")),
		chromedp.WaitVisible(`//a[text()="Open the draft"]`), chromedp.Click(`//a[text()="Open the draft"]`), chromedp.WaitVisible(chromedp.CSS(".decide")))
	draft := where(ana)
	draft = draft[strings.LastIndex(draft, "/")+1:]

	olga := come("olga", "/drafts/"+draft)
	drive(olga, "the portfolio owner lands where she wanted to, and approves", says("olga@example.org"), chromedp.WaitVisible(chromedp.CSS(`button[value="approve"]`)),
		chromedp.Click(chromedp.CSS(`button[value="approve"]`)), chromedp.WaitVisible(chromedp.CSS("#answer")))
	plan, _, _ := strings.Cut(where(olga), "?")
	plan = strings.TrimPrefix(plan, s.srv.URL)

	bob := come("bob", plan)
	var digest string
	drive(bob, "the architect confirms and applies", says("bob@example.org"), chromedp.WaitVisible(chromedp.CSS("#answer")), func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		digest, err = chromedp.Text(chromedp.CSS("label[for=answer] kbd"))(ctx, tab)
		return v, err
	})
	drive(bob, "types the digest", chromedp.SendKeys(chromedp.CSS("#answer"), digest), chromedp.Click(button("Confirm")), says("Confirmed."), chromedp.Click(button("Apply it")), says("Applied, and read back."))
	d, err := s.app.GetDraft(t.Context(), draft)
	if err != nil || d.State != handoff.Published {
		t.Errorf("the draft is %s, %v", d.State, err)
	}
	reviews, err := s.app.Reviews(t.Context(), draft)
	if err != nil || len(reviews) == 0 || reviews[len(reviews)-1].By != "person:olga@example.org" {
		t.Errorf("it was reviewed by %+v, %v", reviews, err)
	}

	drive(bob, "signs out", chromedp.Click(chromedp.CSS(`form[action="/signout"] button`)), says("You are signed out of roleos."), says("still knows you in this browser"))
	look(bob, "signed-out")
	accessible(bob, "the page after signing out")
	drive(bob, "signs out there too", chromedp.Click(`//a[text()="Sign out there too"]`), says("Signed out"), chromedp.Click(chromedp.CSS("#back")), says("Sign in to roleos"))
	drive(bob, "has to say who he is", chromedp.Click(chromedp.CSS("a.act")), says("Who are you?"))
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
