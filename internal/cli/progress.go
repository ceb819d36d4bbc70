package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// quiet is how long work may take before it shows progress.
const quiet = time.Second

// progress shows long work on stderr: a bar on a terminal, a line per stage
// elsewhere. It stays silent for the first second.
type progress struct {
	w       io.Writer
	tty     bool
	now     func() time.Time
	started time.Time
	stage   string
	bar     *progressbar.ProgressBar
}

func newProgress(w io.Writer, now func() time.Time) *progress {
	_, tty := terminal(w)
	return &progress{w: w, tty: tty, now: now, started: now()}
}

// step notes how far a stage is; total 0 means not known.
func (p *progress) step(stage string, done, total int) {
	if p.now().Sub(p.started) < quiet {
		return
	}
	if stage != p.stage {
		p.finish()
		p.stage = stage
		if !p.tty {
			fmt.Fprintf(p.w, "%s ...\n", stage)
			return
		}
		p.bar = progressbar.NewOptions(max(total, -1),
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(stage),
			progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	if p.bar != nil && total > 0 {
		if p.bar.GetMax() != total {
			p.bar.ChangeMax(total)
		}
		_ = p.bar.Set(min(done, total))
	}
}

// finish clears the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
