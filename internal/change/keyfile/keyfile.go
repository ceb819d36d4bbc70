package keyfile

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"roleos/internal/fault"
)

// Name is the key file's name in its directory.
const Name = "grants.key"

// Keys signs with the key in a directory. It is safe for concurrent use.
type Keys struct {
	dir string

	mu  sync.Mutex
	key ed25519.PrivateKey
}

// New returns the keys in dir. Nothing is read or made before the first use.
func New(dir string) *Keys { return &Keys{dir: dir} }

// Sign returns the key's name and its Ed25519 signature over message. It makes
// the key when there is none.
func (k *Keys) Sign(_ context.Context, message []byte) (key string, signature []byte, err error) {
	priv, err := k.load()
	if err != nil {
		return "", nil, err
	}
	return name(priv), ed25519.Sign(priv, message), nil
}

// Public returns the named key's public half; fault.Denied for any other key.
func (k *Keys) Public(_ context.Context, key string) (ed25519.PublicKey, error) {
	priv, err := k.load()
	if err != nil {
		return nil, err
	}
	if key != name(priv) {
		return nil, fault.New(fault.Denied, "keyfile.public", "the confirmation was signed with the key %.20q, which is not ours", key).
			WithMend("confirm again")
	}
	return public(priv), nil
}

func public(priv ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(priv[ed25519.SeedSize:])
}

// name returns the first 16 hexadecimal digits of the public half's SHA-256.
func name(priv ed25519.PrivateKey) string {
	sum := sha256.Sum256(public(priv))
	return hex.EncodeToString(sum[:8])
}

// load reads the key once and makes it when it is missing.
func (k *Keys) load() (ed25519.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return k.key, nil
	}
	path := filepath.Join(k.dir, Name)
	priv, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(k.dir, path); err == nil {
			priv, err = read(path)
		}
	}
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.Wrap(err, fault.Unavailable, "keyfile.load", "the key that signs confirmations cannot be read")
	}
	k.key = priv
	return priv, nil
}

func read(path string) (ed25519.PrivateKey, error) {
	const most = 4 << 10
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fault.New(fault.Denied, "keyfile.read", "%s is not a key file", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "keyfile.read", "%s can be read by others (%s)", path, info.Mode().Perm()).
			WithMend("delete it if others may have; a new one is made. Otherwise: chmod 600 %s", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(raw)
	if block == nil || len(rest) > 0 {
		return nil, fault.New(fault.Invalid, "keyfile.read", "%s holds no key", path).WithMend("delete it; a new one is made, and open confirmations end")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	priv, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "keyfile.read", "%s holds no Ed25519 key", path).WithMend("delete it; a new one is made, and open confirmations end")
	}
	return priv, nil
}

// create writes a new key whole, unless another process is faster.
func create(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*.key") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	return os.Rename(f.Name(), path)
}
