package guardrails_test

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roleos/guardrails"
)

func drawManifest(t *rapid.T) guardrails.Manifest {
	m := guardrails.Manifest{
		Name: rapid.StringN(1, 20, -1).Draw(t, "name"), Version: rapid.StringN(1, 20, -1).Draw(t, "version"), Settles: rapid.Bool().Draw(t, "settles"),
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "operations") {
		m.Operations = append(m.Operations, guardrails.Operation{
			Name:  fmt.Sprint(i, rapid.String().Draw(t, "operation")),
			Class: rapid.SampledFrom([]guardrails.Class{guardrails.Read, guardrails.Create, guardrails.Update, guardrails.Delete, guardrails.Send}).Draw(t, "class"),
		})
	}
	return m
}

func manifestKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return ed25519.PublicKey(k[ed25519.SeedSize:]) }

// What was signed opens as it was; with any bit flipped, in the bytes, the
// signature or the key, it does not.
func TestAnyFlippedBitOfAManifestIsRefused(t *testing.T) {
	key := manifestKey('a')
	rapid.Check(t, func(t *rapid.T) {
		m := drawManifest(t)
		raw, err := guardrails.SealManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		sig := ed25519.Sign(key, guardrails.ManifestPart(raw))
		got, err := guardrails.OpenManifest(raw, sig, public(key))
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest() != guardrails.Digest(raw) || got.Name != m.Name || got.Settles != m.Settles || !slices.Equal(got.Operations, m.Operations) {
			t.Fatalf("%+v was sealed, %+v opened", m, got)
		}
		parts := [][]byte{raw, sig, public(key)}
		which := rapid.IntRange(0, len(parts)-1).Draw(t, "part")
		parts[which] = slices.Clone(parts[which])
		parts[which][rapid.IntRange(0, len(parts[which])-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if m, err := guardrails.OpenManifest(parts[0], parts[1], parts[2]); err == nil || m.Name != "" {
			t.Fatalf("flipped and opened: %+v", m)
		}
	})
}

// Every single byte of one manifest, not only drawn ones.
func TestEveryFlippedByteOfAManifestIsRefused(t *testing.T) {
	key := manifestKey('a')
	raw, err := guardrails.SealManifest(tool())
	if err != nil {
		t.Fatal(err)
	}
	sig := ed25519.Sign(key, guardrails.ManifestPart(raw))
	for i := range raw {
		for bit := range 8 {
			other := slices.Clone(raw)
			other[i] ^= 1 << bit
			if _, err := guardrails.OpenManifest(other, sig, public(key)); err == nil {
				t.Fatalf("byte %d, bit %d: opened", i, bit)
			}
		}
		if _, err := guardrails.OpenManifest(raw[:i], sig, public(key)); err == nil {
			t.Fatalf("cut off after %d bytes: opened", i)
		}
	}
}

func tool() guardrails.Manifest {
	return guardrails.Manifest{Name: "notes", Version: "1", Operations: []guardrails.Operation{
		{Name: "list", Class: guardrails.Read}, {Name: "write", Class: guardrails.Update},
	}}
}

func TestManifestsOfOthersAndOtherForms(t *testing.T) {
	key := manifestKey('a')
	raw, err := guardrails.SealManifest(tool())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(b []byte) []byte { return ed25519.Sign(key, guardrails.ManifestPart(b)) }
	refused := func(name string, raw, sig []byte, pub ed25519.PublicKey) {
		t.Helper()
		if m, err := guardrails.OpenManifest(raw, sig, pub); err == nil {
			t.Errorf("%s: opened as %+v", name, m)
		}
	}
	refused("no signature", raw, nil, public(key))
	refused("no key", raw, sign(raw), nil)
	refused("another's key", raw, ed25519.Sign(manifestKey('b'), guardrails.ManifestPart(raw)), public(key))
	refused("signed as a grant", raw, ed25519.Sign(key, guardrails.SignedPart(raw)), public(key))
	refused("signed bare", raw, ed25519.Sign(key, raw), public(key))
	// Even with our signature, only the one form is read.
	for name, text := range map[string]string{
		"spaces":            strings.Replace(string(raw), ":", ": ", 1),
		"another schema":    strings.Replace(string(raw), "manifest/v1", "manifest/v2", 1),
		"another case":      strings.Replace(string(raw), `"class"`, `"Class"`, 1),
		"a name twice":      strings.Replace(string(raw), `"settles"`, `"settles":true,"settles"`, 1),
		"an unknown name":   strings.Replace(string(raw), `"settles"`, `"readOnlyHint":true,"settles"`, 1),
		"an unknown class":  strings.Replace(string(raw), `"update"`, `"harmless"`, 1),
		"the class unknown": strings.Replace(string(raw), `"update"`, `"unknown"`, 1),
		"a class as number": strings.Replace(string(raw), `"update"`, `1`, 1),
		"listed twice":      strings.Replace(string(raw), `"list"`, `"write"`, 1),
		"no name":           strings.Replace(string(raw), `"notes"`, `""`, 1),
		"no version":        strings.Replace(string(raw), `"version":"1"`, `"version":""`, 1),
		"nothing":           "",
		"too long":          string(raw) + strings.Repeat(" ", 1<<20),
	} {
		if text == string(raw) {
			t.Fatalf("%s changes nothing", name)
		}
		refused(name, []byte(text), sign([]byte(text)), public(key))
	}
	if got, err := guardrails.OpenManifest(raw, sign(raw), public(key)); err != nil || got.Class("write") != guardrails.Update {
		t.Errorf("ours: %+v, %v", got, err)
	}
}

func TestManifestsThatAreNotWrittenDown(t *testing.T) {
	for name, edit := range map[string]func(*guardrails.Manifest){
		"no name":              func(m *guardrails.Manifest) { m.Name = "" },
		"no version":           func(m *guardrails.Manifest) { m.Version = "" },
		"operation unnamed":    func(m *guardrails.Manifest) { m.Operations[0].Name = "" },
		"operation twice":      func(m *guardrails.Manifest) { m.Operations[0].Name = m.Operations[1].Name },
		"operation unknown":    func(m *guardrails.Manifest) { m.Operations[0].Class = guardrails.Unknown },
		"class out of range":   func(m *guardrails.Manifest) { m.Operations[0].Class = 77 },
		"too many operations":  func(m *guardrails.Manifest) { m.Operations = make([]guardrails.Operation, guardrails.MaxOperations+1) },
		"nothing but the zero": func(m *guardrails.Manifest) { *m = guardrails.Manifest{} },
	} {
		m := tool()
		edit(&m)
		if raw, err := guardrails.SealManifest(m); err == nil || m.Digest() != "" {
			t.Errorf("%s: sealed as %s", name, raw)
		}
	}
}

// Whatever a manifest does not plainly say is unknown.
func TestUnlistedOperationsAreUnknown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawManifest(t)
		op := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"list", "delete", "Write", ""})).Draw(t, "op")
		listed := slices.ContainsFunc(m.Operations, func(o guardrails.Operation) bool { return o.Name == op })
		if got := m.Class(op); (got != guardrails.Unknown) != listed {
			t.Fatalf("%q is %s", op, got)
		}
		if len(m.Operations) > 0 {
			twice := append(slices.Clone(m.Operations), guardrails.Operation{Name: m.Operations[0].Name, Class: guardrails.Read})
			if got := (guardrails.Manifest{Operations: twice}).Class(m.Operations[0].Name); got != guardrails.Unknown {
				t.Fatalf("listed twice, and %s", got)
			}
		}
	})
}
