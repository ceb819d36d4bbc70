package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/targettest"
	"roleos/internal/target/tracker"
	"roleos/internal/target/tracker/github"
	"roleos/internal/target/tracker/rest"
)

// naps is a clock that sleeping moves.
type naps struct {
	total atomic.Int64
}

func (n *naps) now() time.Time { return time.Unix(1_800_000_000, n.total.Load()) }

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.total.Add(int64(d))
	return ctx.Err()
}

func (n *naps) slept() time.Duration { return time.Duration(n.total.Load()) }

func client(t *testing.T, s *server, n *naps, edit func(*github.Options)) *github.Client {
	t.Helper()
	o := github.Options{
		Base: s.URL, Owner: "acme", Repo: "app", Now: n.now, Sleep: n.sleep,
		Token: func(context.Context) (string, error) { return token, nil },
	}
	if edit != nil {
		edit(&o)
	}
	c, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func target(t *testing.T, s, staging *server, n *naps) *tracker.Target {
	t.Helper()
	o := tracker.Options{Tracker: client(t, s, n, nil), Dir: t.TempDir(), Now: n.now, Sleep: n.sleep}
	if staging != nil {
		o.Staging = client(t, staging, n, nil)
	}
	tgt, err := tracker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

func ticket(title, body string, labels ...string) []byte {
	return tracker.Ticket{Title: title, Body: body, Labels: labels}.Bytes()
}

func TestSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		s, staging := newServer(t), newServer(t)
		s.add("Slow export", "The export takes\r\nminutes.  ", "open")
		s.add("Old one", "", "open")
		s.add("A pull request", "", "open").Pull = &map[string]any{"url": "x"}
		tgt := target(t, s, staging, &naps{})
		fresh := tracker.Object("login loops")
		f := targettest.Fixture{
			Registered: change.Registered{Manifest: tgt.Manifest("acme-issues"), Target: tgt},
			Creates:    change.Intended{Op: tracker.Open, Object: fresh, Body: ticket("Login loops", "Since Monday.\n\n> \"I cannot log in\"", "bug", "feedback")},
			Replaces:   change.Intended{Op: tracker.Update, Object: "issue/1", Body: ticket("Slow export", "The export takes an hour.", "slow")},
			Removes:    change.Intended{Op: tracker.Close, Object: "issue/2"},
			Tamper: func(t *testing.T, object string) {
				if object == fresh {
					s.add("By somebody else", "x\n\n[roleos:"+strings.TrimPrefix(object, "issue/")+"]", "open")
					return
				}
				n, err := strconv.Atoi(strings.TrimPrefix(object, "issue/"))
				if err != nil {
					t.Fatal(err)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				s.issues[n-1].Title += " (edited)"
			},
			Refused: []change.Intended{
				{Op: tracker.Open, Object: fresh, Body: ticket("x", strings.Repeat("a", tracker.MaxText+1))},
				{Op: tracker.Open, Object: fresh, Body: ticket(strings.Repeat("a", tracker.MaxTitle+1), "")},
				{Op: tracker.Open, Object: fresh, Body: ticket("", "no title")},
				{Op: tracker.Open, Object: fresh, Body: ticket("x\u202ey", "")},
				{Op: tracker.Open, Object: fresh, Body: ticket("x", "a\n\n[roleos:rt-000000000000000000000000]")},
				{Op: tracker.Open, Object: fresh, Body: []byte(`{"title":"x","body":"","Title":"y"}`)},
				{Op: tracker.Open, Object: fresh, Body: []byte(`{"title":"x","body":"","assignees":["ceo"]}`)},
				{Op: tracker.Open, Object: fresh, Body: []byte(`{"title":"x","body":"","closed":true}`)},
				{Op: tracker.Open, Object: fresh, Body: ticket("x", "", "a,b")},
				{Op: tracker.Open, Object: "issue/9", Body: ticket("x", "")},
				{Op: tracker.Update, Object: "issue/3", Body: ticket("a pull request is no issue", "")},
				{Op: tracker.Update, Object: "issue/99", Body: ticket("x", "")},
				{Op: tracker.Reopen, Object: "issue/1"},
				{Op: tracker.Close, Object: "issue/1", Body: ticket("x", "")},
				{Op: "delete", Object: "issue/1"},
				{Op: tracker.Update, Object: "issue/../../x", Body: ticket("x", "")},
				{Op: tracker.Update, Object: "issue/0", Body: ticket("x", "")},
				{Op: tracker.Update, Object: "issue/999999999999999999999", Body: ticket("x", "")},
				{Op: tracker.Update, Object: "", Body: ticket("x", "")},
			},
		}
		return f
	})
}

