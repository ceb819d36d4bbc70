package audit_test

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/audit"
	"roleos/internal/fault"
)

// memory is a storage whose insides a test may tamper with.
type memory struct {
	mu     sync.Mutex
	size   int64
	leaves map[int64][]byte
	hashes map[int64]tlog.Hash
	kept   map[int64][]byte
	about  map[string][]int64
}

func newMemory() *memory {
	return &memory{leaves: map[int64][]byte{}, hashes: map[int64]tlog.Hash{}, kept: map[int64][]byte{}, about: map[string][]int64{}}
}

func (m *memory) clone() *memory {
	return &memory{size: m.size, leaves: maps.Clone(m.leaves), hashes: maps.Clone(m.hashes), kept: maps.Clone(m.kept), about: maps.Clone(m.about)}
}

func (m *memory) Size(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size, nil
}

func (m *memory) Append(_ context.Context, leaf audit.Leaf, first int64, hashes []tlog.Hash) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size != leaf.Seq-1 {
		return fault.New(fault.Conflict, "memory", "record %d exists", leaf.Seq)
	}
	m.size = leaf.Seq
	m.leaves[leaf.Seq] = leaf.Bytes
	m.about[leaf.Subject] = append(m.about[leaf.Subject], leaf.Seq)
	for i, h := range hashes {
		m.hashes[first+int64(i)] = h
	}
	return nil
}

func (m *memory) Leaves(_ context.Context, after int64, limit int) ([]audit.Leaf, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []audit.Leaf
	for _, seq := range slices.Sorted(maps.Keys(m.leaves)) {
		if seq > after && len(out) < limit {
			out = append(out, audit.Leaf{Seq: seq, Bytes: m.leaves[seq]})
		}
	}
	return out, nil
}

func (m *memory) About(_ context.Context, subject string) ([]audit.Leaf, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []audit.Leaf
	for _, seq := range m.about[subject] {
		out = append(out, audit.Leaf{Seq: seq, Bytes: m.leaves[seq]})
	}
	return out, nil
}

func (m *memory) Hashes(_ context.Context, indexes []int64) ([]tlog.Hash, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *memory) SaveCheckpoint(_ context.Context, size int64, note []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[size] == nil {
		m.kept[size] = note
	}
	return nil
}

func (m *memory) Checkpoints(_ context.Context, limit int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]byte
	for _, size := range slices.Backward(slices.Sorted(maps.Keys(m.kept))) {
		if len(out) < limit {
			out = append(out, m.kept[size])
		}
	}
	return out, nil
}

// rehash rebuilds every hash from the leaves, as someone would who can write
// the whole database but has no key.
func (m *memory) rehash() {
	m.hashes = map[int64]tlog.Hash{}
	n := int64(0)
	leaves := map[int64][]byte{}
	for _, seq := range slices.Sorted(maps.Keys(m.leaves)) {
		b := m.leaves[seq]
		hs, err := tlog.StoredHashes(n, b, tlog.HashReaderFunc(func(ix []int64) ([]tlog.Hash, error) {
			return m.Hashes(context.Background(), ix)
		}))
		if err != nil {
			return
		}
		for i, h := range hs {
			m.hashes[tlog.StoredHashIndex(0, n)+int64(i)] = h
		}
		n++
		leaves[n] = b
	}
	m.leaves, m.size = leaves, n
}
