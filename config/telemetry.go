package config

import (
	"net/url"
	"os"
	"strings"

	"roleos/internal/fault"
)

// Telemetry says where traces go. All of it is the user's own and never stands in
// a workspace's file: it decides who learns what happens here.
type Telemetry struct {
	TracesURL  string `mapstructure:"traces_url" json:"traces_url"`
	HeadersEnv string `mapstructure:"headers_env" json:"headers_env"`
	TraceFile  string `mapstructure:"trace_file" json:"trace_file"` // below the current folder unless absolute
	Content    bool   `mapstructure:"content" json:"content"`
}

// On reports whether traces go anywhere.
func (t Telemetry) On() bool { return t.TracesURL != None || t.TraceFile != None }

// Headers reads what the collector asks for from the environment variable that
// headers_env names, as name=value pairs separated by commas; nil without one. No
// error holds a value.
func (t Telemetry) Headers() (map[string]string, error) {
	if t.HeadersEnv == None {
		return nil, nil
	}
	const op = "config.headers"
	text := os.Getenv(t.HeadersEnv)
	if text == "" {
		return nil, fault.New(fault.Invalid, op, "the environment variable %s, which telemetry.headers_env names, is not set", t.HeadersEnv)
	}
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain // as OTEL_EXPORTER_OTLP_HEADERS writes them
		}
		if !ok || name == "" || !printable(name+value) {
			return nil, fault.New(fault.Invalid, op, "the variable %s, which telemetry.headers_env names, is not name=value, name=value", t.HeadersEnv)
		}
		out[name] = value
	}
	return out, nil
}

func telemetryKeys() []Key {
	return []Key{
		{Name: "telemetry.traces_url", Doc: "Address to which traces are posted as OTLP over HTTP, whole: https://HOST/v1/traces, or http for this machine. Set in the environment only, as all of telemetry.", Default: None, kind: optional(collector()), own: ownSends},
		{Name: "telemetry.headers_env", Doc: "Name of the environment variable that holds the collector's headers, as name=value, name=value.", Default: None, kind: optional(text(120)), own: ownSends},
		{Name: "telemetry.trace_file", Doc: "File to which every span is appended as a line of JSON when it ends. For one person, without a collector.", Default: None, kind: optional(folder()), own: "write to a file of its author's choice"},
		{Name: "telemetry.content", Doc: "Put what models were asked and answered into traces. Without it they hold no content.", Default: "false", kind: yesNo(), own: ownSends},
	}
}

const ownSends = "send its author, or whoever they choose, what happens here"

// collector is https, or http on this machine: traces say who works on what.
func collector() kind {
	return kind{
		bound: "https://HOST/v1/traces, or http://127.0.0.1:4318/v1/traces for this machine, without a password", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			u, err := url.Parse(s)
			ok := err == nil && printable(s) && len(s) <= 500 && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
				(u.Scheme == "https" || u.Scheme == "http" && !foreign(s))
			return check(s, ok)
		},
	}
}

// values returns the fields of t by key.
func (t Telemetry) values() map[string]any {
	return map[string]any{
		"telemetry.traces_url": t.TracesURL, "telemetry.headers_env": t.HeadersEnv, "telemetry.trace_file": t.TraceFile, "telemetry.content": t.Content,
	}
}
