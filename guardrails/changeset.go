package guardrails

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Limits on a change set.
const (
	MaxChanges  = 10_000
	MaxSetBytes = 64 << 20
)

// Schema names the form of a change set's bytes.
const Schema = "roleos/changeset/v1"

// Absent is the digest of an object that is not there.
const Absent = "absent"

// Principal is who asks. The zero Kind is an agent: whoever is not known to be
// a person is none.
type Principal struct {
	ID     string `json:"id"`
	Person bool   `json:"person"`
}

// Change is one intended write with the state it was planned against.
type Change struct {
	Op      string  `json:"op"`
	Object  string  `json:"object"`
	Class   Class   `json:"class"`          // from our manifest of the target
	Objects int64   `json:"objects"`        // touched in all, cascades included; below 1 is unmeasured
	Note    string  `json:"note,omitempty"` // what Objects counts, for the reader; decides nothing
	Before  State   `json:"before"`         // read when the set was planned
	After   string  `json:"after"`          // digest that reading back has to give; empty when it cannot be read back
	Body    []byte  `json:"body,omitempty"` // what is written, as it is
	Inverse Inverse `json:"inverse"`        // what undoes it; no operation when there is none
}

// State is an object as it was read.
type State struct {
	Digest string `json:"digest"` // Absent when it is not there; empty when it could not be read
	Body   []byte `json:"body,omitempty"`
}

// Inverse is the write that undoes a change.
type Inverse struct {
	Op   string `json:"op,omitempty"`
	Body []byte `json:"body,omitempty"`
}

// Cost is what a set consumes besides its objects. Below zero is unmeasured.
type Cost struct {
	Money  int64 `json:"money"` // millionths of the workspace's currency
	Tokens int64 `json:"tokens"`
}

// Taint says whether text from outside had a part in a proposal, and which.
type Taint struct {
	Untrusted bool     `json:"untrusted"`
	Sources   []string `json:"sources,omitempty"`
}

// Content is everything that a change set says. All of it is inside the bytes
// that the set is named by.
type Content struct {
	Schema        string    `json:"schema"`
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	By            Principal `json:"by"`
	Run           string    `json:"run,omitempty"`
	Draft         string    `json:"draft,omitempty"`
	Intent        string    `json:"intent"` // one sentence for the reader; decides nothing
	Environment   string    `json:"environment"`
	Target        string    `json:"target"`
	TargetVersion string    `json:"target_version"`
	Population    int64     `json:"population"` // objects that the target held when planned; below zero is unmeasured
	Changes       []Change  `json:"changes"`
	Envelope      Envelope  `json:"envelope"`
	Policy        string    `json:"policy"`   // version
	Contract      string    `json:"contract"` // version; empty when no contract is meant
	Cost          Cost      `json:"cost"`
	Events        []Event   `json:"events,omitempty"` // what the run did before
	Taint         Taint     `json:"taint"`
	Provenance    []string  `json:"provenance,omitempty"` // sources, records, revisions
	Undoes        string    `json:"undoes,omitempty"`     // the set that this one takes back
}

// Binding is what a grant is good for. Two bindings are equal or they are not:
// a grant for one is nothing for the other.
type Binding struct {
	Set           string    `json:"set"`      // digest of the bytes
	Before        string    `json:"before"`   // digest over the before-states
	Envelope      string    `json:"envelope"` // digest of the envelope
	Policy        string    `json:"policy"`
	Contract      string    `json:"contract"`
	Environment   string    `json:"environment"`
	Target        string    `json:"target"`
	TargetVersion string    `json:"target_version"`
	Requester     Principal `json:"requester"`
}

// key returns the digest of the binding's fields: equal for equal bindings only.
func (b Binding) key() ([sha256.Size]byte, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("write the binding: %w", err)
	}
	return sha256.Sum256(raw), nil
}

// ChangeSet is an ordered set of changes as stored bytes. Only Seal and Open
// make one; the zero ChangeSet is denied. It is safe for concurrent reading.
type ChangeSet struct {
	raw     []byte
	content Content
	binding Binding
	key     [sha256.Size]byte // of the binding, for comparing
}

// Seal writes the content's bytes, once. It refuses content that has no
// changes, too many, two for one object, or an envelope of a wrong form.
func Seal(c Content) (*ChangeSet, error) {
	c.Schema = Schema
	if err := c.check(); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("write the change set: %w", err)
	}
	// The decoded form comes from the bytes, so that nobody who still holds the
	// content's slices can make it say something else.
	return Open(buf.Bytes())
}

// Open reads a change set from the bytes that Seal made. It keeps a copy.
// Names in another case, duplicate and unknown names, and trailing text are errors.
func Open(raw []byte) (*ChangeSet, error) {
	s := &ChangeSet{raw: bytes.Clone(raw)}
	if err := DecodeStrict(s.raw, MaxSetBytes, &s.content); err != nil {
		return nil, fmt.Errorf("read the change set: %w", err)
	}
	if err := s.content.check(); err != nil {
		return nil, err
	}
	c := &s.content
	envelope, err := json.Marshal(c.Envelope)
	if err != nil {
		return nil, fmt.Errorf("write the envelope: %w", err)
	}
	s.binding = Binding{
		Set: Digest(s.raw), Before: beforeDigest(c.Changes), Envelope: Digest(envelope),
		Policy: c.Policy, Contract: c.Contract, Environment: c.Environment,
		Target: c.Target, TargetVersion: c.TargetVersion, Requester: c.By,
	}
	s.key, err = s.binding.key()
	return s, err
}

// Bytes returns a copy of the stored bytes.
func (s *ChangeSet) Bytes() []byte { return bytes.Clone(s.raw) }

// Digest returns the lower-case hexadecimal SHA-256 of the bytes: the set's name.
func (s *ChangeSet) Digest() string { return s.binding.Set }

// Binding returns what a grant for this set has to be bound to.
func (s *ChangeSet) Binding() Binding { return s.binding }

// Content returns what the bytes say. Its slices are shared: read them only.
func (s *ChangeSet) Content() Content { return s.content }

// Worst returns the worst class among the changes.
func (s *ChangeSet) Worst() Class {
	if len(s.content.Changes) == 0 {
		return Unknown
	}
	worst := Read
	for i := range s.content.Changes {
		worst = Worst(worst, s.content.Changes[i].Class)
	}
	return worst
}

// Digest returns the lower-case hexadecimal SHA-256 of b.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func beforeDigest(changes []Change) string {
	h := sha256.New()
	for i := range changes {
		// Quoting keeps one object's name from running into the next.
		h.Write(strconv.AppendQuote(nil, changes[i].Object))
		h.Write(strconv.AppendQuote(nil, changes[i].Before.Digest))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *Content) check() error {
	switch {
	case c.Schema != Schema:
		return fmt.Errorf("the schema is %q, want %q", c.Schema, Schema)
	case c.ID == "" || c.Target == "" || c.By.ID == "":
		return errors.New("a change set names its id, its target and who asks")
	case len(c.Changes) == 0:
		return errors.New("a change set has at least one change")
	case len(c.Changes) > MaxChanges:
		return fmt.Errorf("a change set has at most %d changes, this one %d", MaxChanges, len(c.Changes))
	}
	seen := make(map[string]bool, len(c.Changes))
	for i := range c.Changes {
		o := c.Changes[i].Object
		if o == "" || c.Changes[i].Op == "" {
			return fmt.Errorf("change %d names no object or no operation", i+1)
		}
		if seen[o] {
			return fmt.Errorf("two changes touch %q: the second's before-state could not be known", o)
		}
		seen[o] = true
	}
	return c.Envelope.Check()
}
