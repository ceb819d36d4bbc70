package contracts

import (
	"embed"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"roleos/internal/fault"
)

//go:embed *.yaml schema/*.json examples
var embedded embed.FS

// Set finds contracts by name: the embedded ones and, above them, a workspace's.
// A contract is read when it is asked for and kept. It is safe for concurrent use.
type Set struct {
	layers []fs.FS // the embedded first
	apart  bool    // the topmost layer only stands beside the others: it may have contracts of their ids
	mu     sync.Mutex
	known  map[string]*HandoffContract // by layer and file
}

// Default returns the contracts that come with roleos.
func Default() *Set { return &Set{layers: []fs.FS{embedded}, known: map[string]*HandoffContract{}} }

// With returns the set with a workspace's contracts folder above it. Such a
// folder adds contracts, and tightens those below it; it cannot replace them.
func (s *Set) With(workspace fs.FS) *Set {
	return &Set{layers: append(slices.Clone(s.layers), workspace), known: map[string]*HandoffContract{}}
}

// Beside returns the set with a folder of contracts that is only looked at: lint,
// diff and test read it, and nothing is held to it. It may have contracts of the
// ids below it, which With refuses.
func (s *Set) Beside(folder fs.FS) *Set {
	out := s.With(folder)
	out.apart = true
	return out
}

// Get returns the contract called id@version, or the one in force for an id
// alone: the workspace's when it has one. It fails with fault.NotFound, or with
// fault.Invalid and the place when its file is wrong.
func (s *Set) Get(name string) (*HandoffContract, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(name, len(s.layers))
}

// get looks through the layers below top, highest first.
func (s *Set) get(name string, top int) (*HandoffContract, error) {
	const op = "contract.get"
	id, version, pinned := strings.Cut(name, "@")
	if !idForm.MatchString(id) || pinned && !versionForm.MatchString(version) {
		return nil, fault.New(fault.Invalid, op, "%q names no contract; write id or id@version", name)
	}
	for layer := top - 1; layer >= 0; layer-- {
		files := []string{id + ".yaml"}
		if pinned {
			files = append(files, id+"@"+version+".yaml")
		}
		for _, file := range files {
			c, err := s.read(layer, file)
			if err != nil {
				if fault.KindOf(err) == fault.NotFound {
					continue
				}
				return nil, err
			}
			if !pinned || c.Version == version {
				return c, nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, op, "there is no contract %s", name).
		WithMend("List them with: roleos contract show")
}

func (s *Set) read(layer int, file string) (*HandoffContract, error) {
	key := string(rune('0'+layer)) + file
	if c := s.known[key]; c != nil {
		return c, nil
	}
	c, err := load(s.layers[layer], file, s.layers[0], func(name string) (*HandoffContract, error) { return s.get(name, layer) })
	if err != nil {
		return nil, err
	}
	if layer > 0 && c.Tightens == "" && !(s.apart && layer == len(s.layers)-1) {
		if _, err := s.get(c.ID, layer); err == nil {
			return nil, fault.New(fault.Invalid, "contract.load", "%s: contract %s exists already and cannot be replaced", file, c.ID).
				WithMend("Add to it with tightens: %s@VERSION, or give yours another id.", c.ID)
		}
	}
	s.known[key] = c
	return c, nil
}

// IDs returns the ids of all contracts, sorted; of a folder that is only looked
// at (Beside) those it has itself.
func (s *Set) IDs() ([]string, error) {
	ids := map[string]bool{}
	layers := s.layers
	if s.apart {
		layers = layers[len(layers)-1:]
	}
	for _, layer := range layers {
		files, err := fs.Glob(layer, "*.yaml")
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "contract.list", "the contracts folder cannot be read")
		}
		for _, f := range files {
			id, _, _ := strings.Cut(strings.TrimSuffix(f, ".yaml"), "@")
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids)), nil
}
