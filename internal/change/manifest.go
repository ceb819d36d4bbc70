package change

import (
	"context"
	"fmt"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Foreign marks a target that passes writes on to somebody else's operations,
// such as the tools of an MCP server: what they do to the world is known from no
// code of ours. New takes such a target only as External returns it.
type Foreign interface {
	Target
	// Foreign does nothing; that it is there says it.
	Foreign()
}

// SealedManifest is a manifest's bytes with our signature.
type SealedManifest struct {
	Bytes     []byte
	Signature []byte
	Key       string // which key signed
}

// SealManifest writes the manifest down and signs it. Only a person's decision
// may lead here: with its classes, a manifest says what is asked before a write.
func SealManifest(ctx context.Context, keys Keys, m guardrails.Manifest) (SealedManifest, error) {
	raw, err := guardrails.SealManifest(m)
	if err != nil {
		return SealedManifest{}, fault.Wrap(err, fault.Invalid, "change.manifest", "the manifest cannot be written down")
	}
	key, sig, err := keys.Sign(ctx, guardrails.ManifestPart(raw))
	if err != nil {
		return SealedManifest{}, err
	}
	return SealedManifest{Bytes: raw, Signature: sig, Key: key}, nil
}

// External returns a target whose operations are somebody else's, with the
// manifest that we signed for it. It fails with fault.Denied when the signature
// is not by a key of ours over exactly these bytes.
func External(ctx context.Context, keys Keys, sealed SealedManifest, target Foreign) (Registered, error) {
	pub, err := keys.Public(ctx, sealed.Key)
	if err != nil {
		return Registered{}, fault.Wrap(err, fault.Denied, "change.manifest", "the manifest was not signed here").
			WithMend("read what the tool does, then sign a manifest for it")
	}
	m, err := guardrails.OpenManifest(sealed.Bytes, sealed.Signature, pub)
	if err != nil {
		return Registered{}, fault.Wrap(err, fault.Denied, "change.manifest", "the manifest is not as it was signed").
			WithMend("read what the tool does, then sign a manifest for it")
	}
	return Registered{Manifest: m, Target: target, signed: m.Digest()}, nil
}

// trust checks what is said about the target and notes its digest. A manifest
// in our own code is trusted as compiled; one for a foreign target must still be
// the one whose signature External has checked.
func (r *Registered) trust() error {
	raw, err := guardrails.SealManifest(r.Manifest)
	if err != nil {
		return fmt.Errorf("change: the manifest of the target %q: %w", r.Manifest.Name, err)
	}
	r.digest = guardrails.Digest(raw)
	if _, foreign := r.Target.(Foreign); (foreign || r.signed != "") && r.signed != r.digest {
		return fault.New(fault.Denied, "change.manifest", "the target %q acts through somebody else's operations and has no manifest signed by us", r.Manifest.Name).
			WithMend("sign a manifest for it")
	}
	return nil
}

// version names the target's behaviour as its manifest has it, with the
// manifest's digest, and the target's own schema. It is part of every set,
// proof and grant, so that none outlives a change of what we say about a target.
func version(t Registered, schema string) string {
	const enough = 16 // hexadecimal digits
	v := t.Manifest.Version + " manifest " + t.digest[:min(enough, len(t.digest))]
	if schema != "" {
		v += " " + schema
	}
	return v
}
