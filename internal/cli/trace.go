package cli

import (
	"context"
	"log/slog"
	"time"

	"roleos/config"
	"roleos/internal/telemetry"
)

// openTraces opens the traces that the settings name, and puts the command under
// a span of its own: but for a service, where each request has one.
func (s *session) openTraces(ctx context.Context) error {
	t := s.cfg.Telemetry
	if !t.On() {
		return nil
	}
	headers, err := t.Headers()
	if err != nil {
		return err
	}
	unset := func(v string) string {
		if v == config.None {
			return ""
		}
		return v
	}
	s.traces, err = telemetry.OpenTraces(ctx, telemetry.TraceOptions{
		URL: unset(t.TracesURL), Headers: headers, File: unset(t.TraceFile), Content: t.Content,
		Version: version().number, Logger: slog.New(slog.NewTextHandler(s.err, nil)),
	})
	if err != nil || s.cmd == nil || s.metrics != nil {
		return err
	}
	ctx, s.endTrace = s.traces.Command(s.cmd.Context(), s.cmd.CommandPath())
	s.cmd.SetContext(ctx)
	return nil
}

// closeTraces ends the command's span and hands over what is left.
func (s *session) closeTraces(ctx context.Context, err error) {
	if s.endTrace != nil {
		s.endTrace(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = s.traces.Close(ctx) // said in the log
}
