package contracts

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"roleos/contracts/gate"
	"roleos/contracts/schema"
	"roleos/internal/fault"
)

const (
	maxContract = 256 << 10 // bytes
	maxGates    = 200
)

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	versionForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
)

// stages are the stages of the role operating system.
func stages() []string { return []string{"discover", "decide", "build", "test", "ship", "evaluate"} }

// load reads the contract in files at name. base gives the contract it tightens,
// shared the files it may take its schema from besides its own.
func load(files fs.FS, name string, shared fs.FS, base func(string) (*HandoffContract, error)) (*HandoffContract, error) {
	data, err := readFile(files, name, maxContract)
	if err != nil {
		return nil, err
	}
	c := &HandoffContract{}
	root, err := decode(name, data, c)
	if err != nil {
		return nil, err
	}
	c.src = source{files: files, name: name, data: data, places: gatePlaces(root)}
	bad := func(key, format string, args ...any) error {
		p := place{line: 1, column: 1}
		key, below, _ := strings.Cut(key, ".")
		for _, kv := range root.Values {
			if kv.Key.GetToken().Value != key {
				continue
			}
			p = placeOf(kv.Value)
			if m, ok := kv.Value.(*ast.MappingNode); ok {
				for _, inner := range m.Values {
					if inner.Key.GetToken().Value == below {
						p = placeOf(inner.Value)
					}
				}
			}
		}
		return at(name, data, p, format, args...)
	}
	for i := range c.Gates {
		g := &c.Gates[i]
		g.src, g.node = c.src, i
		if g.Enforcement == "" {
			g.Enforcement = Deny
		}
	}
	if err := c.header(bad); err != nil {
		return nil, err
	}
	if err := c.gates(); err != nil {
		return nil, err
	}
	if c.Tightens != "" {
		if err := c.tighten(base, bad); err != nil {
			return nil, err
		}
	} else {
		if len(c.Raise) > 0 {
			return nil, bad("raise", "raise needs tightens: there is no contract whose gates it could raise")
		}
		if err := c.complete(files, shared, bad); err != nil {
			return nil, err
		}
	}
	if err := c.promises(bad); err != nil {
		return nil, err
	}
	c.prepare()
	return c, nil
}

// promises checks what goes beyond one gate: the clocks, and that what is to be
// carried is also looked for.
func (c *HandoffContract) promises(bad refusal) error {
	for i := range c.SLA {
		k := &c.SLA[i]
		if why := k.wrong(c.To); why != "" {
			return bad("sla", "clock %d: %s", i+1, why)
		}
		if k.By == "" {
			k.By = "role:" + c.To.Role
		}
		if slices.ContainsFunc(c.SLA[:i], func(o Clock) bool { return o.On == k.On && o.Until() == k.Until() }) {
			return bad("sla", "clock %d: there is another from %s to %s", i+1, k.On, k.Expect)
		}
	}
	looked := slices.ContainsFunc(c.Gates, func(g Gate) bool { return g.Kind == gate.Carried })
	if c.Carry != nil && !looked {
		return bad("carry", "carry is written down and no gate looks at it; add a gate of kind: carry")
	}
	return nil
}

type refusal func(key, format string, args ...any) error

func (c *HandoffContract) header(bad refusal) error {
	switch {
	case c.Kind != "HandoffContract":
		return bad("kind", "kind is %q, expected HandoffContract", c.Kind)
	case !idForm.MatchString(c.ID):
		return bad("id", "id is %q, expected lower-case words joined by hyphens, such as problem-brief", c.ID)
	case !versionForm.MatchString(c.Version):
		return bad("version", "version is %q, expected a semantic version such as 1.0.0", c.Version)
	}
	own := path.Base(c.src.name)
	if own != c.ID+".yaml" && own != c.Name()+".yaml" {
		return bad("id", "the file of contract %s is called %s.yaml, or %s.yaml for an earlier version", c.ID, c.ID, c.Name())
	}
	return nil
}

// complete checks what a contract that stands alone has to say.
func (c *HandoffContract) complete(files, shared fs.FS, bad refusal) error {
	for _, p := range []struct {
		key string
		of  Party
	}{{"from", c.From}, {"to", c.To}} {
		if strings.TrimSpace(p.of.Role) == "" {
			return bad(p.key, "%s needs a role", p.key)
		}
		if !slices.Contains(stages(), p.of.Stage) {
			return bad(p.key, "%s has the stage %q; there are %s", p.key, p.of.Stage, strings.Join(stages(), ", "))
		}
	}
	var unnamed []string
	for _, g := range []struct{ key, value string }{
		{"workflow_owner", c.Governance.WorkflowOwner},
		{"source_of_truth", c.Governance.SourceOfTruth},
		{"service_level", c.Governance.ServiceLevel},
		{"audit_trail", c.Governance.AuditTrail},
	} {
		if strings.TrimSpace(g.value) == "" {
			unnamed = append(unnamed, g.key)
		}
	}
	if len(unnamed) > 0 {
		return bad("governance."+unnamed[0], "governance has no %s; a contract without owner, source of truth, service level and audit trail binds nobody", strings.Join(unnamed, ", "))
	}
	if len(c.Gates) == 0 {
		return bad("gates", "a contract without gates checks nothing")
	}
	if first := c.Gates[0]; first.Check != "schema" || first.Enforcement != Deny {
		return first.refuse("check", "the first gate has to be {kind: automatic, check: schema} with enforcement deny: the others look at a draft that has its form")
	}
	if c.Schema == "" || !fs.ValidPath(c.Schema) {
		return bad("schema", "schema is %q, expected a path below the contracts folder such as schema/problem-brief.json", c.Schema)
	}
	data, err := readFile(files, c.Schema, schema.MaxBytes)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		data, err = readFile(shared, c.Schema, schema.MaxBytes)
	}
	if err != nil {
		return bad("schema", "%v", err)
	}
	if c.schema, err = schema.Parse(c.Schema, data); err != nil {
		return bad("schema", "%v", err)
	}
	return nil
}

