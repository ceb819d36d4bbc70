package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds the metrics of one service.
type Registry = prometheus.Registry

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return prometheus.NewRegistry() }

// Exposition serves what a registry holds as Prometheus reads it.
func Exposition(reg *Registry) http.Handler { return promhttp.HandlerFor(reg, promhttp.HandlerOpts{}) }
