package redmine

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/tracker"
	"roleos/internal/target/tracker/rest"
)

// perPage is the most that Redmine gives at once.
const perPage = 100

// Options says which project.
type Options struct {
	Base    string // address of Redmine
	Plain   bool   // admits http to other hosts than this one
	Project string // identifier
	Tracker int64  // of new issues; default the project's first
	// OpenStatus and ClosedStatus are set when an issue is opened again and
	// closed. Default: the first status of that kind.
	OpenStatus, ClosedStatus int64
	Token                    func(ctx context.Context) (string, error) // an API key
	MaxWait                  time.Duration                             // for a limit to pass; default rest.MaxWait
	Timeout                  time.Duration                             // of one request; default rest.Timeout
	Now                      func() time.Time
	Sleep                    func(ctx context.Context, d time.Duration) error // default rest.Sleep
	Sent                     func()                                           // see rest.Options
}

// Client is a project's issues. It is safe for concurrent use.
type Client struct {
	o    Options
	rest *rest.Client
}

var _ tracker.Tracker = (*Client)(nil)

var plain = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,99}$`)

// New returns the client, or fault.Invalid for a project that cannot be one.
func New(o Options) (*Client, error) {
	if !plain.MatchString(o.Project) {
		return nil, fault.New(fault.Invalid, "redmine.open", "%.100q is no identifier of a project", o.Project)
	}
	c, err := rest.New(rest.Options{
		Base: o.Base, Plain: o.Plain, Token: o.Token, MaxWait: o.MaxWait, Timeout: o.Timeout, Now: o.Now, Sleep: o.Sleep, Sent: o.Sent, Said: said,
		Header: func(h http.Header, token string) {
			h.Set("X-Redmine-API-Key", token)
			h.Set("Accept", "application/json")
		},
	})
	if err != nil {
		return nil, err
	}
	return &Client{o: o, rest: c}, nil
}

// said returns Redmine's list of what is wrong.
func said(a rest.Answer) string {
	var e struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(a.Body, &e) != nil {
		return ""
	}
	return strings.Join(e.Errors[:min(len(e.Errors), 5)], "; ")
}

// issue is Redmine's form of an issue.
type issue struct {
	ID          int64  `json:"id"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
	Status      struct {
		ID     int64 `json:"id"`
		Closed *bool `json:"is_closed"`
	} `json:"status"`
}

type status struct {
	ID     int64 `json:"id"`
	Closed bool  `json:"is_closed"`
}

// labels stand in a line of their own at the end of the description.
var labels = regexp.MustCompile(`(?:^|\n)\[labels: ([^\[\]\n]+)\]\s*$`)

func (i issue) ours(statuses []status) (tracker.Issue, error) {
	if i.ID < 1 {
		return tracker.Issue{}, fault.New(fault.Unavailable, "redmine.read", "Redmine's answer is not an issue")
	}
	out := tracker.Issue{Number: i.ID, Title: i.Subject, Text: strings.ReplaceAll(i.Description, "\r\n", "\n")}
	if m := labels.FindStringSubmatchIndex(out.Text); m != nil {
		out.Labels = strings.Split(out.Text[m[2]:m[3]], ", ")
		out.Text = out.Text[:m[0]]
	}
	if i.Status.Closed != nil {
		out.Closed = *i.Status.Closed
		return out, nil
	}
	// Before Redmine 5.0 an issue does not say whether its status means closed.
	at := slices.IndexFunc(statuses, func(s status) bool { return s.ID == i.Status.ID })
	if at < 0 {
		return tracker.Issue{}, fault.New(fault.Unavailable, "redmine.read", "issue %d has a status that Redmine does not list", i.ID)
	}
	out.Closed = statuses[at].Closed
	return out, nil
}

// described returns the description for an issue.
func described(i tracker.Issue) string {
	if len(i.Labels) == 0 {
		return i.Text
	}
	return strings.TrimPrefix(i.Text+"\n[labels: "+strings.Join(i.Labels, ", ")+"]", "\n")
}

// Issues returns a page of issues, newest first, of the project without its subprojects.
func (c *Client) Issues(ctx context.Context, q tracker.Query) (tracker.Page, error) {
	offset := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 0 {
			return tracker.Page{}, fault.New(fault.Invalid, "redmine.read", "%.20q is no cursor", q.Cursor)
		}
		offset = n
	}
	v := url.Values{
		"project_id": {c.o.Project}, "subproject_id": {"!*"}, "status_id": {"*"}, "sort": {"id:desc"},
		"limit": {strconv.Itoa(perPage)}, "offset": {strconv.Itoa(offset)},
	}
	if q.Open {
		v.Set("status_id", "o")
	}
	if q.Has != "" {
		v.Set("description", "~"+q.Has)
	}
	var got struct {
		Issues []issue `json:"issues"`
		Total  *int64  `json:"total_count"`
	}
	if err := c.get(ctx, "issues.json", v, &got); err != nil {
		return tracker.Page{}, err
	}
	if got.Total == nil {
		return tracker.Page{}, fault.New(fault.Unavailable, "redmine.read", "Redmine's answer is not a list of issues")
	}
	p := tracker.Page{Total: *got.Total}
	statuses, err := c.statusesFor(ctx, got.Issues)
	if err != nil {
		return tracker.Page{}, err
	}
	for _, g := range got.Issues {
		i, err := g.ours(statuses)
		if err != nil {
			return tracker.Page{}, err
		}
		p.Issues = append(p.Issues, i)
	}
	if end := offset + len(got.Issues); len(got.Issues) > 0 && int64(end) < p.Total {
		p.Next = strconv.Itoa(end)
	}
	return p, nil
}

