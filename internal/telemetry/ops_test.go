package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roleos/internal/store"
	"roleos/internal/telemetry"
)

// TestEveryMetricThatIsWatchedExists holds the dashboard and the alert rules
// against what is registered.
func TestEveryMetricThatIsWatchedExists(t *testing.T) {
	reg := prometheus.NewRegistry()
	now := func() time.Time { return time.Unix(1000, 0) }
	tally := func(context.Context) (store.Tally, error) {
		return store.Tally{
			Runs: map[string]int64{"draft running": 1}, Drafts: map[string]int64{"feedback-synthesis validated": 2}, Reviews: map[string]int64{"approve": 1},
			Sets: map[string]int64{"files applied": 1}, Effects: map[string]int64{"done": 2}, Notices: map[string]int64{"breach": 1},
			Running: time.Unix(990, 0),
		}, nil
	}
	if _, err := telemetry.NewWorkspace(reg, tally, now); err != nil {
		t.Fatal(err)
	}
	if _, err := telemetry.NewModels(reg); err != nil {
		t.Fatal(err)
	}
	h, err := telemetry.Requests(reg, nil, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/drafts/fs-1", nil))
	known := map[string]bool{}
	descs := make(chan *prometheus.Desc, 200)
	reg.Describe(descs)
	close(descs)
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range descs {
		known[name.FindStringSubmatch(d.String())[1]] = true
	}
	metric := regexp.MustCompile(`roleos_[a-z_]+`)
	for _, file := range []string{"ops/dashboard.json", "ops/alerts.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := metric.FindAllString(string(data), -1)
		if len(found) < 5 {
			t.Errorf("%s names %d metrics", file, len(found))
		}
		for _, m := range found {
			if !known[m] && !known[strings.TrimSuffix(m, "_bucket")] {
				t.Errorf("%s watches %s, which nothing exports", file, m)
			}
		}
	}
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if strings.Contains(l.GetValue(), "fs-1") {
					t.Errorf("%s has an id as a label", f.GetName())
				}
			}
		}
		if f.GetName() == "roleos_oldest_run_age_seconds" && f.GetMetric()[0].GetGauge().GetValue() != 10 {
			t.Errorf("oldest run: %v", f.GetMetric())
		}
	}
}
