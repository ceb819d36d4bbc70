package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/fault"
)

const (
	maxKept = 10_000  // checkpoints kept beside the log that are looked at
	maxGap  = 1 << 20 // missing records in a row that are looked behind
)

// Verify reads the whole log and recomputes every leaf and every hash. saved is
// a checkpoint that was kept elsewhere; nil compares with those beside the log
// only, which cannot show that the end was cut off by someone who removed them too.
// An error means that nothing could be said; what is wrong is in the report.
func (l *Log) Verify(ctx context.Context, saved []byte) (Report, error) {
	key, err := l.keys(ctx)
	if err != nil {
		return Report{}, err
	}
	v := &verification{log: l}
	if saved != nil {
		head, err := OpenCheckpoint(saved, key.Verifiers)
		if err != nil {
			return Report{}, err
		}
		v.heads = append(v.heads, signedHead{Head: head, saved: true})
		v.report.Saved = true
	}
	if l.checkpoints != nil {
		kept, err := l.checkpoints.Checkpoints(ctx, maxKept)
		if err != nil {
			return Report{}, err
		}
		for _, signed := range kept {
			head, err := OpenCheckpoint(signed, key.Verifiers)
			if err != nil {
				v.report.add(Signature, 0, 0, "a checkpoint kept beside the log cannot be believed: %v", err)
				continue
			}
			v.heads = append(v.heads, signedHead{Head: head})
		}
	}
	slices.SortStableFunc(v.heads, func(a, b signedHead) int { return cmp.Compare(a.Size, b.Size) })
	v.report.Checkpoints = len(v.heads)
	if err := v.run(ctx); err != nil {
		return Report{}, err
	}
	return v.report, nil
}

type signedHead struct {
	Head
	saved bool
}

// verification is one pass over a log. Where a stored hash differs from the one
// computed, it says so and goes on with the stored one: so each change is
// reported where it was made, and the root tells whether the stored hashes are
// still those that were signed.
type verification struct {
	log     *Log
	heads   []signedHead // by size
	next    int          // first head not compared yet
	good    int64        // size of the last head that agreed
	bad     bool         // a head did not agree
	shift   int64        // how far from its place the last record stood
	missing int64        // last missing record that was reported
	tree    tree
	report  Report
}

func (v *verification) run(ctx context.Context) error {
	v.compare()
	for {
		leaves, err := v.log.storage.Leaves(ctx, v.tree.size, maxPage)
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			break
		}
		if more, err := v.page(ctx, leaves); err != nil || !more {
			if err != nil {
				return err
			}
			break
		}
	}
	return v.end(ctx)
}

// page takes up the leaves read after position v.tree.size. It reports false
// when it makes no sense to read on.
func (v *verification) page(ctx context.Context, leaves []Leaf) (bool, error) {
	for len(leaves) > 0 {
		first := v.tree.size
		if leaves[0].Seq <= first {
			return false, fault.New(fault.Internal, "audit.verify", "the storage gave record %d when asked for those after %d", leaves[0].Seq, first)
		}
		if gap := leaves[0].Seq - first - 1; gap > maxGap {
			v.report.add(Missing, first+1, leaves[0].Seq-1, "%d records are missing before record %d; nothing behind them was read", gap, leaves[0].Seq)
			return false, nil
		}
		n := min(leaves[len(leaves)-1].Seq-first, maxPage)
		stored, err := v.hashes(ctx, first, n)
		if err != nil {
			return false, err
		}
		for range n {
			seq := v.tree.size + 1
			own := stored[:1+bits.TrailingZeros64(uint64(seq))]
			stored = stored[len(own):]
			if leaves[0].Seq == seq {
				v.leaf(leaves[0], own)
				leaves = leaves[1:]
			} else {
				v.gap(seq, leaves[0].Seq-1)
				v.nodes(seq, own)
			}
			v.compare()
			if len(leaves) == 0 {
				break
			}
		}
	}
	return true, nil
}

// gap reports missing records once.
func (v *verification) gap(first, last int64) {
	if first > v.missing {
		v.report.add(Missing, first, last, "%s %s missing", span(first, last), verb(first, last, "is", "are"))
	}
	v.missing = last
}

