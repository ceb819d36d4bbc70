package github_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const token = "ghp_0123456789abcdefSECRET"

// server behaves like GitHub's issues as its REST documentation has them:
// https://docs.github.com/rest/issues/issues
type server struct {
	*httptest.Server
	mu     sync.Mutex
	issues []*fake // by number
	reads  int     // counted against the rate limit: answers other than 304
	posts  int
	moves  []string // method and path of every request
	// next, when it answers true, takes the place of the ordinary answer.
	next func(w http.ResponseWriter, r *http.Request) bool
	// after is called when an issue was created and before it is answered.
	after func(w http.ResponseWriter) bool
}

type fake struct {
	Number  int64           `json:"number"`
	Title   string          `json:"title"`
	Body    *string         `json:"body"`
	State   string          `json:"state"`
	Labels  []fakeLabel     `json:"labels"`
	User    map[string]any  `json:"user"`
	Pull    *map[string]any `json:"pull_request,omitempty"`
	creator string
}

type fakeLabel struct {
	Name string `json:"name"`
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) add(title, body, state string) *fake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(title, body, state)
}

func (s *server) put(title, body, state string) *fake {
	i := &fake{Number: int64(len(s.issues) + 1), Title: title, Body: &body, State: state, Labels: []fakeLabel{}, User: map[string]any{"login": "river-bot"}, creator: "river-bot"}
	s.issues = append(s.issues, i)
	return i
}

func (s *server) with(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, i := range s.issues {
		if strings.Contains(*i.Body, part) {
			n++
		}
	}
	return n
}

func fail(w http.ResponseWriter, status int, message string, details ...map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	body := map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if details != nil {
		body["errors"] = details
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves = append(s.moves, r.Method+" "+r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer "+token {
		fail(w, 401, "Bad credentials")
		return
	}
	if r.Header.Get("User-Agent") == "" || r.Header.Get("X-GitHub-Api-Version") == "" || strings.Contains(r.URL.String(), token) {
		fail(w, 403, "Request forbidden by administrative rules")
		return
	}
	if s.next != nil && s.next(w, r) {
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/repos/acme/app/issues")
	number, _ := strconv.ParseInt(strings.TrimPrefix(rest, "/"), 10, 64)
	switch {
	case !ok:
		fail(w, 404, "Not Found")
	case rest == "" && r.Method == http.MethodGet:
		s.list(w, r)
	case rest == "" && r.Method == http.MethodPost:
		s.create(w, r)
	case number < 1 || number > int64(len(s.issues)):
		fail(w, 404, "Not Found")
	case r.Method == http.MethodGet:
		s.answer(w, r, 200, s.issues[number-1])
	case r.Method == http.MethodPatch:
		s.patch(w, r, s.issues[number-1])
	default:
		fail(w, 404, "Not Found")
	}
}

// answer writes JSON with an ETag, or 304 when the client has it.
func (s *server) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, _ := json.Marshal(v)
	etag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(append(body, w.Header().Get("Link")...)))
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.Method == http.MethodGet && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.reads++
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var all []*fake
	for _, i := range slices.Backward(s.issues) {
		if (q.Get("state") == "all" || i.State == "open") && (q.Get("creator") == "" || i.creator == q.Get("creator")) {
			all = append(all, i)
		}
	}
	per, page := 30, 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil {
		per = min(n, 100)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		page = n
	}
	last := max(1, (len(all)+per-1)/per)
	var links []string
	link := func(page int, rel string) {
		q.Set("page", strconv.Itoa(page))
		links = append(links, fmt.Sprintf(`<%s/repositories/1300192/issues?%s>; rel=%q`, s.URL, q.Encode(), rel))
	}
	if page > 1 {
		link(page-1, "prev")
	}
	if page < last {
		link(page+1, "next")
		link(last, "last")
	}
	if page > 1 {
		link(1, "first")
	}
	if links != nil {
		w.Header().Set("Link", strings.Join(links, ", "))
	}
	from := min((page-1)*per, len(all))
	s.answer(w, r, 200, append([]*fake{}, all[from:min(from+per, len(all))]...))
}

type edit struct {
	Title, Body, State *string
	Labels             *[]string
}

func (e edit) apply(i *fake) {
	if e.Title != nil {
		i.Title = *e.Title
	}
	if e.Body != nil {
		i.Body = e.Body
	}
	if e.State != nil {
		i.State = *e.State
	}
	if e.Labels != nil {
		i.Labels = []fakeLabel{}
		for _, l := range *e.Labels {
			i.Labels = append(i.Labels, fakeLabel{l})
		}
	}
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	s.posts++
	var e edit
	if json.NewDecoder(r.Body).Decode(&e) != nil {
		fail(w, 400, "Problems parsing JSON")
		return
	}
	if e.Title == nil || *e.Title == "" {
		fail(w, 422, "Validation Failed", map[string]string{"resource": "Issue", "code": "missing_field", "field": "title"})
		return
	}
	i := s.put("", "", "open")
	e.apply(i)
	if s.after != nil && s.after(w) {
		return
	}
	w.Header().Set("Location", s.URL+r.URL.Path+"/"+strconv.FormatInt(i.Number, 10))
	s.answer(w, r, 201, i)
}

func (s *server) patch(w http.ResponseWriter, r *http.Request, i *fake) {
	var e edit
	if json.NewDecoder(r.Body).Decode(&e) != nil {
		fail(w, 400, "Problems parsing JSON")
		return
	}
	e.apply(i)
	s.answer(w, r, 200, i)
}
