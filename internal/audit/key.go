package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"roleos/internal/fault"
)

// KeyName is the name under which checkpoints are signed unless the caller has its own.
const KeyName = "roleos-audit"

// GenerateKey makes a new Ed25519 key in note's text form. The secret is for
// the caller to keep; the public part is what verifies.
func GenerateKey(rand io.Reader, name string) (secret, public string, err error) {
	secret, public, err = note.GenerateKey(rand, name)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "audit.key", "no key could be made")
	}
	return secret, public, nil
}

// ParseKey returns the key in secret, which also believes its own signatures
// and those of the public keys given (retired ones).
func ParseKey(secret string, believed ...string) (Key, error) {
	const op = "audit.key"
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, op, "the audit key is no note signing key (PRIVATE+KEY+name+hash+data)")
	}
	own, err := publicOf(signer.Name(), secret)
	if err != nil {
		return Key{}, err
	}
	verifiers, err := ParseVerifiers(append([]string{own}, believed...)...)
	if err != nil {
		return Key{}, err
	}
	return Key{Signer: signer, Verifiers: verifiers}, nil
}

// ParseVerifiers returns the verifiers of the public keys.
func ParseVerifiers(public ...string) (Verifiers, error) {
	var list []note.Verifier
	for _, p := range public {
		v, err := note.NewVerifier(strings.TrimSpace(p))
		if err != nil {
			return nil, fault.New(fault.Invalid, "audit.key", "%q is no public audit key (name+hash+data)", p)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

// publicOf derives the public key, so that it needs no second place to live.
func publicOf(name, secret string) (string, error) {
	const ed25519Algorithm = 1
	parts := strings.SplitN(secret, "+", 5) // PRIVATE+KEY+name+hash+data, and data may hold a plus
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != ed25519Algorithm {
		return "", fault.New(fault.Invalid, "audit.key", "the audit key is not an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", fault.New(fault.Internal, "audit.key", "the audit key has no public part")
	}
	out, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "audit.key", "the audit key has an unusable name")
	}
	return out, nil
}
