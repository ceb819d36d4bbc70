package prompts

import (
	"io/fs"
	"slices"

	"roleos/internal/fault"
)

// Set is the prompts that one draft is worded with. The zero value is those of
// the program.
type Set struct{ instead map[string]Prompt }

// Find returns the prompt with the id, or a fault.NotFound.
func (s Set) Find(id string) (Prompt, error) {
	if p, ok := s.instead[id]; ok {
		return p, nil
	}
	return Find(id)
}

// Instead returns a set in which the prompts in a folder's *.md stand for those of
// the same ids. They have the inputs, the tools and the answer's form of what they
// stand for, since code reads the answers, and another version, so that a draft
// says which words it was made with.
func Instead(folder fs.FS) (Set, error) {
	const op = "prompts.instead"
	out := Set{instead: map[string]Prompt{}}
	names, err := fs.Glob(folder, "*.md")
	if err != nil {
		return out, err
	}
	for _, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return out, err
		}
		p, err := Parse(name, data)
		if err != nil {
			return out, err
		}
		own, err := Find(p.ID)
		if err != nil {
			return out, err
		}
		switch {
		case p.Version == own.Version:
			return out, fault.New(fault.Invalid, op, "%s has the version of the program's own %s", name, own.Name()).WithMend("Give it another version, such as %d.", own.Version+1)
		case p.Output != own.Output || p.Needs.Tools != own.Needs.Tools || !slices.Equal(p.Inputs, own.Inputs):
			return out, fault.New(fault.Invalid, op, "%s takes, does or answers something else than %s", name, own.Name()).
				WithMend("Keep inputs, needs.tools and output as they are: roleos prompt show %s", own.ID)
		}
		p.Schema = own.Schema
		out.instead[p.ID] = p
	}
	if len(out.instead) == 0 {
		return out, fault.New(fault.NotFound, op, "the folder holds no prompt").WithMend("Write one to change: roleos prompt show ID -o md > ID.md")
	}
	return out, nil
}
