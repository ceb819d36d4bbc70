package keyfile_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
)

func TestMadeOnceAndKeptToOneself(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	var wg sync.WaitGroup
	names := make([]string, 8)
	for i := range names {
		wg.Go(func() {
			k := keyfile.New(dir)
			name, sig, err := k.Sign(t.Context(), []byte("message"))
			if err != nil {
				t.Error(err)
				return
			}
			pub, err := k.Public(t.Context(), name)
			if err != nil || !ed25519.Verify(pub, []byte("message"), sig) {
				t.Errorf("the signature does not verify: %v", err)
			}
			names[i] = name
		})
	}
	wg.Wait()
	for _, n := range names {
		if n != names[0] {
			t.Fatal("two processes made two keys")
		}
	}
	info, err := os.Stat(filepath.Join(dir, keyfile.Name))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := keyfile.New(dir).Public(t.Context(), "other"); fault.KindOf(err) != fault.Denied {
		t.Errorf("another key: %v", err)
	}
}

func TestRefusesWhatOthersCouldHaveRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, keyfile.Name)
	if _, _, err := keyfile.New(dir).Sign(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keyfile.New(dir).Sign(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a readable key is used: %v", err)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keyfile.New(dir).Sign(t.Context(), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nonsense is a key: %v", err)
	}
}