// hashes returns the stored hashes of n records from index first on.
func (v *verification) hashes(ctx context.Context, first, n int64) ([]tlog.Hash, error) {
	from, to := tlog.StoredHashCount(first), tlog.StoredHashCount(first+n)
	indexes := make([]int64, to-from)
	for i := range indexes {
		indexes[i] = from + int64(i)
	}
	stored, err := v.log.storage.Hashes(ctx, indexes)
	if err != nil {
		return nil, err
	}
	if len(stored) != len(indexes) {
		return nil, fault.New(fault.Internal, "audit.verify", "asked for %d tree hashes, got %d", len(indexes), len(stored))
	}
	return stored, nil
}

// leaf checks one record against its stored hash and its place.
func (v *verification) leaf(leaf Leaf, stored []tlog.Hash) {
	v.report.Records++
	seq := leaf.Seq
	hash := tlog.RecordHash(leaf.Bytes)
	var says struct {
		Seq int64 `json:"seq"`
	}
	err := json.Unmarshal(leaf.Bytes, &says)
	switch {
	case err == nil && says.Seq != seq && says.Seq-seq != v.shift: // one record taken out moves all behind it: that is said once
		v.report.add(Moved, seq, seq, "in the place of record %d stands one that was written as record %d", seq, says.Seq)
	case stored[0] == (tlog.Hash{}):
		v.report.add(Broken, seq, seq, "the hash of record %d is lost", seq)
		stored[0] = hash
	case hash != stored[0]:
		v.report.add(Edited, seq, seq, "record %d is not the one that was written: its bytes give another hash", seq)
	case err != nil:
		v.report.add(Edited, seq, seq, "record %d is no JSON", seq)
	}
	v.shift = 0
	if err == nil {
		v.shift = says.Seq - seq
	}
	v.nodes(seq, stored)
}

// nodes checks the hashes that record seq completed, its own first. That is zero
// when it is lost with its record: then those above it are taken as stored.
func (v *verification) nodes(seq int64, stored []tlog.Hash) {
	var hash, unknown tlog.Hash
	for level, want := range stored {
		if level > 0 {
			left, right := v.tree.left[level-1], hash
			first := seq - 1<<level + 1
			hash = tlog.NodeHash(left, right)
			switch {
			case left == unknown || right == unknown || want == hash:
			case want == unknown:
				v.report.add(Broken, first, seq, "the hash over %s is lost", span(first, seq))
				want = hash
			default:
				v.report.add(Broken, first, seq, "the hash over %s does not follow from the hashes below it", span(first, seq))
			}
		}
		hash = want
	}
	v.tree.left[len(stored)-1] = hash
	v.tree.size = seq
}

// compare holds the tree against the checkpoints of its present size.
func (v *verification) compare() {
	for ; v.next < len(v.heads) && v.heads[v.next].Size == v.tree.size; v.next++ {
		h := v.heads[v.next]
		switch {
		case v.tree.root() == h.Root:
			if !v.bad {
				v.good = h.Size
			}
		case !v.bad || h.saved:
			v.bad = true
			v.report.add(Rewritten, min(v.good+1, h.Size), h.Size, "%s: at least one is not what it was when the checkpoint of %d records was signed",
				span(min(v.good+1, h.Size), h.Size), h.Size)
		}
	}
}

// end compares what was found with what the counter and the checkpoints promise.
func (v *verification) end(ctx context.Context) error {
	v.report.Root = v.tree.root().String()
	found := v.tree.size
	size, err := v.log.storage.Size(ctx)
	if err != nil {
		return err
	}
	most := size
	for _, h := range v.heads[v.next:] {
		most = max(most, h.Size)
	}
	if most > found {
		v.report.add(Truncated, found+1, most, "%s %s gone from the end: the log holds %d, %d were promised",
			span(found+1, most), verb(found+1, most, "is", "are"), found, most)
	}
	if found > size {
		v.report.add(Added, size+1, found, "%s %s there although the log counts %d", span(size+1, found), verb(size+1, found, "is", "are"), size)
	}
	return nil
}

// tree is the right edge of a Merkle tree: for every set bit of size the root of
// the full subtree of that height.
type tree struct {
	size int64
	left [64]tlog.Hash
}

func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	low := bits.TrailingZeros64(uint64(t.size))
	h := t.left[low]
	for level := low + 1; t.size>>level > 0; level++ {
		if t.size>>level&1 == 1 {
			h = tlog.NodeHash(t.left[level], h)
		}
	}
	return h
}
