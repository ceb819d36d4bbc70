package guardrails

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
)

// ManifestSchema names the form of a manifest's bytes. It is part of what is signed.
const ManifestSchema = "roleos/manifest/v1"

// MaxOperations is the most operations that a manifest lists.
const MaxOperations = 1_000

// Manifest is what we ourselves say about a target. What a target says about
// itself, such as a tool's read-only hint, is never evidence.
type Manifest struct {
	Name       string      `json:"name"`       // as people type it to confirm
	Version    string      `json:"version"`    // changes when the target's behaviour or schema does; voids proofs
	Operations []Operation `json:"operations"` // whatever is not listed is Unknown
	Settles    bool        `json:"settles"`    // after a crash, reading back proves that an effect did not happen and will not
}

// Operation is one thing a target can do.
type Operation struct {
	Name  string `json:"name"`
	Class Class  `json:"class"`
}

// Class returns the class of the named operation. It is Unknown, and so refused,
// for one that is not listed and for one that is listed twice: of two classes
// the milder one must not win by its place.
func (m Manifest) Class(op string) Class {
	class, found := Unknown, false
	for _, o := range m.Operations {
		if o.Name != op {
			continue
		}
		if found {
			return Unknown
		}
		class, found = o.Class, true
	}
	if !class.known() {
		return Unknown
	}
	return class
}

// sealed is a manifest as it is written down.
type sealed struct {
	Schema string `json:"schema"`
	Manifest
}

// check returns what keeps the manifest from being written down.
func (m Manifest) check() error {
	switch {
	case m.Name == "" || m.Version == "":
		return errors.New("a manifest has a name and a version")
	case len(m.Operations) > MaxOperations:
		return fmt.Errorf("a manifest lists at most %d operations, this one %d", MaxOperations, len(m.Operations))
	}
	seen := make(map[string]bool, len(m.Operations))
	for i, o := range m.Operations {
		switch {
		case o.Name == "":
			return fmt.Errorf("operation %d has no name", i+1)
		case seen[o.Name]:
			return fmt.Errorf("the operation %q is listed twice", o.Name)
		case !o.Class.known():
			return fmt.Errorf("the operation %q has no known class: leave it out, then it is refused", o.Name)
		}
		seen[o.Name] = true
	}
	return nil
}

// SealManifest writes the manifest's bytes. There is one form for each
// manifest: the same fields in the same order, and the operations as listed. It
// fails for a manifest without name or version, and for an operation without a
// name or a known class, or listed twice.
func SealManifest(m Manifest) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(sealed{Schema: ManifestSchema, Manifest: m}); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return buf.Bytes(), nil
}

// Digest returns the SHA-256 of the bytes that SealManifest writes, "" for a
// manifest that it refuses. A manifest that is compiled in is trusted by it:
// what was planned under one digest is void under another.
func (m Manifest) Digest() string {
	raw, err := SealManifest(m)
	if err != nil {
		return ""
	}
	return Digest(raw)
}

// ManifestPart returns the message to sign for a manifest's bytes. The prefix
// keeps the signature from meaning anything elsewhere, above all as a grant.
func ManifestPart(manifest []byte) []byte {
	return append([]byte(ManifestSchema+"\n"), manifest...)
}

// OpenManifest checks the Ed25519 signature over the bytes and reads them. It
// refuses bytes that SealManifest would not have written.
func OpenManifest(raw, signature []byte, key ed25519.PublicKey) (Manifest, error) {
	const limit = 1 << 20
	if len(key) != ed25519.PublicKeySize || len(raw) > limit || !ed25519.Verify(key, ManifestPart(raw), signature) {
		return Manifest{}, errors.New("the manifest's signature is not ours")
	}
	var s sealed
	if err := DecodeStrict(bytes.Clone(raw), limit, &s); err != nil {
		return Manifest{}, fmt.Errorf("read the manifest: %w", err)
	}
	if s.Schema != ManifestSchema {
		return Manifest{}, fmt.Errorf("the manifest's schema is %q, want %q", s.Schema, ManifestSchema)
	}
	again, err := SealManifest(s.Manifest)
	if err != nil {
		return Manifest{}, err
	}
	if !bytes.Equal(again, raw) {
		return Manifest{}, errors.New("the manifest is not in its one form")
	}
	return s.Manifest, nil
}
