package telemetry

import (
	"cmp"
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"roleos/internal/llm/pipeline"
)

// Models counts what asking language models does and costs. It may be used
// concurrently.
type Models struct {
	calls, tokens, cost, unpriced *prometheus.CounterVec
	repairs, rejected, refused    *prometheus.CounterVec
	seconds                       *prometheus.HistogramVec
}

// NewModels registers the metrics in reg. What is registered there already is
// used again.
func NewModels(reg prometheus.Registerer) (*Models, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "roleos", Subsystem: "model", Name: name, Help: help}, labels)
	}
	m := &Models{
		calls:    counter("calls_total", "Calls of language models, and answers from the cache, by how they ended.", "provider", "model", "purpose", "outcome"),
		tokens:   counter("tokens_total", "Tokens as the provider counts them, or upper estimates where it names none.", "provider", "model", "type"),
		cost:     counter("cost_total", "Cost of calls whose price is set, in the currency of the prices.", "provider", "model"),
		unpriced: counter("unpriced_calls_total", "Calls whose cost is unknown because no price is set.", "provider", "model"),
		repairs:  counter("repairs_total", "Answers sent back because they had not the form asked for.", "provider", "model", "purpose"),
		rejected: counter("rejected_statements_total", "Statements of models that were dropped because the records do not bear them out.", "agent"),
		refused:  counter("budget_refusals_total", "Calls that were not made because a budget is used up.", "account"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "roleos", Subsystem: "model", Name: "call_seconds", Help: "Time of a call of a language model.",
			// The conventions' own boundaries for MetricDuration.
			Buckets: []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92},
		}, []string{"provider", "model", "outcome"}),
	}
	for _, v := range []**prometheus.CounterVec{&m.calls, &m.tokens, &m.cost, &m.unpriced, &m.repairs, &m.rejected, &m.refused} {
		if err := register(reg, v); err != nil {
			return nil, err
		}
	}
	return m, register(reg, &m.seconds)
}

// register registers c, or takes what is registered in its place.
func register[C prometheus.Collector](reg prometheus.Registerer, c *C) error {
	err := reg.Register(*c)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, same := there.ExistingCollector.(C); same {
			*c = old
			return nil
		}
	}
	return err
}

// Observe counts one event of a pipeline.
func (m *Models) Observe(e pipeline.Event) {
	provider, model, purpose := cmp.Or(e.Provider, "unknown"), cmp.Or(e.Model, "unknown"), cmp.Or(e.Purpose, "unknown")
	switch e.Outcome {
	case "repair":
		m.repairs.WithLabelValues(provider, model, purpose).Inc()
		return
	case "refused":
		sort, _, _ := strings.Cut(e.Account, ":") // of the account's name only its sort: run, agent or day
		m.refused.WithLabelValues(sort).Inc()
		return
	}
	m.calls.WithLabelValues(provider, model, purpose, e.Outcome).Inc()
	if e.Outcome == "cached" {
		return
	}
	m.seconds.WithLabelValues(provider, model, e.Outcome).Observe(e.Took.Seconds())
	for kind, n := range map[string]int{"input": e.Usage.Input, "output": e.Usage.Output, "reasoning": e.Usage.Reasoning, "cached": e.Usage.Cached} {
		if n > 0 {
			m.tokens.WithLabelValues(provider, model, kind).Add(float64(n))
		}
	}
	switch {
	case e.Priced:
		m.cost.WithLabelValues(provider, model).Add(float64(e.Micros) / 1e6)
	case e.Usage.Total() > 0:
		m.unpriced.WithLabelValues(provider, model).Inc()
	}
}

// Rejected counts statements that an agent's check dropped.
func (m *Models) Rejected(agent string, n int) { m.rejected.WithLabelValues(agent).Add(float64(n)) }