func (g Gate) refuse(key, format string, args ...any) error {
	return at(g.src.name, g.src.data, g.locate(key), "gate %s: %s", g.ID, fmt.Sprintf(format, args...))
}

// gates checks what every gate has to say; whether it compiles shows later.
func (c *HandoffContract) gates() error {
	seen := map[string]bool{}
	for i, g := range c.Gates {
		switch {
		case i >= maxGates:
			return g.refuse("", "a contract has at most %d gates", maxGates)
		case !idForm.MatchString(g.ID):
			return g.refuse("id", "its id is %q, expected lower-case words joined by hyphens", g.ID)
		case seen[g.ID]:
			return g.refuse("id", "the id is taken by an earlier gate")
		case strings.TrimSpace(g.Says) == "":
			return g.refuse("says", "says is missing: the sentence that people sign")
		case strings.TrimSpace(g.Mend) == "":
			return g.refuse("mend", "mend is missing: what would make a draft pass")
		case g.Enforcement.strictness() == 0:
			return g.refuse("enforcement", "enforcement is %q; there are deny, warn and audit", g.Enforcement)
		case g.WhenEmpty != "" && g.WhenEmpty != emptyPasses:
			return g.refuse("when_empty", "when_empty is %q; there is %s, for a gate that is meant to hold where there is nothing to look at", g.WhenEmpty, emptyPasses)
		case g.PassesOn == "" || g.FailsOn == "":
			return g.refuse("passes_on", "passes_on and fails_on are needed: an example that passes and one that does not")
		case !fs.ValidPath(g.PassesOn) || !fs.ValidPath(g.FailsOn):
			return g.refuse("passes_on", "passes_on and fails_on are paths below the contracts folder")
		}
		seen[g.ID] = true
	}
	return nil
}

// tighten puts the contract's own gates behind those of the one it tightens.
// Nothing of that one can be left out or weakened.
func (c *HandoffContract) tighten(base func(string) (*HandoffContract, error), bad refusal) error {
	id, version, ok := strings.Cut(c.Tightens, "@")
	if !ok || id != c.ID || version == c.Version {
		return bad("tightens", "tightens is %q, expected %s@ and a version other than its own %s", c.Tightens, c.ID, c.Version)
	}
	b, err := base(c.Tightens)
	if err != nil {
		return bad("tightens", "%v", err)
	}
	if (c.From != Party{}) && c.From != b.From || (c.To != Party{}) && c.To != b.To || c.Schema != "" && c.Schema != b.Schema {
		return bad("tightens", "from, to and schema stay those of %s; leave them out", c.Tightens)
	}
	gates := slices.Clone(b.Gates)
	for _, g := range c.Gates {
		if slices.ContainsFunc(b.Gates, func(x Gate) bool { return x.ID == g.ID }) {
			return g.refuse("id", "%s has a gate of that id, which cannot be replaced; choose another id, or raise its enforcement with raise", c.Tightens)
		}
	}
	for _, r := range c.Raise {
		i := slices.IndexFunc(gates, func(x Gate) bool { return x.ID == r.Gate })
		switch {
		case i < 0:
			return bad("raise", "%s has no gate %q", c.Tightens, r.Gate)
		case r.To.strictness() <= gates[i].Enforcement.strictness():
			return bad("raise", "gate %s is %s already; it can only be raised above that, not to %q", r.Gate, gates[i].Enforcement, r.To)
		}
		gates[i].Enforcement = r.To
	}
	c.Gates = append(gates, c.Gates...)
	if c.Carry != nil {
		return bad("carry", "carry stays that of %s; leave it out", c.Tightens)
	}
	c.From, c.To, c.Schema, c.schema, c.Carry = b.From, b.To, b.Schema, b.schema, b.Carry
	if c.Purpose == "" {
		c.Purpose = b.Purpose
	}
	for _, g := range []struct{ own, base *string }{
		{&c.Governance.WorkflowOwner, &b.Governance.WorkflowOwner},
		{&c.Governance.SourceOfTruth, &b.Governance.SourceOfTruth},
		{&c.Governance.ServiceLevel, &b.Governance.ServiceLevel},
		{&c.Governance.AuditTrail, &b.Governance.AuditTrail},
	} {
		if *g.own == "" {
			*g.own = *g.base
		}
	}
	c.SLA = append(slices.Clone(b.SLA), c.SLA...)
	c.Preferences = append(slices.Clone(b.Preferences), c.Preferences...)
	return nil
}
