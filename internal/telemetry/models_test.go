package telemetry

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roleos/internal/llm"
	"roleos/internal/llm/pipeline"
)

func TestCallsAreCountedByHowTheyEnded(t *testing.T) {
	reg := prometheus.NewRegistry()
	m, err := NewModels(reg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewModels(reg)
	if err != nil {
		t.Fatal("a second pipeline cannot share the registry:", err)
	}
	e := pipeline.Event{Provider: "openai", Model: "m", Purpose: "name/1", Took: time.Second, Usage: llm.Usage{Input: 10, Output: 5}, Outcome: "ok"}
	m.Observe(e)
	e.Priced, e.Micros = true, 2_000_000
	again.Observe(e)
	again.Observe(pipeline.Event{Provider: "openai", Model: "m", Purpose: "name/1", Outcome: "cached"})
	again.Observe(pipeline.Event{Provider: "openai", Model: "m", Purpose: "name/1", Outcome: "repair"})
	m.Rejected("feedback-river", 3)
	m.Observe(pipeline.Event{Provider: "openai", Model: "m", Outcome: "refused", Account: "run:r-1"})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			sums[f.GetName()] += x.GetCounter().GetValue() + float64(x.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"roleos_model_calls_total": 3, "roleos_model_tokens_total": 30, "roleos_model_cost_total": 2, "roleos_model_unpriced_calls_total": 1,
		"roleos_model_repairs_total": 1, "roleos_model_rejected_statements_total": 3, "roleos_model_budget_refusals_total": 1, "roleos_model_call_seconds": 2,
	} {
		if sums[name] != want {
			t.Errorf("%s is %v, want %v", name, sums[name], want)
		}
	}
}
