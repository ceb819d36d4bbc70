package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"roleos/internal/handoff"
)

// TestTheStoryWithoutJavaScript walks from a file to a published draft and back,
// with nothing but links and forms.
func TestTheStoryWithoutJavaScript(t *testing.T) {
	s := newSite(t)
	s.get(t, "/").says("Nothing is drafted yet", "Make the first draft", "solo mode")
	form := s.get(t, "/new").says("Feedback River", "Start")
	csrf := url.Values{"csrf": {token}, "agent": {"feedback-river"}}
	form.form("/new", "") // carries no digest: nothing is decided here
	begun := s.upload(t, csrf, "queries.csv", queries(t))
	if !strings.HasPrefix(begun.path, "/runs/run-") {
		t.Fatalf("after the upload the page is %s (%d): %s", begun.path, begun.status, begun.text())
	}
	begun.says("Progress", "collect")
	x := s.done(t, strings.TrimPrefix(begun.path, "/runs/"))
	s.get(t, begun.path).says("Open the draft", "succeeded")
	here := "/drafts/" + x.Draft
	s.get(t, "/").says("What waits for you", "a first review")
	draft := s.get(t, here).says("Approve revision 1", "Look at first", "contract gates passed", "Evidence")
	var quote string
	for n := range draft.root.Descendants() {
		if h := attr(n, "href"); strings.HasPrefix(h, "#record-") {
			quote = strings.TrimPrefix(h, "#record-")
			break
		}
	}
	marked := s.get(t, here+"/evidence/"+url.PathEscape(quote)+"?rev=1").says("Record "+quote, "queries.csv")
	if !strings.Contains(marked.body, "<mark>") {
		t.Error("the quote is not marked in its record")
	}

	themes := s.get(t, here+"/themes")
	var ids []string
	for n := range themes.root.Descendants() {
		if id := attr(n, "data-theme"); id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) < 5 {
		t.Fatalf("the page lists %d themes", len(ids))
	}
	picked := s.get(t, here+"/themes?theme="+ids[1])
	merge := picked.form(here+"/edit", "merge")
	merge.Set("into", ids[0])
	s.post(t, here+"/edit", merge).says("Done: this is a new revision", "Revision 2 of 2")
	s.get(t, here+"/changes").says("merged", "What changed", "into "+ids[0])

	// The page from before the merge is stale now. Nothing is overwritten, what was
	// written is kept.
	stale := draft.form(here+"/review", "")
	stale.Set("verdict", "request_changes")
	stale.Set("text", "please look at the second theme")
	if a := s.post(t, here+"/review", stale).says("The draft has changed while you looked", "merged", "please look at the second theme"); a.status != http.StatusPreconditionFailed {
		t.Errorf("a stale tab gets %d", a.status)
	}
	s.post(t, here+"/undo", s.get(t, here+"/themes").form(here+"/undo", "")).says("Taken back", "Revision 3 of 3")
	merge = s.get(t, here+"/themes?theme="+ids[1]).form(here+"/edit", "merge")
	merge.Set("into", ids[0])
	s.post(t, here+"/edit", merge).says("Revision 4 of 4")

	talk := s.get(t, here).form(here+"/review", "")
	talk.Set("verdict", "comment")
	talk.Set("about", "theme-"+ids[0])
	talk.Set("text", "The first theme reads well.")
	s.post(t, here+"/review", talk).says("Your comment is kept", "The first theme reads well.", ", about")

	yes := s.get(t, here).form(here+"/review", "")
	yes.Set("verdict", "approve")
	plan := s.post(t, here+"/review", yes).says("Approved. Nothing is written yet", "Type the short digest", "It was applied to a copy.", "Where it comes from")
	where, _, _ := strings.Cut(plan.path, "?")
	confirm := plan.form(where+"/confirm", "")
	confirm.Set("answer", "yes")
	s.post(t, where+"/confirm", confirm).says("Not confirmed", "nothing was changed")
	var want string
	for n := range plan.root.Descendants() {
		if n.Data == "kbd" && n.FirstChild != nil && len(n.FirstChild.Data) == 8 {
			want = n.FirstChild.Data
		}
	}
	confirm.Set("answer", want)
	granted := s.post(t, where+"/confirm", confirm).says("Confirmed. It is not done yet", "Apply it")
	s.post(t, where+"/apply", granted.form(where+"/apply", "")).says("Applied, and read back.", "Plan to take it back")
	if d, err := s.app.GetDraft(t.Context(), x.Draft); err != nil || d.State != handoff.Published {
		t.Errorf("the draft is %s, %v", d.State, err)
	}
	s.get(t, "/audit?verify=1").says("The log is intact.", "change granted", "review approve", "records recomputed")
	s.get(t, "/audit?about="+x.Draft).says("review comment")
	s.get(t, "/queue?state=published").says("published", "the next role")
	for _, form := range []string{"html", "md", "json", "csv"} {
		a := s.get(t, here+"/export/"+form)
		if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("as %s: %d, %q", form, a.status, a.header.Get("Content-Disposition"))
		}
	}
}

