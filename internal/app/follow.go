package app

import (
	"context"
	"time"

	"roleos/internal/run"
)

// Beat is one thing that is seen of a run while it goes on.
type Beat struct {
	Run   run.Run `json:"run"`
	Stage string  `json:"stage,omitempty"` // what this process is doing for it
	Done  int     `json:"done,omitempty"`
	Total int     `json:"total,omitempty"` // 0: not known
}

// followEvery is how often a run on another replica is looked at.
const followEvery = 300 * time.Millisecond

// Follow calls f with what is new about a run until it has ended or ctx has,
// whichever replica executes it. f is called from one goroutine.
func (a *App) Follow(ctx context.Context, id string, f func(Beat) error) error {
	beats := make(chan Beat, 16)
	stop := a.watch(id, func(stage string, done, total int) {
		select {
		case beats <- Beat{Stage: stage, Done: done, Total: total}:
		default: // who is slow sees the next one
		}
	})
	defer stop()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var last Beat
	for {
		r, err := a.db.Run(ctx, id)
		if err != nil {
			return err
		}
		if r.Status != last.Run.Status || r.Step != last.Run.Step {
			last = Beat{Run: r, Stage: last.Stage, Done: last.Done, Total: last.Total}
			if err := f(last); err != nil {
				return err
			}
		}
		if r.Status.Done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-beats:
			b.Run = last.Run
			last = b
			if err := f(last); err != nil {
				return err
			}
		case <-tick.C:
		}
	}
}
