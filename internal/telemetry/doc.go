// Package telemetry counts what roleos does, for Prometheus and under the names
// of the OpenTelemetry conventions.
//
// It decides what a metric is called and which labels it has, so that their
// number stays bounded. It never holds content: no record, no prompt, no answer,
// no name of a person. A registry is passed in; there is none of its own.
package telemetry