// TestADestructiveSetNeedsTheTargetsName takes a publication back: its inverse
// deletes files, so that the target's name has to be typed.
func TestADestructiveSetNeedsTheTargetsName(t *testing.T) {
	s := newSite(t)
	id := s.drafted(t)
	here := "/drafts/" + id
	yes := s.get(t, here).form(here+"/review", "")
	yes.Set("verdict", "approve")
	plan := s.post(t, here+"/review", yes)
	where, _, _ := strings.Cut(plan.path, "?")
	if _, err := s.app.ConfirmPlan(t.Context(), strings.TrimPrefix(where, "/plans/"), digest(t, plan)); err != nil {
		t.Fatal(err)
	}
	s.post(t, where+"/apply", s.get(t, where).form(where+"/apply", ""))
	back := s.post(t, where+"/undo", s.get(t, where).form(where+"/undo", "")).says("This cannot simply be taken back", "Type the target's name: files", "delete")
	undo, _, _ := strings.Cut(back.path, "?")
	form := back.form(undo+"/confirm", "")
	form.Set("answer", "Files")
	s.post(t, undo+"/confirm", form).says("Not confirmed")
	form.Set("answer", "files")
	s.post(t, undo+"/confirm", form).says("Confirmed.")
	s.post(t, undo+"/apply", s.get(t, undo).form(undo+"/apply", "")).says("Applied")
}

