package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/tracker"
	"roleos/internal/target/tracker/rest"
)

const (
	// version of the REST interface that this was written for.
	version = "2022-11-28"
	// penalty is what GitHub asks to wait after a secondary limit that names no time.
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
	penalty = time.Minute
	perPage = 100
	kept    = 200 // answers with an ETag
)

// Options says which repository.
type Options struct {
	Base  string // default https://api.github.com
	Owner string
	Repo  string
	// Creator, when given, is the login that the token belongs to: then only what
	// it opened is looked through for markers, which large repositories need.
	Creator string
	Token   func(ctx context.Context) (string, error)
	MaxWait time.Duration // for a limit to pass; default rest.MaxWait
	Timeout time.Duration // of one request; default rest.Timeout
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error // default rest.Sleep
}

// Client is a repository's issues. It is safe for concurrent use.
type Client struct {
	rest    *rest.Client
	path    string
	creator string

	mu   sync.Mutex
	seen map[string]rest.Answer // by address, with an ETag
}

var _ tracker.Tracker = (*Client)(nil)

var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// New returns the client, or fault.Invalid for a repository that cannot be one.
func New(o Options) (*Client, error) {
	if o.Base == "" {
		o.Base = "https://api.github.com"
	}
	if !plain.MatchString(o.Owner) || !plain.MatchString(o.Repo) || (o.Creator != "" && !plain.MatchString(o.Creator)) {
		return nil, fault.New(fault.Invalid, "github.open", "%.100q is no repository on GitHub", o.Owner+"/"+o.Repo)
	}
	c, err := rest.New(rest.Options{
		Base: o.Base, Token: o.Token, MaxWait: o.MaxWait, Timeout: o.Timeout, Now: o.Now, Sleep: o.Sleep, Limited: limited, Said: said,
		Header: func(h http.Header, token string) {
			h.Set("Authorization", "Bearer "+token)
			h.Set("Accept", "application/vnd.github+json")
			h.Set("X-GitHub-Api-Version", version)
		},
	})
	if err != nil {
		return nil, err
	}
	return &Client{rest: c, path: "repos/" + o.Owner + "/" + o.Repo + "/issues", creator: o.Creator, seen: map[string]rest.Answer{}}, nil
}

// limited reads GitHub's three ways of saying "not now": Retry-After, a used-up
// primary limit with the time it is filled again, and a secondary limit.
func limited(a rest.Answer, now time.Time) (time.Duration, bool) {
	if a.Status != http.StatusForbidden && a.Status != http.StatusTooManyRequests {
		return 0, false
	}
	if wait := rest.RetryAfter(a.Header, now); wait > 0 {
		return wait, true
	}
	if a.Header.Get("X-Ratelimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(a.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			return max(time.Unix(at, 0).Sub(now), time.Second), true
		}
		return penalty, true
	}
	return penalty, a.Status == http.StatusTooManyRequests || strings.Contains(strings.ToLower(said(a)), "rate limit")
}

// said returns the message of an error and its details.
func said(a rest.Answer) string {
	var e struct {
		Message string            `json:"message"`
		Errors  []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(a.Body, &e) != nil {
		return ""
	}
	parts := []string{e.Message}
	for i, raw := range e.Errors {
		if i == 5 {
			break
		}
		var d struct{ Resource, Field, Code, Message string }
		if json.Unmarshal(raw, &d) == nil {
			parts = append(parts, strings.TrimSpace(strings.Join([]string{d.Resource, d.Field, d.Code, d.Message}, " ")))
		}
	}
	return strings.Join(parts, "; ")
}

// issue is GitHub's form of an issue.
type issue struct {
	Number      int64           `json:"number"`
	Title       string          `json:"title"`
	Body        *string         `json:"body"`
	State       string          `json:"state"`
	Labels      []label         `json:"labels"`
	PullRequest json.RawMessage `json:"pull_request"`
}

// label is an object in answers; GitHub documents that it may be a string too.
type label string

func (l *label) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*l = label(s)
		return nil
	}
	var o struct {
		Name string `json:"name"`
	}
	err := json.Unmarshal(raw, &o)
	*l = label(o.Name)
	return err
}

func (i issue) ours() (tracker.Issue, error) {
	if i.Number < 1 || (i.State != "open" && i.State != "closed") {
		return tracker.Issue{}, fault.New(fault.Unavailable, "github.read", "GitHub's answer is not an issue")
	}
	out := tracker.Issue{Number: i.Number, Title: i.Title, Closed: i.State == "closed"}
	if i.Body != nil {
		out.Text = *i.Body
	}
	for _, l := range i.Labels {
		out.Labels = append(out.Labels, string(l))
	}
	return out, nil
}

