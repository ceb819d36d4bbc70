package telemetry

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roleos/internal/store"
)

// Workspace counts what there is when it is scraped.
type Workspace struct {
	tally func(context.Context) (store.Tally, error)
	now   func() time.Time

	runs, drafts, reviews, sets, effects, notices, told *prometheus.Desc
	audit, oldestRun, oldestWait, up                    *prometheus.Desc
}

// NewWorkspace registers the metrics in reg. They are read when a scrape comes.
func NewWorkspace(reg prometheus.Registerer, tally func(context.Context) (store.Tally, error), now func() time.Time) (*Workspace, error) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("roleos_"+name, help, labels, nil)
	}
	w := &Workspace{
		tally: tally, now: now,
		runs:       desc("runs", "Runs by kind and status.", "kind", "status"),
		drafts:     desc("drafts", "Drafts by kind of artefact and state. Those that are drafted have not passed their contract.", "kind", "state"),
		reviews:    desc("reviews", "Acts of reviewers by verdict.", "verdict"),
		sets:       desc("change_sets", "Change sets by target and state.", "target", "state"),
		effects:    desc("effects", "Effects in the ledger by state. Unknown ones need a person.", "state"),
		notices:    desc("clock_notices", "Notices of clocks by kind. A breach is a promise that was not kept.", "kind"),
		told:       desc("webhook_deliveries", "What endpoints outside were or are to be told, by endpoint and state. Dead ones were given up.", "endpoint", "state"),
		audit:      desc("audit_records", "Records of the audit log."),
		oldestRun:  desc("oldest_run_age_seconds", "Age of the oldest run that has not ended; 0 for none."),
		oldestWait: desc("oldest_wait_age_seconds", "How long the draft that waits longest for a person has waited; 0 for none."),
		up:         desc("store_up", "1 when the store answered this scrape."),
	}
	return w, reg.Register(w)
}

// Describe implements prometheus.Collector.
func (w *Workspace) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{w.runs, w.drafts, w.reviews, w.sets, w.effects, w.notices, w.told, w.audit, w.oldestRun, w.oldestWait, w.up} {
		out <- d
	}
}

// scrapeTime bounds how long a scrape waits for the store.
const scrapeTime = 5 * time.Second

// Collect implements prometheus.Collector.
func (w *Workspace) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	t, err := w.tally(ctx)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err != nil {
		gauge(w.up, 0)
		return
	}
	gauge(w.up, 1)
	for _, g := range []struct {
		desc   *prometheus.Desc
		counts map[string]int64
		labels int
	}{{w.runs, t.Runs, 2}, {w.drafts, t.Drafts, 2}, {w.reviews, t.Reviews, 1}, {w.sets, t.Sets, 2}, {w.effects, t.Effects, 1}, {w.notices, t.Notices, 1}, {w.told, t.Told, 2}} {
		for name, n := range g.counts {
			labels := strings.SplitN(name, " ", g.labels)
			for len(labels) < g.labels {
				labels = append(labels, "")
			}
			gauge(g.desc, float64(n), labels...)
		}
	}
	gauge(w.audit, float64(t.Audit))
	gauge(w.oldestRun, w.age(t.Running))
	gauge(w.oldestWait, w.age(t.Waiting))
}

func (w *Workspace) age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, w.now().Sub(since).Seconds())
}
