package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"roleos/internal/handoff"
)

// The workspace of a sample team, in which the portfolio owner attests an order
// and an architect takes what is published.
const (
	teamSettings = `review: {mode: team}
team:
  roles:
    person:al: pm
    person:bob: architect
    person:olga: portfolio-owner
`
	teamContract = `kind: HandoffContract
id: feedback-synthesis
version: 1.1.0
tightens: feedback-synthesis@1.0.0
gates:
  - id: order-confirmed
    says: The portfolio owner confirmed the order of the issues.
    kind: attestation
    by: role:portfolio-owner
    not_by: author
    binds: draft.digest
    mend: Ask the portfolio owner.
    passes_on: examples/good.yaml
    fails_on: examples/bad.yaml
`
)

// TestThreePeopleInThreeSessions: a PM uploads and edits, the portfolio owner
// attests and approves, an architect confirms; each in a browser of their own.
// What the PM may not do is refused in words, and a stale tab changes nothing.
func TestThreePeopleInThreeSessions(t *testing.T) {
	data := queries(t)
	first := browser(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"roleos.yaml": teamSettings, "contracts/feedback-synthesis.yaml": teamContract, "queries.csv": string(data)} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := siteIn(t, dir)
	session := func(name string) context.Context {
		ctx, stop := chromedp.NewContext(first, chromedp.WithNewBrowserContext())
		t.Cleanup(stop)
		if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: "who", Value: name, URL: s.URL})
			return err
		})); err != nil {
			t.Fatal(err)
		}
		return ctx
	}
	al, olga, bob := session("al"), session("olga"), session("bob")
	button := func(text string) string { return `//button[text()="` + text + `"]` }
	says := func(text string) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			for {
				there, err := chromedp.Evaluate[bool](`document.querySelector("main")?.innerText.includes(`+strconv.Quote(text)+`) ?? false`)(ctx, t)
				if err == nil && there {
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

	drive(t, bob, "an architect does not answer for the agent", chromedp.Navigate(s.URL+"/agents/feedback-river"), chromedp.Click(button("I answer for it")), says("This was refused"))
	var where string
	drive(t, al, "the PM answers for the agent and uploads", chromedp.Navigate(s.URL+"/agents/feedback-river"), chromedp.Click(button("I answer for it")),
		says("You answer for this agent now"), chromedp.Navigate(s.URL+"/new"), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{filepath.Join(dir, "queries.csv")}),
		chromedp.Click(button("Start")), chromedp.WaitVisible(`//a[text()="Open the draft"]`), chromedp.Click(`//a[text()="Open the draft"]`), chromedp.WaitVisible(chromedp.CSS(".decide")), into(&where, chromedp.Location()))
	id := where[strings.LastIndex(where, "/")+1:]
	here := s.URL + "/drafts/" + id

	// Bob reads the draft now, and acts on it only after Al has edited it.
	drive(t, bob, "the architect reads", chromedp.Navigate(here), chromedp.WaitVisible(chromedp.CSS("#text")), chromedp.SendKeys(chromedp.CSS("#text"), "two themes look alike"))
	drive(t, al, "the PM merges two themes", chromedp.Navigate(here+"/themes"), chromedp.Click(chromedp.CSS("tr[data-theme]:nth-child(2) th a")), chromedp.WaitVisible(chromedp.CSS("#into")),
		script(`document.querySelector("#into").selectedIndex = 1; document.querySelector("#merge-form button").click()`), says("Done: this is a new revision"))
	drive(t, bob, "a stale tab is refused kindly", chromedp.Click(chromedp.CSS(`button[value="request_changes"]`)),
		says("The draft has changed while you looked"), says("two themes look alike"), says("merged"))

	var disabled bool
	drive(t, olga, "the portfolio owner attests, then approves", chromedp.Navigate(here), chromedp.WaitVisible(button("I say so")),
		ask(&disabled, `document.querySelector('button[value="approve"]').disabled`), chromedp.Click(button("I say so")), says("Your word is noted for this revision only"),
		chromedp.Click(chromedp.CSS(`button[value="approve"]`)), chromedp.WaitVisible(chromedp.CSS("#answer")), into(&where, chromedp.Location()))
	if !disabled {
		t.Error("a draft can be approved before its gate is attested")
	}
	plan, _, _ := strings.Cut(where, "?")
	confirm := func(ctx context.Context, who string, want ...string) {
		var digest string
		drive(t, ctx, who+" confirms", chromedp.Navigate(plan), chromedp.WaitVisible(chromedp.CSS("#answer")), into(&digest, chromedp.Text(chromedp.CSS("label[for=answer] kbd"))))
		drive(t, ctx, who+" types the digest", chromedp.SendKeys(chromedp.CSS("#answer"), digest), chromedp.Click(button("Confirm")))
		for _, x := range want {
			drive(t, ctx, who+" is told: "+x, says(x))
		}
	}
	confirm(olga, "who approved", "This was refused", "a second person confirms")
	confirm(bob, "a second person", "Confirmed. It is not done yet")
	drive(t, bob, "apply", chromedp.Click(button("Apply it")), says("Applied, and read back."))

	drive(t, bob, "another role does not take it", chromedp.Navigate(s.URL+"/handoffs/"+id), chromedp.Click(button("Acknowledge")), says("This was refused"))
	drive(t, al, "the taker acknowledges in time", chromedp.Navigate(s.URL+"/"), says("Handoffs and their clocks"), says("left"), chromedp.Navigate(s.URL+"/handoffs/"+id),
		chromedp.Click(button("Acknowledge")), says("Noted. The clocks go on from here."))
	drive(t, al, "the taker refuses with reasons", chromedp.Click(`//summary[text()="Refuse it, with reasons"]`), chromedp.SendKeys(chromedp.CSS("#why-refuse"), "the second theme is two"),
		chromedp.Click(button("Refuse")), says("Noted."), says("the second theme is two"))
	if d, err := s.app.GetDraft(t.Context(), id); err != nil || d.State != handoff.Drafted {
		t.Errorf("the refused draft is %s, %v", d.State, err)
	}
}
