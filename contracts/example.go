package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

const (
	maxExample = 4 << 20 // bytes
	maxBases   = 8       // examples that build on each other
)

// Example is a draft with its evidence, on which a gate shows that it can pass
// or fail. It is written whole, or as another example with changes.
type Example struct {
	Kind    string         `yaml:"kind"` // Example
	Says    string         `yaml:"says"` // what it shows
	Base    string         `yaml:"base,omitempty"`
	Change  []Change       `yaml:"change,omitempty"`
	Records []Sample       `yaml:"records,omitempty"` // none: those of the base
	Measure measures       `yaml:"measures,omitempty"`
	Method  methods        `yaml:"methods,omitempty"`
	Draft   map[string]any `yaml:"draft,omitempty"`

	// Who wrote the draft, who attested it and what it was made from; those of
	// the base where nothing is said.
	Author       []string   `yaml:"author,omitempty"`
	Attestations []attested `yaml:"attestations,omitempty"`
	Upstream     []origin   `yaml:"upstream,omitempty"`
}

// attested is an attestation in an example. Digest is that of the example's own
// draft where it says "draft" or nothing.
type attested struct {
	Gate   string   `yaml:"gate"`
	By     string   `yaml:"by"`
	Roles  []string `yaml:"roles,omitempty"`
	Digest string   `yaml:"digest,omitempty"`
}

// origin is an artefact that an example's draft was made from.
type origin struct {
	Kind  string         `yaml:"kind"`
	Draft string         `yaml:"draft,omitempty"`
	Body  map[string]any `yaml:"body"`
}

// measures maps a measure to its value per record; a record without one has 0.
type measures map[string]map[string]float64

// methods maps a method to the weights of its inputs: it is their weighted sum.
type methods map[string]map[string]float64

// Change is one edit of the base's draft, in the operations of JSON Patch (RFC 6902).
type Change struct {
	Op    string `yaml:"op"`   // add, replace, remove
	Path  string `yaml:"path"` // JSON pointer
	Value any    `yaml:"value,omitempty"`
}

// Sample is one record of an example.
type Sample struct {
	ID       string            `yaml:"id"`
	Text     string            `yaml:"text"`
	Time     string            `yaml:"time,omitempty"` // RFC 3339
	Speaker  string            `yaml:"speaker,omitempty"`
	Channel  string            `yaml:"channel,omitempty"`
	Segments map[string]string `yaml:"segments,omitempty"`
}

// LoadExample reads the example at name and those it builds on.
func LoadExample(files fs.FS, name string) (*Example, error) {
	return loadExample(files, name, maxBases, map[string]*Example{})
}

// loadExample keeps in known what it has read of files: many build on one.
func loadExample(files fs.FS, name string, depth int, known map[string]*Example) (*Example, error) {
	if e := known[name]; e != nil {
		return e, nil
	}
	data, err := readFile(files, name, maxExample)
	if err != nil {
		return nil, err
	}
	e := &Example{}
	if _, err := decode(name, data, e); err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "contract.example", "%s: %s", name, fmt.Sprintf(format, args...))
	}
	switch {
	case e.Kind != "Example":
		return nil, bad("kind is %q, expected Example", e.Kind)
	case (e.Base == "") == (e.Draft == nil):
		return nil, bad("an example has either a draft, or a base with changes")
	case depth == 0:
		return nil, bad("more than %d examples build on each other", maxBases)
	}
	if e.Base != "" {
		b, err := loadExample(files, path.Join(path.Dir(name), e.Base), depth-1, known)
		if err != nil {
			return nil, err
		}
		e.Draft, _ = clone(b.Draft).(map[string]any)
		if e.Records == nil {
			e.Records = b.Records
		}
		if e.Measure == nil {
			e.Measure = b.Measure
		}
		if e.Method == nil {
			e.Method = b.Method
		}
		if e.Author == nil {
			e.Author = b.Author
		}
		if e.Attestations == nil {
			e.Attestations = b.Attestations
		}
		if e.Upstream == nil {
			e.Upstream = b.Upstream
		}
	}
	var draft any = e.Draft
	for i, c := range e.Change {
		if draft, err = c.apply(draft); err != nil {
			return nil, bad("change %d: %v", i+1, err)
		}
	}
	var ok bool
	if e.Draft, ok = draft.(map[string]any); !ok {
		return nil, bad("the draft is no object")
	}
	known[name] = e
	return e, nil
}

// clone copies a draft, so that changes to it leave the base as it is.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	}
	return v
}

// apply returns doc after the change; doc may be changed in place.
func (c Change) apply(doc any) (any, error) {
	if c.Op != "add" && c.Op != "replace" && c.Op != "remove" {
		return nil, fmt.Errorf("op is %q; there are add, replace and remove", c.Op)
	}
	if !strings.HasPrefix(c.Path, "/") {
		return nil, fmt.Errorf("path is %q, expected a JSON pointer below the draft", c.Path)
	}
	return c.below(doc, strings.Split(c.Path[1:], "/"))
}

