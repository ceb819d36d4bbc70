package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// sent is what came with a request, so that a refusal can leave it out: what
// somebody pasted into the wrong field may be a secret, and refusals are logged,
// forwarded and shown.
type sent struct {
	values []string // of the path, the query and the type of the body
	body   bytes.Buffer
}

type sentKey struct{}

// noting returns the request with what it brings noted, as far as it is read.
func noting(r *http.Request) *http.Request {
	s := &sent{values: []string{r.Header.Get("Content-Type"), r.Header.Get("If-Match"), r.URL.Path}}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.URL.Path, Base+"/"), "/") {
		s.values = append(s.values, part)
	}
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		s.values = append(append(s.values, name), query[name]...)
	}
	if r.Body != nil && r.Method != http.MethodPatch && r.URL.Path != Base+"/uploads" { // files are not repeated anywhere
		type body struct {
			io.Reader
			io.Closer
		}
		r.Body = body{io.TeeReader(r.Body, &s.body), r.Body} // what reads it bounds it
	}
	return r.WithContext(context.WithValue(r.Context(), sentKey{}, s))
}

// properties returns the names that the API itself has for things.
func properties(doc *huma.OpenAPI) map[string]bool {
	out := map[string]bool{"body": true, "path": true, "query": true, "header": true}
	for _, s := range doc.Components.Schemas.Map() {
		for name := range s.Properties {
			out[name] = true
		}
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete} {
			if op != nil {
				for _, p := range op.Parameters {
					out[p.Name] = true
				}
			}
		}
	}
	return out
}

//nolint:gochecknoglobals // immutable
var (
	quoted    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	numbering = regexp.MustCompile(`\[\d+\]$`)
)

// clean takes out of a refusal's text what the client sent: values as they came,
// and what the text quotes of the body. What the API itself has a name for stays.
func (a *api) clean(s *sent, text string) string {
	if s == nil {
		return text
	}
	text = quoted.ReplaceAllStringFunc(text, func(q string) string {
		value, err := strconv.Unquote(q)
		if err != nil || len(value) < 3 || a.names[value] {
			return q
		}
		escaped, err := json.Marshal(value)
		if slices.ContainsFunc(s.values, func(v string) bool { return strings.Contains(v, value) }) || bytes.Contains(s.body.Bytes(), []byte(value)) ||
			err == nil && bytes.Contains(s.body.Bytes(), escaped[1:len(escaped)-1]) || s.says(value) {
			return `"…"`
		}
		return q
	})
	for _, v := range s.values {
		if len(v) >= 4 && !a.names[v] && !slices.Contains(a.words, v) {
			text = strings.ReplaceAll(text, v, "…")
		}
	}
	return text
}

// says reports whether a text of the body, read as JSON is read, holds the value: it
// can be written in many ways.
func (s *sent) says(value string) bool {
	d := json.NewDecoder(bytes.NewReader(s.body.Bytes()))
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if text, ok := t.(string); ok && strings.Contains(text, value) {
			return true
		}
	}
}

// place keeps of a place in the request what the API has names for.
func (a *api) place(location string) string {
	parts := strings.Split(location, ".")
	for i, p := range parts {
		if !a.names[numbering.ReplaceAllString(p, "")] {
			return strings.Join(parts[:i], ".")
		}
	}
	return location
}

// discreet takes out of a problem what a client sent, and what only the log may
// have: huma echoes the one and shows the other.
func (a *api) discreet(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	s, _ := ctx.Context().Value(sentKey{}).(*sent)
	clean := *p
	clean.Errors = nil
	refused := p.Status == http.StatusBadRequest || p.Status == http.StatusNotFound || p.Status == http.StatusUnprocessableEntity || p.Status == http.StatusUnsupportedMediaType
	if refused { // a conflict is about what is there, whose name the client knows
		clean.Detail = a.clean(s, p.Detail)
	}
	for _, e := range p.Errors {
		if e != nil {
			clean.Errors = append(clean.Errors, &huma.ErrorDetail{Location: a.place(e.Location), Message: a.clean(s, e.Message)})
		}
	}
	if clean.Status >= http.StatusInternalServerError && clean.Type == "" {
		clean.Detail, clean.Errors = "Something went wrong here. The log of the service has the reason.", nil
	}
	return &clean, nil
}