// Issue returns one issue; fault.NotFound..
func (c *Client) Issue(ctx context.Context, number int64) (tracker.Issue, error) {
	// Asked for through the project's list, so that no other project's issue answers.
	v := url.Values{"project_id": {c.o.Project}, "subproject_id": {"!*"}, "status_id": {"*"}, "issue_id": {strconv.FormatInt(number, 10)}}
	var got struct {
		Issues []issue `json:"issues"`
	}
	if err := c.get(ctx, "issues.json", v, &got); err != nil {
		return tracker.Issue{}, err
	}
	at := slices.IndexFunc(got.Issues, func(i issue) bool { return i.ID == number })
	if at < 0 {
		return tracker.Issue{}, fault.New(fault.NotFound, "redmine.read", "there is no issue %d in this project", number)
	}
	statuses, err := c.statusesFor(ctx, got.Issues[at:at+1])
	if err != nil {
		return tracker.Issue{}, err
	}
	return got.Issues[at].ours(statuses)
}

// Create opens an issue.
func (c *Client) Create(ctx context.Context, i tracker.Issue) (tracker.Issue, error) {
	fields := map[string]any{"project_id": c.o.Project, "subject": i.Title, "description": described(i)}
	if c.o.Tracker != 0 {
		fields["tracker_id"] = c.o.Tracker
	}
	a, err := c.rest.Do(ctx, rest.Request{Method: http.MethodPost, Path: "issues.json", Body: map[string]any{"issue": fields}})
	if err != nil {
		return tracker.Issue{}, err
	}
	var got struct {
		Issue issue `json:"issue"`
	}
	if json.Unmarshal(a.Body, &got) != nil || got.Issue.ID < 1 {
		return tracker.Issue{}, fault.New(fault.Unavailable, "redmine.write", "Redmine's answer is not an issue")
	}
	i.Number = got.Issue.ID
	return i, nil
}

// Update writes the issue. Redmine says nothing when the workflow does not admit
// a status: reading back shows it.
func (c *Client) Update(ctx context.Context, i tracker.Issue) error {
	now, err := c.Issue(ctx, i.Number)
	if err != nil {
		return notDone(err)
	}
	fields := map[string]any{"subject": i.Title, "description": described(i)}
	if now.Closed != i.Closed {
		id, err := c.status(ctx, i.Closed)
		if err != nil {
			return notDone(err)
		}
		fields["status_id"] = id
	}
	_, err = c.rest.Do(ctx, rest.Request{
		Method: http.MethodPut, Path: "issues/" + strconv.FormatInt(i.Number, 10) + ".json", Body: map[string]any{"issue": fields},
	})
	return err
}

// status returns the status to set.
func (c *Client) status(ctx context.Context, closed bool) (int64, error) {
	if closed && c.o.ClosedStatus != 0 {
		return c.o.ClosedStatus, nil
	}
	if !closed && c.o.OpenStatus != 0 {
		return c.o.OpenStatus, nil
	}
	all, err := c.statuses(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if s.Closed == closed {
			return s.ID, nil
		}
	}
	return 0, fault.New(fault.Denied, "redmine.write", "Redmine has no status for this")
}

func (c *Client) statuses(ctx context.Context) ([]status, error) {
	var got struct {
		Statuses []status `json:"issue_statuses"`
	}
	err := c.get(ctx, "issue_statuses.json", nil, &got)
	return got.Statuses, err
}

// statusesFor asks for the statuses when an issue does not say what its own means.
func (c *Client) statusesFor(ctx context.Context, issues []issue) ([]status, error) {
	if !slices.ContainsFunc(issues, func(i issue) bool { return i.Status.Closed == nil }) {
		return nil, nil
	}
	return c.statuses(ctx)
}

// notDone marks what failed before anything was written.
func notDone(err error) error { return errors.Join(err, change.ErrNotDone) }

func (c *Client) get(ctx context.Context, path string, v url.Values, into any) error {
	a, err := c.rest.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Query: v})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fault.New(fault.Unavailable, "redmine.read", "Redmine's answer is not what its interface promises")
	}
	return nil
}
