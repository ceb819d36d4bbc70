package fetch_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/ingest/feed/fetch"
)

func TestGet(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/feed":
			if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Last-Modified", "Mon, 05 Jan 2026 10:00:00 GMT")
			_, _ = w.Write([]byte("<rss/>"))
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/big":
			_, _ = w.Write([]byte(strings.Repeat("x", 2000)))
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(3 * time.Second):
			}
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	c := &fetch.Client{Hosts: []string{strings.TrimPrefix(server.URL, "http://")}, Timeout: 300 * time.Millisecond, Bytes: 1000}

	first, fresh, err := c.Get(t.Context(), server.URL+"/feed", fetch.Stored{})
	if err != nil || !fresh || string(first.Body) != "<rss/>" || first.ETag != `"v1"` {
		t.Fatalf("first = %+v, %v, %v", first, fresh, err)
	}
	again, fresh, err := c.Get(t.Context(), server.URL+"/feed", first)
	if err != nil || fresh || string(again.Body) != "<rss/>" {
		t.Errorf("again = %+v, %v, %v", again, fresh, err)
	}
	for _, bad := range []struct {
		address string
		kind    fault.Kind
		says    string
	}{
		{other.URL, fault.Denied, "not among the hosts"},
		{server.URL + "/away", fault.Denied, "not among the hosts"},
		{server.URL + "/loop", fault.Invalid, "redirects"},
		{server.URL + "/big", fault.Invalid, "more than 1000 bytes"},
		{server.URL + "/slow", fault.Unavailable, "in time"},
		{server.URL + "/busy", fault.Unavailable, "503"},
		{server.URL + "/gone", fault.Invalid, "404"},
		{"file:///etc/passwd", fault.Invalid, "no address"},
		{"ftp://" + server.Listener.Addr().String(), fault.Denied, "neither http"},
		{"http://u:secret@" + server.Listener.Addr().String(), fault.Denied, "credentials"},
		{"feed.xml", fault.Invalid, "no address"},
	} {
		_, _, err := c.Get(t.Context(), bad.address, fetch.Stored{})
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != bad.kind || !strings.Contains(f.Message, bad.says) || strings.Contains(f.Message, "secret") {
			t.Errorf("%s: error = %v", bad.address, err)
		}
	}
	if _, _, err := (&fetch.Client{}).Get(t.Context(), server.URL+"/feed", fetch.Stored{}); err == nil {
		t.Error("a client without hosts fetched")
	}
}
