package delegation

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Kind is what happened to an agent's work or was decided about it.
type Kind string

// The kinds.
const (
	GateFailed Kind = "gate_failed" // its contract did not pass what the agent drafted
	Reverted   Kind = "reverted"    // a change made from its draft was taken back
	Clean      Kind = "clean"       // a person reviewed it and changed nothing
	Unclean    Kind = "unclean"     // a person had to change it, or sent it back
	SampleBad  Kind = "sample_bad"  // a person looked afterwards at what was published alone, and it was wrong
	Promoted   Kind = "promoted"    // a person signed
	Tightened  Kind = "tightened"   // a person made it coordinated, with a reason
	Loosened   Kind = "loosened"    // a person took their tightening back
)

// Event is one entry of an agent's history. An event without a step is about all
// of them.
type Event struct {
	Step  string    `json:"step,omitempty"`
	Kind  Kind      `json:"kind"`
	Draft string    `json:"draft,omitempty"`
	By    string    `json:"by"`
	Text  string    `json:"text,omitempty"`
	At    time.Time `json:"at"`
}

// Demotes reports whether what happened makes the work coordinated at once.
func (k Kind) Demotes() bool { return k == GateFailed || k == Reverted || k == SampleBad }

// Remember returns what the history, oldest first, says of one step.
func Remember(step string, history []Event) Record {
	var r Record
	for _, e := range history {
		if e.Step != "" && e.Step != step {
			continue
		}
		switch {
		case e.Kind.Demotes():
			r.Failed, r.Clean, r.PromoteBy, r.Why = true, 0, "", e.why()
		case e.Kind == Clean:
			r.Clean++
		case e.Kind == Unclean:
			r.Clean = 0
		case e.Kind == Promoted && r.Failed && r.Clean >= CleanReviews:
			r = Record{TightenBy: r.TightenBy, Because: r.Because, PromoteBy: e.By, Clean: r.Clean}
		case e.Kind == Tightened:
			r.TightenBy, r.Because = e.By, e.Text
		case e.Kind == Loosened:
			r.TightenBy, r.Because = "", ""
		}
	}
	return r
}

func (e Event) why() string {
	what := map[Kind]string{
		GateFailed: "a contract failed", Reverted: "a change was taken back", SampleBad: "a sample was found wrong",
	}[e.Kind]
	if e.Draft == "" {
		return what
	}
	return fmt.Sprintf("%s (%s, %s)", what, e.Draft, e.At.UTC().Format(time.DateOnly))
}

// Sampled reports whether what was published alone is looked at afterwards. share
// is 0 to 1. The digest of the bytes decides, so that nobody chooses and
// everybody can compute it again.
func Sampled(digest string, share float64) bool {
	sum := sha256.Sum256([]byte("roleos/sample/v1\n" + digest))
	return float64(binary.BigEndian.Uint64(sum[:8])) < share*math.MaxUint64
}