func (c Change) below(doc any, steps []string) (any, error) {
	s := strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[0])
	last := len(steps) == 1
	switch d := doc.(type) {
	case map[string]any:
		old, exists := d[s]
		if !exists && (!last || c.Op != "add") {
			return nil, fmt.Errorf("there is no %s", c.Path)
		}
		if !last {
			v, err := c.below(old, steps[1:])
			d[s] = v
			return d, err
		}
		if c.Op == "remove" {
			delete(d, s)
		} else {
			d[s] = c.Value
		}
		return d, nil
	case []any:
		i, err := strconv.Atoi(s)
		if last && c.Op == "add" && s == "-" {
			return append(d, c.Value), nil
		}
		if err != nil || i < 0 || i > len(d) || i == len(d) && (!last || c.Op != "add") {
			return nil, fmt.Errorf("there is no %s", c.Path)
		}
		switch {
		case !last:
			d[i], err = c.below(d[i], steps[1:])
			return d, err
		case c.Op == "remove":
			return slices.Delete(d, i, i+1), nil
		case c.Op == "add":
			return slices.Insert(d, i, c.Value), nil
		}
		d[i] = c.Value
		return d, nil
	}
	return nil, fmt.Errorf("there is no %s", c.Path)
}

// Subject returns what a contract checks of the example.
func (e *Example) Subject() (Subject, error) {
	body, err := json.Marshal(e.Draft)
	if err != nil {
		return Subject{}, fault.Wrap(err, fault.Invalid, "contract.example", "the draft is not writable as JSON")
	}
	sum := sha256.Sum256(body)
	s := Subject{Body: body, Digest: "sha256:" + hex.EncodeToString(sum[:]), Author: e.Author, Upstream: []Upstream{}}
	for _, a := range e.Attestations {
		if a.Digest == "" || a.Digest == "draft" {
			a.Digest = s.Digest
		}
		s.Attestations = append(s.Attestations, Attestation{Gate: a.Gate, By: a.By, Roles: a.Roles, Digest: a.Digest})
	}
	for _, u := range e.Upstream {
		up, err := json.Marshal(u.Body)
		if err != nil {
			return Subject{}, fault.Wrap(err, fault.Invalid, "contract.example", "upstream %s is not writable as JSON", u.Kind)
		}
		s.Upstream = append(s.Upstream, Upstream{Kind: u.Kind, Draft: u.Draft, Body: up})
	}
	for _, r := range e.Records {
		out := evidence.Record{ID: r.ID, Text: r.Text, Channel: r.Channel}
		out.Origin.Speaker = r.Speaker
		if r.Time != "" {
			if out.Time, err = time.Parse(time.RFC3339, r.Time); err != nil {
				return Subject{}, fault.New(fault.Invalid, "contract.example", "record %s: time is %q, expected RFC 3339", r.ID, r.Time)
			}
		}
		for name, value := range r.Segments {
			out.Segments = append(out.Segments, evidence.Attr{Name: name, Value: value})
		}
		slices.SortFunc(out.Segments, func(a, b evidence.Attr) int { return strings.Compare(a.Name, b.Name) })
		s.Records = append(s.Records, out)
	}
	s.Corpus = func() (*evidence.Corpus, error) { return e.corpus(body, s.Records) }
	return s, nil
}

// corpus groups the records as the draft's themes do, by who said them where
// it names stakeholders, or by its developments' items and their copies.
func (e *Example) corpus(body []byte, records []evidence.Record) (*evidence.Corpus, error) {
	var draft struct {
		Themes []struct {
			ID       string   `json:"id"`
			Records  []string `json:"record_ids"`
			Mentions []string `json:"mentioned_in"`
		} `json:"themes"`
		Stakeholders []struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Aliases []struct {
				Name string `json:"name"`
			} `json:"aliases"`
		} `json:"stakeholders"`
		developments
	}
	if err := json.Unmarshal(body, &draft); err != nil {
		return nil, err
	}
	members := make([]evidence.Membership, len(draft.Themes))
	for i, t := range draft.Themes {
		members[i] = evidence.Membership{Theme: t.ID, Records: t.Records, Mentions: t.Mentions}
	}
	for _, p := range draft.Stakeholders {
		if p.ID == "" {
			continue
		}
		names := map[string]bool{p.Name: true}
		for _, a := range p.Aliases {
			names[a.Name] = true
		}
		m := evidence.Membership{Theme: p.ID}
		for i := range records {
			if names[records[i].Origin.Speaker] {
				m.Records = append(m.Records, records[i].ID)
			}
		}
		members = append(members, m)
	}
	c, err := evidence.NewCorpus(records, append(members, draft.members()...))
	if err != nil {
		return nil, err
	}
	for name, values := range e.Measure {
		c.Define(name, func(r *evidence.Record) float64 { return values[r.ID] })
	}
	for name, weights := range e.Method {
		c.DefineMethod(name, func(in map[string]float64) float64 {
			total := 0.0
			for _, k := range sortedKeys(weights) {
				total += weights[k] * in[k]
			}
			return total
		})
	}
	return c, nil
}

// developments is what an example's draft says of the items of feeds it is made from.
type developments struct {
	Developments []struct {
		ID      string   `json:"id"`
		ItemIDs []string `json:"item_ids"`
	} `json:"developments"`
	Items []struct {
		ID       string `json:"id"`
		RecordID string `json:"record_id"`
	} `json:"items"`
	Copies []struct {
		RecordID string `json:"record_id"`
		Of       string `json:"of"`
	} `json:"copies"`
}

// members returns the records of each development: those of its items and of their copies.
func (d developments) members() []evidence.Membership {
	of := map[string][]string{}
	for _, i := range d.Items {
		of[i.ID] = append(of[i.ID], i.RecordID)
	}
	for _, c := range d.Copies {
		of[c.Of] = append(of[c.Of], c.RecordID)
	}
	out := make([]evidence.Membership, 0, len(d.Developments))
	for _, dev := range d.Developments {
		if dev.ID == "" {
			continue
		}
		m := evidence.Membership{Theme: dev.ID}
		for _, id := range dev.ItemIDs {
			m.Records = append(m.Records, of[id]...)
		}
		out = append(out, m)
	}
	return out
}
