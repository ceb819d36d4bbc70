package workflow

import "time"

// Run is one run of a workflow as it is kept: what was declared when it began,
// what it was given, and where it stands.
type Run struct {
	ID         string     `json:"id"`
	Definition Definition `json:"definition"` // pinned when the run began
	Input      Input      `json:"input"`
	State      State      `json:"state"`
	Seq        int        `json:"seq"` // grows by one with every change, from 1
	StartedBy  string     `json:"started_by"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

// Input is what a run was given.
type Input struct {
	Paths   []string `json:"paths"`
	Trigger string   `json:"trigger"`      // cycle or alert
	Of      string   `json:"of,omitempty"` // the draft whose alert began it
	// Patterns are the alerts that were known when it began by itself: none of them
	// begins another run.
	Patterns []string `json:"patterns,omitempty"`
	Itself   bool     `json:"itself,omitempty"` // nobody typed its beginning
}

// Attestation is a workflow owner's word that they answer for an agent or a
// workflow.
type Attestation struct {
	Subject string    `json:"subject"` // agent:feedback-river, workflow:discover
	Version string    `json:"version"` // of the manifest that was attested
	Owner   string    `json:"owner"`   // the role
	By      string    `json:"by"`      // the person
	Solo    bool      `json:"solo"`    // made by roleos for the one person there is
	At      time.Time `json:"at"`
}
