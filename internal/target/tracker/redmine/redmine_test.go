package redmine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/targettest"
	"roleos/internal/target/tracker"
	"roleos/internal/target/tracker/redmine"
)

// The projects that testdata/redmine.sh makes.
const (
	project = "river"
	staging = "river-staging"
)

func TestMain(m *testing.M) {
	targettest.Main(map[string]targettest.Scenario{"redmine": scenario()})
	os.Exit(m.Run())
}

func server() (url, key string) {
	return os.Getenv("ROLEOS_TEST_REDMINE_URL"), os.Getenv("ROLEOS_TEST_REDMINE_KEY")
}

// real skips where there is no Redmine.
func real(t *testing.T) {
	t.Helper()
	if url, key := server(); url == "" || key == "" {
		t.Skip("NOT TESTED AGAINST REDMINE: ROLEOS_TEST_REDMINE_URL and _KEY are not set; `internal/target/tracker/testdata/redmine.sh start` prints them")
	}
}

func open(name string) (*redmine.Client, error) { return hooked(name, nil) }

// hooked calls sent while a write is on its way.
func hooked(name string, sent func()) (*redmine.Client, error) {
	url, key := server()
	return redmine.New(redmine.Options{
		Base: url, Project: name, Now: time.Now, Sent: sent, Token: func(context.Context) (string, error) { return key, nil },
		Timeout: 5 * time.Minute, // it shares the processors with what is killed
	})
}

// lane is the part of a project that one test has for itself: the issues whose
// text ends with its tag. Tests that run at the same time do not meet.
type lane struct {
	*redmine.Client
	tag string
}

func newLane(project, tag string) (lane, error) {
	c, err := open(project)
	return lane{c, tag}, err
}

func (l lane) end() string { return "\n[lane: " + l.tag + "]" }

func (l lane) out(i tracker.Issue) tracker.Issue { i.Text += l.end(); return i }

func (l lane) in(i tracker.Issue) (tracker.Issue, bool) {
	text, ok := strings.CutSuffix(i.Text, l.end())
	i.Text = text
	return i, ok
}

func (l lane) Issues(ctx context.Context, q tracker.Query) (tracker.Page, error) {
	if q.Has == "" {
		q.Has = l.tag
	}
	p, err := l.Client.Issues(ctx, q)
	var mine []tracker.Issue
	for _, i := range p.Issues {
		if i, ok := l.in(i); ok {
			mine = append(mine, i)
		}
	}
	p.Issues, p.Total = mine, -1
	return p, err
}

func (l lane) Issue(ctx context.Context, number int64) (tracker.Issue, error) {
	i, err := l.Client.Issue(ctx, number)
	i, ok := l.in(i)
	if err == nil && !ok {
		return i, fault.New(fault.NotFound, "lane", "#%d is another test's", number)
	}
	return i, err
}

func (l lane) Create(ctx context.Context, i tracker.Issue) (tracker.Issue, error) {
	return l.Client.Create(ctx, l.out(i))
}

func (l lane) Update(ctx context.Context, i tracker.Issue) error {
	return l.Client.Update(ctx, l.out(i))
}

func tag(s string) string { return "ln" + guardrails.Digest([]byte(s))[:16] }