func open(key string) change.Write {
	return change.Write{Key: "k", Op: tracker.Open, Object: tracker.Object(key), Body: ticket(key, "body"), Before: guardrails.Absent}
}

// What an answer to the creation leads to: how many issues there are, what Apply
// says, and how long was waited.
func TestAnswersToACreation(t *testing.T) {
	limit := func(status int, header map[string]string, message string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for k, v := range header {
				w.Header().Set(k, v)
			}
			fail(w, status, message)
		}
	}
	reset := strconv.FormatInt(1_800_000_000+40, 10)
	for name, tt := range map[string]struct {
		refuse func(http.ResponseWriter) // the first answers, instead of creating
		times  int
		after  func(http.ResponseWriter) bool // the answer after having created
		kind   fault.Kind
		ok     bool
		undone bool // the error says that nothing was done
		issues int
		waited time.Duration
	}{
		"created": {ok: true, issues: 1},
		"Retry-After, then created": {
			refuse: limit(429, map[string]string{"Retry-After": "7"}, "slow down"), times: 2, ok: true, issues: 1, waited: 14 * time.Second,
		},
		"secondary limit with a time": {
			refuse: limit(403, map[string]string{"Retry-After": "30"}, "You have exceeded a secondary rate limit."), times: 1, ok: true, issues: 1, waited: 30 * time.Second,
		},
		"secondary limit without a time": {
			refuse: limit(403, nil, "You have exceeded a secondary rate limit. Please wait a few minutes."), times: 1, ok: true, issues: 1, waited: time.Minute,
		},
		"primary limit": {
			refuse: limit(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, "API rate limit exceeded"), times: 1, ok: true, issues: 1, waited: 40 * time.Second,
		},
		"a limit that outlasts us": {
			refuse: limit(429, map[string]string{"Retry-After": "3600"}, "slow down"), times: 9, kind: fault.Exhausted, undone: true,
		},
		"a limit that does not end": {
			refuse: limit(429, map[string]string{"Retry-After": "1"}, "slow down"), times: 9, kind: fault.Exhausted, undone: true, waited: 2 * time.Second,
		},
		"invalid": {
			refuse: func(w http.ResponseWriter) {
				fail(w, 422, "Validation Failed", map[string]string{"resource": "Issue", "field": "title", "code": "custom", "message": "is too long"})
			}, times: 1, kind: fault.Invalid, undone: true,
		},
		"forbidden":         {refuse: limit(403, nil, "Resource not accessible by personal access token"), times: 1, kind: fault.Denied, undone: true},
		"issues turned off": {refuse: limit(410, nil, "Issues are disabled for this repo"), times: 1, kind: fault.NotFound, undone: true},
		"moved": {
			refuse: func(w http.ResponseWriter) {
				w.Header().Set("Location", "https://evil.example/repositories/1/issues")
				fail(w, 307, "Moved")
			}, times: 1, kind: fault.Denied, undone: true,
		},
		"broken before": {refuse: limit(502, nil, "Server Error"), times: 1, kind: fault.Unavailable},
		"broken after": {
			after: func(w http.ResponseWriter) bool { fail(w, 500, "Server Error"); return true }, kind: fault.Unavailable, issues: 1,
		},
		"cut off after": {after: func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, kind: fault.Unavailable, issues: 1},
		"nonsense after": {
			after: func(w http.ResponseWriter) bool { w.WriteHeader(201); _, _ = w.Write([]byte("<html>")); return true }, kind: fault.Unavailable, issues: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, n := newServer(t), &naps{}
			left := tt.times
			s.next = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost || left == 0 || tt.refuse == nil {
					return false
				}
				left--
				tt.refuse(w)
				return true
			}
			s.after = tt.after
			tgt := target(t, s, nil, n)
			err := tgt.Apply(t.Context(), open("one"))
			if (err == nil) != tt.ok || (err != nil && fault.KindOf(err) != tt.kind) {
				t.Errorf("%v (%s)", err, fault.KindOf(err))
			}
			if errors.Is(err, change.ErrNotDone) != tt.undone {
				t.Errorf("nothing done: %v, want %v: %v", !tt.undone, tt.undone, err)
			}
			if n.slept() != tt.waited {
				t.Errorf("waited %s, want %s", n.slept(), tt.waited)
			}
			if got := s.with("[roleos:rt-"); got != tt.issues {
				t.Errorf("%d issues, want %d", got, tt.issues)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the token is in the error: %v", err)
			}
			s.after, left = nil, 0
			// Whatever was said, reading tells whether it is there, and once is enough.
			st, err := tgt.Read(t.Context(), open("one").Object)
			if err != nil || (st.Digest != guardrails.Absent) != (tt.issues == 1) {
				t.Fatalf("it reads back as %+v, %v", st, err)
			}
			if st.Digest != guardrails.Absent {
				if err := tgt.Apply(t.Context(), open("one")); !errors.Is(err, change.ErrDrift) || s.with("[roleos:rt-") != 1 {
					t.Errorf("again: %v, %d issues", err, s.with("[roleos:rt-"))
				}
			}
		})
	}
}

