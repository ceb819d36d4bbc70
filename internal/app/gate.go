package app

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"roleos/config"
	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// gatekeeper implements handoff.Gatekeeper with the workspace's contracts.
type gatekeeper struct {
	contracts *contracts.Set
	policy    artefact.Policy
}

// Contracts returns the embedded contracts and, above them, those of the
// workspace in dir, which can only tighten. A folder without a roleos.yaml is no
// team's workspace: a contracts folder in it means something else.
func Contracts(dir string) *contracts.Set {
	set := contracts.Default()
	if own := filepath.Join(dir, "contracts"); exists(filepath.Join(dir, config.FileName)) && isDir(own) {
		set = set.With(os.DirFS(own))
	}
	return set
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Pin returns the name and version that a run started now is held to.
func (g *gatekeeper) Pin(id string) (string, error) {
	c, err := g.contracts.Get(id)
	if err != nil {
		return "", err
	}
	return c.Name(), nil
}

// Current returns the version that is now in force of the contract that was pinned.
func (g *gatekeeper) Current(_ context.Context, pinned string) (string, error) {
	id, _, _ := strings.Cut(pinned, "@")
	c, err := g.contracts.Get(id)
	if err != nil {
		return "", err
	}
	return c.Name(), nil
}

// Check implements handoff.Gatekeeper.
func (g *gatekeeper) Check(ctx context.Context, contract string, body []byte, records []evidence.Record) (handoff.Check, error) {
	c, err := g.contracts.Get(contract)
	if err != nil {
		return handoff.Check{}, err
	}
	result := contracts.Check(ctx, c, contracts.Subject{
		Body: body, Records: records,
		Corpus: func() (*evidence.Corpus, error) {
			var s artefact.FeedbackSynthesis
			if err := json.Unmarshal(body, &s); err != nil {
				return nil, fault.Wrap(err, fault.Invalid, "app.check", "the draft is no %s", artefact.SynthesisSchema)
			}
			return s.Corpus(records, g.policy)
		},
	})
	report, err := json.Marshal(result)
	return handoff.Check{Passed: result.Passed(), Report: report}, err
}
