package guardrails

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// GrantSchema names the form of a grant's bytes. It is part of what is signed.
const GrantSchema = "roleos/grant/v1"

// GrantLife is how long a grant is good for unless the setting is shorter. It
// is also the longest: a person's yes is about now.
const GrantLife = 15 * time.Minute

// Grant is a person's confirmation of one change set in one environment.
type Grant struct {
	Schema   string    `json:"schema"`
	ID       string    `json:"id"`
	Binding  Binding   `json:"binding"`
	View     string    `json:"view"` // digest of what the approver was shown
	Approver Principal `json:"approver"`
	Second   Principal `json:"second"`             // the other person, where two are needed
	Solo     bool      `json:"solo"`               // given in a workspace of one person
	Typed    bool      `json:"typed"`              // the target's name was typed
	Hasty    bool      `json:"hasty"`              // confirmed faster than the view can be read
	Standing string    `json:"standing,omitempty"` // the standing delegation it rests on; nobody looked at the set
	Granted  time.Time `json:"granted"`
	Expires  time.Time `json:"expires"`
	Nonce    string    `json:"nonce"`
}

// Confirmed is a grant whose signature was checked. Only OpenGrant makes one;
// the zero Confirmed confirms nothing.
type Confirmed struct {
	grant Grant
	key   [sha256.Size]byte // of the binding
	long  bool              // it claims to be good for longer than any grant may be
	ok    bool
}

// Grant returns the grant; ok is false for the zero Confirmed.
func (c *Confirmed) Grant() (g Grant, ok bool) {
	if c == nil {
		return Grant{}, false
	}
	return c.grant, c.ok
}

// SealGrant writes the grant's bytes, once. Sign what SignedPart returns.
func SealGrant(g Grant) ([]byte, error) {
	g.Schema = GrantSchema
	b, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("write the grant: %w", err)
	}
	return b, nil
}

// SignedPart returns the message to sign for a grant's bytes. The prefix keeps
// the signature from meaning anything elsewhere.
func SignedPart(grant []byte) []byte {
	return append([]byte(GrantSchema+"\n"), grant...)
}

// OpenGrant checks the Ed25519 signature over the bytes and reads them.
func OpenGrant(raw, signature []byte, key ed25519.PublicKey) (*Confirmed, error) {
	const limit = 64 << 10
	if len(key) != ed25519.PublicKeySize || len(raw) > limit || !ed25519.Verify(key, SignedPart(raw), signature) {
		return nil, errors.New("the grant's signature is not ours")
	}
	c := &Confirmed{}
	if err := DecodeStrict(bytes.Clone(raw), limit, &c.grant); err != nil {
		return nil, fmt.Errorf("read the grant: %w", err)
	}
	if c.grant.Schema != GrantSchema {
		return nil, fmt.Errorf("the grant's schema is %q, want %q", c.grant.Schema, GrantSchema)
	}
	var err error
	if c.key, err = c.grant.Binding.key(); err != nil {
		return nil, err
	}
	c.long = c.grant.Expires.Sub(c.grant.Granted) > GrantLife
	c.ok = true
	return c, nil
}