func target(t *testing.T, l lane, edit func(*tracker.Options)) *tracker.Target {
	t.Helper()
	copies, err := open(staging)
	if err != nil {
		t.Fatal(err)
	}
	o := tracker.Options{Tracker: l, Staging: copies, Dir: t.TempDir(), Now: time.Now}
	if edit != nil {
		edit(&o)
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

func marker(object string) string { return strings.TrimPrefix(object, "issue/") }

// add opens an issue as somebody else would.
func add(t *testing.T, l lane, title, text string) int64 {
	t.Helper()
	i, err := l.Create(context.Background(), tracker.Issue{Title: title, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return i.Number
}

func all(t *testing.T, l lane) []tracker.Issue {
	t.Helper()
	var out []tracker.Issue
	q := tracker.Query{}
	for {
		p, err := l.Issues(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Issues...)
		if q.Cursor = p.Next; q.Cursor == "" {
			return out
		}
	}
}

func TestSuite(t *testing.T) {
	real(t)
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		l, err := newLane(project, tag(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		slow := add(t, l, "Slow export", "The export takes\r\nminutes.  ")
		old := add(t, l, "Old one", "")
		tgt := target(t, l, nil)
		fresh := tracker.Object("login loops")
		return targettest.Fixture{
			Registered: change.Registered{Manifest: tgt.Manifest("river-issues"), Target: tgt},
			Creates:    change.Intended{Op: tracker.Open, Object: fresh, Body: ticket("Login loops", "Since Monday, *all* of us.\n\n> \"I can't log in\" \U0001F62C\n\n1. <b>no</b> markup\n  2. indented", "bug", "feedback")},
			Replaces:   change.Intended{Op: tracker.Update, Object: tracker.Numbered(slow), Body: ticket("Slow export \u2013 still", "The export takes an hour.")},
			Removes:    change.Intended{Op: tracker.Close, Object: tracker.Numbered(old)},
			Tamper: func(t *testing.T, object string) {
				if object == fresh {
					add(t, l, "By somebody else", "x\n\n[roleos:"+marker(object)+"]")
					return
				}
				n, err := strconv.ParseInt(marker(object), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				i, err := l.Issue(t.Context(), n)
				if err != nil {
					t.Fatal(err)
				}
				i.Title += " (edited)"
				if err := l.Update(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			},
			Refused: []change.Intended{
				{Op: tracker.Open, Object: fresh, Body: ticket("x", strings.Repeat("a", tracker.MaxText+1))},
				{Op: tracker.Update, Object: "issue/99999999", Body: ticket("x", "")},
				{Op: tracker.Reopen, Object: tracker.Numbered(slow)},
				{Op: "delete", Object: tracker.Numbered(slow)},
			},
		}
	})
}

// Taking back what was opened leaves a closed issue that says so, and opening it
// again takes the same issue up instead of making a second one.
func TestWithdrawnAndOpenedAgainIsOneIssue(t *testing.T) {
	real(t)
	l, err := newLane(project, tag(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tgt := target(t, l, nil)
	object := tracker.Object("x")
	w := change.Write{Key: "k", Op: tracker.Open, Object: object, Body: ticket("X", "x"), Before: guardrails.Absent}
	do := func(w change.Write) guardrails.State {
		t.Helper()
		if err := tgt.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		st, err := tgt.Read(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	there := do(w)
	if gone := do(change.Write{Op: tracker.Close, Object: object, Before: there.Digest}); gone.Digest != guardrails.Absent {
		t.Error("it is not withdrawn")
	}
	if got := all(t, l); len(got) != 1 || !got[0].Closed || !strings.Contains(got[0].Text, " withdrawn]") {
		t.Errorf("%+v", got)
	}
	if again := do(w); again.Digest != there.Digest {
		t.Error("it is not as it was")
	}
	if got := all(t, l); len(got) != 1 || got[0].Closed {
		t.Errorf("%+v", got)
	}
	// Two issues with one marker: nobody knows which is meant, and nothing is done.
	add(t, l, "Copied", "x\n\n[roleos:"+marker(object)+"]")
	if _, err := tgt.Read(t.Context(), object); fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
}

func TestRefusals(t *testing.T) {
	real(t)
	url, _ := server()
	bad, err := redmine.New(redmine.Options{Base: url, Project: project, Now: time.Now, Token: func(context.Context) (string, error) { return "secret-wrong-key", nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bad.Create(t.Context(), tracker.Issue{Title: "x"}); fault.KindOf(err) != fault.Denied || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong key: %v", err)
	}
	c, err := open(project)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), tracker.Issue{}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "Subject") {
		t.Errorf("no title: %v", err)
	}
	if none, err := open("not-there"); err != nil {
		t.Error(err)
	} else if _, err := none.Issues(t.Context(), tracker.Query{}); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Denied {
		t.Errorf("no project: %v", err)
	}
	// An issue of another project is not this target's.
	other, err := open(staging)
	if err != nil {
		t.Fatal(err)
	}
	i, err := other.Create(t.Context(), tracker.Issue{Title: "of another project"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Issue(t.Context(), i.Number); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an issue of another project: %v", err)
	}
	for _, o := range []redmine.Options{
		{Base: url, Project: "../x"},
		{Base: url, Project: ""},
		{Base: "http://redmine.example", Project: project},
		{Base: "ftp://127.0.0.1", Project: project},
	} {
		o.Now, o.Token = time.Now, func(context.Context) (string, error) { return "k", nil }
		if _, err := redmine.New(o); err == nil {
			t.Errorf("%s %s is accepted", o.Base, o.Project)
		}
	}
}

// scenario opens an issue, updates one and closes one. What happened is counted
// at Redmine: issues with the marker, and entries in an issue's history.
func scenario() targettest.Scenario {
	fresh, changed, closed := tracker.Object("crash new"), tracker.Object("crash changed"), tracker.Object("crash closed")
	rule := func(op string) guardrails.Rule {
		return guardrails.Rule{Target: "river-issues", Op: op, Under: []string{"issue"}, Most: 5}
	}
	return targettest.Scenario{
		Open: func(dir string, hook func(string)) (change.Registered, error) {
			c, err := hooked(project, func() { hook("sent, not answered") })
			if err != nil {
				return change.Registered{}, err
			}
			l := lane{c, tag(dir)}
			copies, err := open(staging)
			if err != nil {
				return change.Registered{}, err
			}
			tgt, err := tracker.New(tracker.Options{
				Tracker: l, Staging: copies, Dir: filepath.Join(dir, "sent"), Grace: 4 * time.Second, Now: time.Now, Hook: hook,
			})
			if err != nil {
				return change.Registered{}, err
			}
			return change.Registered{Manifest: tgt.Manifest("river-issues"), Target: tgt}, nil
		},
		Prepare: func(t *testing.T, dir string) {
			l, err := newLane(project, tag(dir))
			if err != nil {
				t.Fatal(err)
			}
			add(t, l, "To be changed", "before\n\n[roleos:"+marker(changed)+"]")
			add(t, l, "To be closed", "before\n\n[roleos:"+marker(closed)+"]")
		},
		Changes: []change.Intended{
			{Op: tracker.Open, Object: fresh, Body: ticket("New", "new", "feedback")},
			{Op: tracker.Update, Object: changed, Body: ticket("Changed", "after")},
			{Op: tracker.Close, Object: closed},
		},
		Envelope: guardrails.Envelope{
			Allow:  []guardrails.Rule{rule(tracker.Open), rule(tracker.Update), rule(tracker.Close)},
			Window: time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 10, Per: time.Minute}, Stop: guardrails.Stop{After: 2 * time.Minute},
		},
		Effects: func(t *testing.T, dir string) []int {
			l, err := newLane(project, tag(dir))
			if err != nil {
				t.Fatal(err)
			}
			counts := make([]int, 3)
			for _, i := range all(t, l) {
				switch {
				case strings.Contains(i.Text, marker(fresh)):
					counts[0]++
				case strings.Contains(i.Text, marker(changed)) && i.Title == "Changed" && !i.Closed:
					counts[1] += edits(t, i.Number)
				case strings.Contains(i.Text, marker(closed)) && i.Closed:
					counts[2] += edits(t, i.Number)
				}
			}
			return counts
		},
	}
}

// edits counts the entries in an issue's history.
func edits(t *testing.T, number int64) int {
	t.Helper()
	var got struct {
		Issue struct {
			Journals []json.RawMessage `json:"journals"`
		} `json:"issue"`
	}
	ask(t, http.MethodGet, fmt.Sprintf("/issues/%d.json?include=journals", number), nil, &got)
	return len(got.Issue.Journals)
}

func ask(t *testing.T, method, path string, body, into any) {
	t.Helper()
	url, key := server()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, url+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Redmine-API-Key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(resp.Body); err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s %s: %d %v", method, path, resp.StatusCode, err)
	}
}

func TestKilledAtEveryPoint(t *testing.T) {
	real(t)
	targettest.Crash(t, "redmine", scenario())
}