// A request whose answer is missing can still be on its way. Reading waits for
// it, and does not take its absence for an answer before the grace is over.
func TestALateCreationIsWaitedFor(t *testing.T) {
	for name, arrives := range map[string]bool{"it arrives late": true, "it never arrives": false} {
		t.Run(name, func(t *testing.T) {
			s, n := newServer(t), &naps{}
			s.next = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost {
					panic(http.ErrAbortHandler) // taken in, not yet done
				}
				return false
			}
			dir := t.TempDir()
			o := tracker.Options{Tracker: client(t, s, n, nil), Dir: dir, Now: n.now, Grace: 20 * time.Second}
			o.Sleep = func(ctx context.Context, d time.Duration) error {
				if arrives && n.slept() > 5*time.Second && s.with("[roleos:") == 0 {
					s.add("one", "body\n\n[roleos:"+strings.TrimPrefix(tracker.Object("one"), "issue/")+"]", "open")
				}
				return n.sleep(ctx, d)
			}
			tgt, err := tracker.New(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := tgt.Apply(t.Context(), open("one")); err == nil || errors.Is(err, change.ErrNotDone) {
				t.Fatalf("%v", err)
			}
			if tgt, err = tracker.New(o); err != nil { // as the next process would
				t.Fatal(err)
			}
			st, err := tgt.Read(t.Context(), open("one").Object)
			if err != nil || (st.Digest != guardrails.Absent) != arrives {
				t.Errorf("%+v %v", st, err)
			}
			if arrives && n.slept() > 6*time.Second || !arrives && n.slept() < 20*time.Second {
				t.Errorf("waited %s", n.slept())
			}
			before := n.slept()
			if _, err := tgt.Read(t.Context(), open("one").Object); err != nil || n.slept() != before {
				t.Errorf("settled, and it waits again: %v", err)
			}
		})
	}
}