func digest(t testing.TB, plan answer) string {
	t.Helper()
	for n := range plan.root.Descendants() {
		if n.Data == "kbd" && n.FirstChild != nil && len(n.FirstChild.Data) == 8 {
			return n.FirstChild.Data
		}
	}
	t.Fatal("the page asks for no digest")
	return ""
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	s := newSite(t)
	id := s.drafted(t)
	here := "/drafts/" + id
	good := s.get(t, here).form(here+"/review", "")
	good.Set("verdict", "reject")
	good.Set("text", "no")
	for name, change := range map[string]func(*http.Request, url.Values){
		"no token":      func(_ *http.Request, v url.Values) { v.Del("csrf") },
		"another token": func(_ *http.Request, v url.Values) { v.Set("csrf", token+"x") },
		"another site":  func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another host":  func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "http://evil.example") },
		"nobody":        func(r *http.Request, _ url.Values) { r.Header.Set("X-Nobody", "1") },
	} {
		v := url.Values{}
		for k, x := range good {
			v[k] = x
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+here+"/review", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r, v)
		body := v.Encode()
		r.Body, r.ContentLength = http.NoBody, 0
		r2, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+here+"/review", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r2.Header = r.Header
		r2.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := s.do(t, r2); a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := s.upload(t, url.Values{"agent": {"feedback-river"}}, "x.csv", []byte("id,text\n1,hello\n")); a.status != http.StatusForbidden {
		t.Errorf("an upload without a token: %d", a.status)
	}
	if d, err := s.app.GetDraft(t.Context(), id); err != nil || d.State != handoff.Validated {
		t.Errorf("the draft is %s, %v", d.State, err)
	}
}

// TestEveryPageIsWhole visits every page in the states there are, follows every
// link, and checks what can be checked without a browser.
func TestEveryPageIsWhole(t *testing.T) {
	s := newSite(t)
	seen := map[string]bool{}
	walk := func() {
		todo := []string{"/"}
		for len(todo) > 0 && len(seen) < 400 {
			path := todo[0]
			todo = todo[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			a := s.get(t, path)
			if a.status != http.StatusOK {
				t.Errorf("%s: %d", path, a.status)
			}
			if strings.Contains(path, "/export/") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				continue
			}
			whole(t, a)
			for n := range a.root.Descendants() {
				if h := attr(n, "href"); n.Data == "a" && strings.HasPrefix(h, "/") && !strings.Contains(h, "/evidence/") {
					h, _, _ = strings.Cut(h, "#")
					if !strings.Contains(h, "theme=") || len(todo) < 20 {
						todo = append(todo, h)
					}
				}
			}
		}
	}
	walk()
	empty := len(seen)
	clear(seen)
	id := s.drafted(t)
	yes := s.get(t, "/drafts/"+id).form("/drafts/"+id+"/review", "")
	yes.Set("verdict", "approve")
	s.post(t, "/drafts/"+id+"/review", yes)
	other := s.drafted(t)
	if _, _, err := s.app.Review(t.Context(), handoff.Act{Draft: other, Verdict: handoff.Reject, Text: "<b>sample</b> reason"}); err != nil {
		t.Fatal(err)
	}
	walk()
	if empty < 7 || len(seen) < 20 {
		t.Errorf("%d pages of an empty workspace and %d of a full one were found", empty, len(seen))
	}
	for _, path := range []string{"/nowhere", "/drafts/none", "/plans/none", "/runs/none", "/agents/none", "/drafts/" + id + "/evidence/none", "/drafts/" + id + "?rev=99", "/drafts/" + id + "/export/exe"} {
		a := s.get(t, path)
		if a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
		whole(t, a.says("Go back"))
	}
}

// whole checks a page's structure.
func whole(t *testing.T, a answer) {
	t.Helper()
	if strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "<no value>") || strings.Contains(a.body, "%!") {
		t.Errorf("%s holds what a template could not write", a.path)
	}
	if p := a.header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "require-trusted-types-for 'script'") {
		t.Errorf("%s has the policy %q", a.path, p)
	}
	ids, count, level := map[string]int{}, map[string]int{}, 0
	labelled := map[string]bool{}
	for n := range a.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Parent == nil || n.Parent.Data != "svg" { // a chart has a title of its own
			count[n.Data]++
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
		for _, x := range n.Attr {
			if strings.HasPrefix(x.Key, "on") || x.Key == "style" {
				t.Errorf("%s: %s has %s", a.path, n.Data, x.Key)
			}
		}
	}
	for n := range a.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "h1", "h2", "h3", "h4":
			l := int(n.Data[1] - '0')
			if l > level+1 {
				t.Errorf("%s: %s follows a heading of level %d", a.path, n.Data, level)
			}
			level = l
		case "input", "select", "textarea":
			if kind := attr(n, "type"); kind != "hidden" && !labelled[attr(n, "id")] && (n.Parent == nil || n.Parent.Data != "label") {
				t.Errorf("%s: the field %s has no label", a.path, attr(n, "name"))
			}
		case "script":
			if attr(n, "src") == "" {
				t.Errorf("%s holds a script", a.path)
			}
		case "th":
			if attr(n, "scope") == "" {
				t.Errorf("%s: a table heading without scope", a.path)
			}
		}
		if by := attr(n, "aria-labelledby"); by != "" && ids[by] == 0 {
			t.Errorf("%s: labelled by %q, which is not there", a.path, by)
		}
		if h := attr(n, "href"); strings.HasPrefix(h, "#") && ids[h[1:]] == 0 {
			t.Errorf("%s: %q leads nowhere", a.path, h)
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %q stands %d times", a.path, id, n)
		}
	}
	for _, one := range []string{"h1", "main", "title"} {
		if count[one] != 1 {
			t.Errorf("%s: %d of <%s>", a.path, count[one], one)
		}
	}
}

func TestEventsTellTheWholeStateAndEnd(t *testing.T) {
	s := newSite(t)
	begun := s.upload(t, url.Values{"csrf": {token}, "agent": {"feedback-river"}}, "few.csv", []byte("id,text\n1,the export is slow\n2,the export is broken\n3,please mend the export\n"))
	a := s.get(t, begun.path+"/events")
	if a.header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s is %s: %s", a.path, a.header.Get("Content-Type"), a.body)
	}
	for _, want := range []string{"id: 1\nevent: beat\ndata: {", `"steps":[{"Name":"collect"`, "event: end"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the stream lacks %q:\n%s", want, a.body)
		}
	}
}