// Issues returns a page of issues, newest first, without pull requests. Has
// only narrows it to what Creator opened: GitHub cannot filter by text exactly.
func (c *Client) Issues(ctx context.Context, q tracker.Query) (tracker.Page, error) {
	v := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "per_page": {strconv.Itoa(perPage)}}
	if q.Open {
		v.Set("state", "open")
	}
	if q.Has != "" && c.creator != "" {
		v.Set("creator", c.creator)
	}
	if q.Cursor != "" {
		v.Set("page", q.Cursor)
	}
	a, err := c.get(ctx, c.path, v)
	if err != nil {
		return tracker.Page{}, err
	}
	var got []issue
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return tracker.Page{}, fault.New(fault.Unavailable, "github.read", "GitHub's answer is not a list of issues")
	}
	p := tracker.Page{Total: -1, Next: next(a.Header)}
	for _, g := range got {
		if len(g.PullRequest) > 0 && string(g.PullRequest) != "null" {
			continue
		}
		i, err := g.ours()
		if err != nil {
			return tracker.Page{}, err
		}
		p.Issues = append(p.Issues, i)
	}
	return p, nil
}

var link = regexp.MustCompile(`<([^>]*)>\s*;[^,]*\brel="?next"?`)

// next returns the page number that the Link header names as the next one. Only
// the number is taken: an address from an answer is never gone to.
func next(h http.Header) string {
	m := link.FindStringSubmatch(strings.Join(h.Values("Link"), ", "))
	if m == nil {
		return ""
	}
	u, err := url.Parse(m[1])
	if err != nil {
		return ""
	}
	page := u.Query().Get("page")
	if n, err := strconv.Atoi(page); err != nil || n < 2 {
		return ""
	}
	return page
}

// Issue returns one issue; fault.NotFound when it is not there, was deleted, or is a pull request.
func (c *Client) Issue(ctx context.Context, number int64) (tracker.Issue, error) {
	a, err := c.get(ctx, c.path+"/"+strconv.FormatInt(number, 10), nil)
	if err != nil {
		return tracker.Issue{}, err
	}
	i, err := one(a)
	switch {
	case err != nil:
		return tracker.Issue{}, err
	case len(i.PullRequest) > 0 && string(i.PullRequest) != "null":
		return tracker.Issue{}, fault.New(fault.NotFound, "github.read", "#%d is a pull request", number)
	case i.Number != number:
		return tracker.Issue{}, fault.New(fault.NotFound, "github.read", "#%d was moved elsewhere", number)
	}
	return i.ours()
}

func one(a rest.Answer) (issue, error) {
	var i issue
	if err := json.Unmarshal(a.Body, &i); err != nil {
		return i, fault.New(fault.Unavailable, "github.read", "GitHub's answer is not an issue")
	}
	return i, nil
}

// get reads with the ETag of the last answer, where there is one.
func (c *Client) get(ctx context.Context, path string, v url.Values) (rest.Answer, error) {
	key := path + "?" + v.Encode()
	c.mu.Lock()
	had := c.seen[key]
	c.mu.Unlock()
	match := ""
	if had.Status != 0 {
		match = had.Header.Get("ETag")
	}
	a, err := c.rest.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Query: v, Match: match})
	switch {
	case err != nil:
		return a, err
	case a.Status == http.StatusNotModified && match != "":
		return had, nil
	case a.Status != http.StatusOK:
		return a, fault.New(fault.Unavailable, "github.read", "GitHub answered %d to a read", a.Status)
	}
	if a.Header.Get("ETag") != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.seen) >= kept {
			clear(c.seen)
		}
		c.seen[key] = a
	}
	return a, nil
}

// Create opens an issue. GitHub makes labels that it does not know.
func (c *Client) Create(ctx context.Context, i tracker.Issue) (tracker.Issue, error) {
	a, err := c.rest.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: c.path,
		Body: map[string]any{"title": i.Title, "body": i.Text, "labels": append([]string{}, i.Labels...)},
	})
	if err != nil {
		return tracker.Issue{}, moved(err)
	}
	got, err := one(a)
	if err != nil {
		return tracker.Issue{}, err
	}
	return got.ours()
}

// Update writes the issue.
func (c *Client) Update(ctx context.Context, i tracker.Issue) error {
	state := map[bool]string{false: "open", true: "closed"}[i.Closed]
	_, err := c.rest.Do(ctx, rest.Request{
		Method: http.MethodPatch, Path: c.path + "/" + strconv.FormatInt(i.Number, 10),
		Body: map[string]any{"title": i.Title, "body": i.Text, "labels": append([]string{}, i.Labels...), "state": state},
	})
	return moved(err)
}

// moved explains a repository that has another name now.
func moved(err error) error {
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Status >= 300 && e.Status < 400 {
		return errors.Join(fault.Wrap(err, fault.Denied, "github.write", "the repository has moved").
			WithMend("name the repository as it is called now"), change.ErrNotDone)
	}
	return err
}
