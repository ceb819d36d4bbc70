package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/config"
	"roleos/internal/evidence"
	"roleos/internal/ingest"
)

// A feed is asked for in full once; after that only what changed since comes over the network.
func TestFeedsAreFetchedFromAllowedHostsAndOnlyWhenTheyChanged(t *testing.T) {
	full, same := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"1"` {
			same++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		full++
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("<rss/>"))
	}))
	defer server.Close()
	a := &App{cfg: config.Config{Dir: t.TempDir()}}
	for range 2 {
		body, err := a.fetcher(config.Feeds{Hosts: "example.org " + strings.TrimPrefix(server.URL, "http://")})(t.Context(), server.URL+"/feed")
		if err != nil || string(body) != "<rss/>" {
			t.Fatalf("%q, %v", body, err)
		}
	}
	if full != 1 || same != 1 {
		t.Errorf("%d full answers and %d that nothing changed, want one of each", full, same)
	}
	if _, err := a.fetcher(config.Feeds{Hosts: config.None})(t.Context(), server.URL+"/feed"); err == nil {
		t.Error("a host that is not allowed was asked")
	}
}

func TestManyFilesOfOneFormatAreToldTogether(t *testing.T) {
	c := Collection{
		Columns: []ingest.SourceColumns{{Source: "src-0", Name: "a.csv", Rows: 2}},
		Sources: []evidence.Source{{ID: "src-0", Name: "a.csv", Format: "csv", Records: 2}, {ID: "v", Name: "call.vtt", Format: "vtt", Records: 12}},
	}
	for range 7 {
		c.Sources = append(c.Sources, evidence.Source{ID: "m", Name: "x.eml", Format: "eml", Records: 1})
	}
	if d := cmp.Diff([]string{"a.csv: 2 rows; ", "call.vtt: 12 records (vtt)", "7 files (eml): 7 records"}, c.Lines()); d != "" {
		t.Error(d)
	}
}

// A proposal in an agent's name is still the words of who gave it; a text that led
// to it and says such a thing gives nobody anything.
func TestWhoGaveAProposalIsInItsProvenance(t *testing.T) {
	lines := append([]string{provenProposal + "0123" + provenGiver + "person:ana", "target declared as 45"}, prefixed("from ", []string{provenProposal + "6" + provenGiver + "person:bo"})...)
	for who, want := range map[string]bool{"person:ana": true, "person:bo": false, "ana": false, "person:an": false} {
		if givenBy(lines, who) != want {
			t.Errorf("%s gave it: %v", who, !want)
		}
	}
}