func TestPagesAndPullRequests(t *testing.T) {
	s, n := newServer(t), &naps{}
	for i := range 250 {
		f := s.add(fmt.Sprint("issue ", i+1), "", "open")
		switch {
		case i%10 == 0:
			f.Pull = &map[string]any{"url": "x"}
		case i%10 == 1:
			f.State = "closed"
		}
	}
	s.issues[1].Body = ptr("old\n\n[roleos:" + strings.TrimPrefix(tracker.Object("one"), "issue/") + "]")
	tgt := target(t, s, nil, n)
	st, err := tgt.Read(t.Context(), tracker.Object("one"))
	if err != nil || !strings.Contains(string(st.Body), `"closed":true`) {
		t.Fatalf("the one on the last page: %s %v", st.Body, err)
	}
	m, err := tgt.Plan(t.Context(), []change.Intended{{Op: tracker.Open, Object: tracker.Object("two"), Body: ticket("two", "")}})
	if err != nil || m.Population != 200 {
		t.Errorf("%d open issues, %v", m.Population, err)
	}
	s.mu.Lock()
	before := s.reads
	s.mu.Unlock()
	if _, err := tgt.Read(t.Context(), tracker.Object("one")); err != nil || s.reads != before {
		t.Errorf("reading what has not changed costs %d of the rate limit, %v", s.reads-before, err)
	}
	small, err := tracker.New(tracker.Options{Tracker: client(t, s, n, nil), MaxIssues: 150, Now: n.now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Read(t.Context(), tracker.Object("three")); fault.KindOf(err) != fault.Exhausted {
		t.Errorf("not everything was looked through, and it says %v", err)
	}
	own, err := tracker.New(tracker.Options{
		Tracker: client(t, s, n, func(o *github.Options) { o.Creator = "somebody" }), MaxIssues: 150, Now: n.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if st, err := own.Read(t.Context(), tracker.Object("three")); err != nil || st.Digest != guardrails.Absent {
		t.Errorf("%v %v", st, err)
	}
}

func ptr(s string) *string { return &s }

func TestAReadIsTriedAgainAndAnAddressFromTheServerIsNot(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token went elsewhere") }))
	defer elsewhere.Close()
	s, n := newServer(t), &naps{}
	broken := 2
	s.next = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/7"):
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(301)
			return true
		case broken > 0:
			broken--
			fail(w, 503, "Server Error")
			return true
		}
		w.Header().Set("Link", `<`+elsewhere.URL+`/x?page=2>; rel="next"`)
		return false
	}
	c := client(t, s, n, nil)
	p, err := c.Issues(t.Context(), tracker.Query{})
	if err != nil || p.Next != "2" {
		t.Fatalf("%+v %v", p, err)
	}
	if _, err := c.Issues(t.Context(), tracker.Query{Cursor: p.Next}); err != nil {
		t.Error(err)
	}
	if _, err := c.Issue(t.Context(), 7); fault.KindOf(err) != fault.Denied {
		t.Errorf("a redirect: %v", err)
	}
}

func TestTheTokenStaysInItsHeader(t *testing.T) {
	s, n := newServer(t), &naps{}
	s.next = func(w http.ResponseWriter, r *http.Request) bool {
		fail(w, 422, "you sent "+r.Header.Get("Authorization"))
		return true
	}
	_, err := client(t, s, n, nil).Issue(t.Context(), 1)
	if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "***") {
		t.Errorf("%v", err)
	}
	bad := client(t, s, n, func(o *github.Options) {
		o.Token = func(context.Context) (string, error) { return "", errors.New("the keyring has " + token) }
	})
	if _, err := bad.Issue(t.Context(), 1); fault.KindOf(err) != fault.Denied || strings.Contains(err.Error(), token) || !errors.Is(err, change.ErrNotDone) {
		t.Errorf("%v", err)
	}
	s.Close()
	_, err = client(t, s, n, nil).Create(t.Context(), tracker.Issue{Title: "x"})
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Status != 0 || !errors.Is(err, change.ErrNotDone) || strings.Contains(err.Error(), token) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestOptions(t *testing.T) {
	ok := github.Options{Owner: "acme", Repo: "app", Now: time.Now, Token: func(context.Context) (string, error) { return token, nil }}
	for name, edit := range map[string]func(*github.Options){
		"http":            func(o *github.Options) { o.Base = "http://github.example" },
		"a user":          func(o *github.Options) { o.Base = "https://u:p@github.example" },
		"a query":         func(o *github.Options) { o.Base = "https://github.example/?token=x" },
		"no host":         func(o *github.Options) { o.Base = "https://" },
		"a path as owner": func(o *github.Options) { o.Owner = "../x" },
		"no repo":         func(o *github.Options) { o.Repo = "" },
		"no token":        func(o *github.Options) { o.Token = nil },
		"no clock":        func(o *github.Options) { o.Now = nil },
	} {
		o := ok
		edit(&o)
		if _, err := github.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := github.New(ok); err != nil {
		t.Error(err)
	}
}
