package declared

import (
	"io"
	"io/fs"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/sql"
	"roleos/internal/yamlfile"
)

// Proposal is a change set as somebody writes it down, in YAML or JSON.
type Proposal struct {
	Kind    string          `yaml:"kind"` // Proposal
	Target  string          `yaml:"target"`
	Reason  string          `yaml:"reason"` // one sentence for whoever confirms it
	By      string          `yaml:"by"`     // agent:ID when an agent made it; else whoever proposes it
	From    []string        `yaml:"from"`   // texts of others that led to it; they taint it
	Changes []ProposedWrite `yaml:"changes"`

	raw []byte
	doc yamlfile.Document
}

// ProposedWrite is one change. Which of the last three it takes depends on the
// target: rows take set; files and messages take text, or file.
type ProposedWrite struct {
	Op     string         `yaml:"op"`
	Object string         `yaml:"object"`
	Set    map[string]any `yaml:"set"`
	Text   *string        `yaml:"text"`
	File   string         `yaml:"file"` // below the proposal's folder; its bytes
}

// ParseProposal reads a proposal strictly; fault.Invalid with file, line and column.
func ParseProposal(name string, data []byte) (Proposal, error) {
	p := Proposal{raw: data}
	var err error
	if p.doc, err = yamlfile.Decode(name, data, &p); err != nil {
		return p, err
	}
	switch {
	case p.Kind != "Proposal":
		return p, p.doc.Refuse([]any{"kind"}, "kind is %q, expected Proposal", p.Kind)
	case p.Target == "":
		return p, p.doc.Refuse([]any{"target"}, "the proposal has to name its target")
	case strings.TrimSpace(p.Reason) == "" || len(p.Reason) > 500:
		return p, p.doc.Refuse([]any{"reason"}, "the proposal has to say its reason, in at most 500 bytes")
	case p.By != "" && !strings.HasPrefix(p.By, "agent:"):
		return p, p.doc.Refuse([]any{"by"}, "by is %q; expected agent:ID, or nothing for a person", p.By)
	case len(p.Changes) == 0:
		return p, p.doc.Refuse([]any{"changes"}, "the proposal changes nothing")
	}
	return p, nil
}

// Digest names the document's bytes.
func (p Proposal) Digest() string { return guardrails.Digest(p.raw) }

// Taint says whether texts of others had a part in it: those it names, and
// whatever an agent had read.
func (p Proposal) Taint() guardrails.Taint {
	sources := slices.Clone(p.From)
	if p.By != "" && len(sources) == 0 {
		sources = []string{"whatever " + p.By + " had read"}
	}
	return guardrails.Taint{Untrusted: len(sources) > 0, Sources: sources}
}

// Intended returns what the target is asked to do. beside holds the files that
// the proposal names; nil when it may name none.
func (p Proposal) Intended(d Declaration, beside fs.FS) ([]change.Intended, error) {
	if p.By != "" && !slices.Contains(d.Agents, strings.TrimPrefix(p.By, "agent:")) {
		return nil, fault.New(fault.Denied, "declared.propose", "%s may not propose changes of %s", p.By, d.Name).
			WithMend("A person who answers for the target can name it under agents in %s/%s.yaml.", Folder, d.Name)
	}
	var out []change.Intended
	for i, w := range p.Changes {
		body, err := p.body(i, d, beside)
		if err != nil {
			return nil, err
		}
		out = append(out, change.Intended{Op: w.Op, Object: w.Object, Body: body})
	}
	return out, nil
}

func (p Proposal) body(i int, d Declaration, beside fs.FS) ([]byte, error) {
	w := p.Changes[i]
	refuse := func(key, format string, args ...any) ([]byte, error) {
		return nil, p.doc.Refuse([]any{"changes", i, key}, format, args...)
	}
	if w.Op == "" || w.Object == "" {
		return refuse("op", "change %d has to name its op and its object", i+1)
	}
	if !slices.Contains(d.proposable(), w.Op) {
		return refuse("op", "%s knows %s, not %q", d.Name, strings.Join(d.proposable(), ", "), w.Op)
	}
	given := 0
	for _, there := range []bool{w.Set != nil, w.Text != nil, w.File != ""} {
		if there {
			given++
		}
	}
	rows := d.SQLite != nil || d.Postgres != nil
	switch {
	case w.Op == sql.Delete && given > 0: // the same word for every kind of target
		return refuse("object", "delete takes nothing but its object")
	case w.Op == sql.Delete:
		return nil, nil
	case given != 1 || rows != (w.Set != nil):
		if rows {
			return refuse("object", "%s of rows takes set: {column: value}", w.Op)
		}
		return refuse("object", "%s on %s takes text, or file", w.Op, d.Name)
	case rows:
		body, err := sql.Set(w.Set)
		if err != nil {
			return refuse("set", "the values are text, numbers, truth or null")
		}
		return body, nil
	case w.Text != nil:
		return []byte(*w.Text), nil
	case beside == nil || p.By != "":
		return refuse("file", "an agent's proposal names no file: its text stands in it")
	}
	return p.read(i, beside)
}

func (p Proposal) read(i int, beside fs.FS) ([]byte, error) {
	name := p.Changes[i].File
	at := []any{"changes", i, "file"}
	if !fs.ValidPath(name) {
		return nil, p.doc.Refuse(at, "%q is no file below the proposal's folder", name)
	}
	f, err := beside.Open(name)
	if err != nil {
		return nil, p.doc.Refuse(at, "the file %s cannot be read", name)
	}
	defer f.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(f, change.MaxBody+1))
	if err != nil || len(body) > change.MaxBody {
		return nil, p.doc.Refuse(at, "the file %s cannot be read, or has more than %d bytes", name, change.MaxBody)
	}
	return body, nil
}
