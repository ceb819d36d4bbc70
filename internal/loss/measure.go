package loss

import (
	"context"
	"embed"
	"io/fs"
	"slices"

	"roleos/contracts"
)

//go:embed contract
var embedded embed.FS

// Contracts returns the contracts of the measurement: note asks for the form,
// note-ids also carries the facts' ids, note-words their words as well.
func Contracts() (*contracts.Set, error) {
	folder, err := fs.Sub(embedded, "contract")
	if err != nil {
		return nil, err
	}
	return contracts.Default().Beside(folder), nil
}

// Count is how the planted facts stand after some boundaries.
type Count struct {
	Whole   int // there, word for word
	Changed int // their id is there, their words are not
	Dropped int // left behind with a reason, at this boundary or an earlier one
	Lost    int // nowhere, and nobody was told
	Refused int // how often the contract sent the draft of this boundary back
	Bytes   int // length of the artefact
}

// Run hands the facts through the stages and counts after each; the first count
// is before any boundary.
func Run(ctx context.Context, from Artefact, stages []Stage, r Rules) ([]Count, error) {
	dropped := map[string]bool{}
	count := func(a Artefact, refused int) Count {
		c := Count{Refused: refused, Bytes: a.Bytes()}
		for _, d := range a.Dropped {
			dropped[d.ID] = true
		}
		for _, f := range from.Facts {
			i := slices.IndexFunc(a.Facts, func(e Entry) bool { return e.ID == f.ID })
			switch {
			case i >= 0 && a.Facts[i].Text == f.Text:
				c.Whole++
			case i >= 0:
				c.Changed++
			case dropped[f.ID]:
				c.Dropped++
			default:
				c.Lost++
			}
		}
		return c
	}
	out := []Count{count(from, 0)}
	at := from
	for _, s := range stages {
		h, err := s.Write(ctx, at, r)
		if err != nil {
			return nil, err
		}
		at = h.Artefact
		out = append(out, count(at, h.Refused))
	}
	return out, nil
}
