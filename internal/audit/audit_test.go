package audit_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"roleos/internal/audit"
	"roleos/internal/fault"
)

type fatal interface{ Fatal(args ...any) }

func newKeys(t fatal) (audit.Keys, note.Verifiers) {
	secret, public, err := audit.GenerateKey(rand.Reader, audit.KeyName)
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	believed, err := audit.ParseVerifiers(public)
	if err != nil {
		t.Fatal(err)
	}
	return func(context.Context) (audit.Key, error) { return key, nil }, believed
}

func clock() func() time.Time {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

func fill(t fatal, l *audit.Log, n int) {
	for i := range n {
		if err := l.Append(context.Background(), "review.approve", "person:ana", fmt.Sprintf("dr-%d", i), map[string]any{"digest": i}); err != nil {
			t.Fatal(err)
		}
	}
}

func checkpoint(t fatal, l *audit.Log) []byte {
	cp, err := l.Checkpoint(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

func TestRecordsAreListedAsTheyWereWritten(t *testing.T) {
	keys, _ := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	fill(t, l, 3)
	if err := l.WithMode("solo").Append(t.Context(), "grant", "person:ana", "cs-1", nil); err != nil {
		t.Fatal(err)
	}
	got, err := l.List(t.Context(), 1, 10)
	if err != nil || len(got) != 3 {
		t.Fatalf("List = %d records, %v; want the three after record 1", len(got), err)
	}
	if got[0].Seq != 2 || got[0].Subject != "dr-1" || string(got[0].Detail) != `{"digest":1}` || got[0].Mode != "" {
		t.Errorf("record 2 reads %+v", got[0])
	}
	if got[2].Mode != "solo" || got[2].Detail != nil {
		t.Errorf("record 4 reads %+v, want it marked solo and without detail", got[2])
	}
}

func TestARecordWithoutActorOrWithAHugeDetailIsRefused(t *testing.T) {
	keys, _ := newKeys(t)
	m := newMemory()
	l := audit.New(m, nil, keys, clock())
	for name, err := range map[string]error{
		"no actor":    l.Append(t.Context(), "grant", "", "x", nil),
		"no kind":     l.Append(t.Context(), "", "person:ana", "x", nil),
		"huge detail": l.Append(t.Context(), "grant", "person:ana", "x", strings.Repeat("a", audit.MaxDetail)),
		"long name":   l.Append(t.Context(), "grant", strings.Repeat("a", 1000), "x", nil),
		"no JSON":     l.Append(t.Context(), "grant", "person:ana", "x", func() {}),
	} {
		if err == nil || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: error %v, want invalid", name, err)
		}
	}
	if m.size != 0 {
		t.Errorf("the log has %d records", m.size)
	}
}

func TestConcurrentAppendersLoseNothing(t *testing.T) {
	keys, _ := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				for {
					err := l.Append(context.Background(), "step", "roleos", "run", nil)
					if err == nil {
						break
					}
					if fault.KindOf(err) != fault.Conflict && !strings.Contains(err.Error(), "lost the hash") {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	r, err := l.Verify(t.Context(), checkpoint(t, l))
	if err != nil || !r.Intact() || r.Records != 100 {
		t.Errorf("report %+v, %v", r, err)
	}
}

func TestAnIntactLogVerifies(t *testing.T) {
	keys, _ := newKeys(t)
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 499, 500, 501, 1203} {
		m := newMemory()
		l := audit.New(m, m, keys, clock())
		fill(t, l, n/2)
		saved := checkpoint(t, l)
		fill(t, l, n-n/2)
		checkpoint(t, l)
		r, err := l.Verify(t.Context(), saved)
		if err != nil || !r.Intact() || r.Records != int64(n) || !r.Saved {
			t.Errorf("%d records: report %+v, %v", n, r, err)
		}
	}
}

// Every way to change a log, by someone who can write its whole storage.
func TestTamperingIsFoundAndNamed(t *testing.T) {
	keys, _ := newKeys(t)
	base := newMemory()
	l := audit.New(base, base, keys, clock())
	fill(t, l, 20)
	checkpoint(t, l)
	fill(t, l, 20)
	saved := checkpoint(t, l)
	fill(t, l, 3)

	leafHash := func(m *memory, seq int64) { m.hashes[tlog.StoredHashIndex(0, seq-1)] = tlog.RecordHash(m.leaves[seq]) }
	edit := func(m *memory, seq int64) {
		m.leaves[seq] = bytes.Replace(m.leaves[seq], []byte("person:ana"), []byte("person:eve"), 1)
	}
	swap := func(m *memory, a, b int64) { m.leaves[a], m.leaves[b] = m.leaves[b], m.leaves[a] }
	for name, c := range map[string]struct {
		tamper func(m *memory)
		kind   audit.ProblemKind
		seq    int64
		to     int64
	}{
		"edited record":                  {func(m *memory) { edit(m, 7) }, audit.Edited, 7, 7},
		"edited after the checkpoint":    {func(m *memory) { edit(m, 42) }, audit.Edited, 42, 42},
		"edited with its own hash":       {func(m *memory) { edit(m, 7); leafHash(m, 7) }, audit.Broken, 7, 8},
		"edited, all hashes made to fit": {func(m *memory) { edit(m, 30); m.rehash() }, audit.Rewritten, 21, 40},
		"same, checkpoints removed":      {func(m *memory) { edit(m, 30); m.rehash(); clear(m.kept) }, audit.Rewritten, 1, 40},
		"swapped rows":                   {func(m *memory) { swap(m, 5, 11) }, audit.Moved, 5, 5},
		"swapped rows and hashes":        {func(m *memory) { swap(m, 5, 11); leafHash(m, 5); leafHash(m, 11) }, audit.Moved, 11, 11},
		"swapped rows, all hashes fit":   {func(m *memory) { swap(m, 5, 11); m.rehash() }, audit.Moved, 5, 5},
		"removed middle":                 {func(m *memory) { delete(m.leaves, 12); delete(m.leaves, 13) }, audit.Missing, 12, 13},
		"removed middle, closed up":      {func(m *memory) { delete(m.leaves, 12); m.rehash() }, audit.Moved, 12, 12},
		"removed first":                  {func(m *memory) { delete(m.leaves, 1) }, audit.Missing, 1, 1},
		"removed middle with its hash":   {func(m *memory) { delete(m.leaves, 13); delete(m.hashes, tlog.StoredHashIndex(0, 12)) }, audit.Missing, 13, 13},
		"removed tail":                   {func(m *memory) { delete(m.leaves, 43); delete(m.leaves, 42) }, audit.Truncated, 42, 43},
		"removed tail, count and hashes": {func(m *memory) {
			delete(m.leaves, 43)
			m.rehash()
			clear(m.kept)
			delete(m.leaves, 42)
			delete(m.leaves, 41)
			delete(m.leaves, 40)
			m.rehash()
		}, audit.Truncated, 40, 40},
		"removed everything":                {func(m *memory) { clear(m.leaves); m.rehash(); clear(m.kept) }, audit.Truncated, 1, 40},
		"added beyond the count":            {func(m *memory) { m.size = 42 }, audit.Added, 43, 43},
		"lost hash":                         {func(m *memory) { delete(m.hashes, tlog.StoredHashIndex(2, 1)) }, audit.Broken, 5, 8},
		"changed hash":                      {func(m *memory) { m.hashes[tlog.StoredHashIndex(1, 3)] = tlog.Hash{1} }, audit.Broken, 7, 8},
		"checkpoint beside the log forged":  {func(m *memory) { m.kept[20] = []byte("roleos/audit\n20\nx\n\n— eve AAAA\n") }, audit.Signature, 0, 0},
		"record replaced by something else": {func(m *memory) { m.leaves[9] = []byte("\xff") }, audit.Edited, 9, 9},
	} {
		t.Run(name, func(t *testing.T) {
			m := base.clone()
			c.tamper(m)
			r, err := audit.New(m, m, keys, clock()).Verify(t.Context(), saved)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Problems, func(p audit.Problem) bool { return p.Kind == c.kind && p.Seq == c.seq && p.To == c.to }) {
				t.Errorf("problems %+v\nwant one %s at %d to %d", r.Problems, c.kind, c.seq, c.to)
			}
			if len(r.Problems) > 7 {
				t.Errorf("one change is told in %d problems: %+v", len(r.Problems), r.Problems)
			}
		})
	}
}

func TestAnyBitFlipIsFound(t *testing.T) {
	keys, _ := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		l := audit.New(m, m, keys, clock())
		n := rapid.IntRange(1, 40).Draw(t, "records")
		fill(t, l, n)
		saved := checkpoint(t, l)
		if rapid.Bool().Draw(t, "in a leaf") {
			seq := int64(rapid.IntRange(1, n).Draw(t, "seq"))
			b := bytes.Clone(m.leaves[seq])
			b[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			m.leaves[seq] = b
		} else {
			at := rapid.Int64Range(0, tlog.StoredHashCount(int64(n))-1).Draw(t, "hash")
			h := m.hashes[at]
			h[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			m.hashes[at] = h
		}
		if rapid.Bool().Draw(t, "hashes made to fit") {
			was := m.clone()
			m.rehash()
			if same := func() bool {
				for k, v := range was.leaves {
					if !bytes.Equal(v, m.leaves[k]) {
						return false
					}
				}
				r, err := l.Verify(context.Background(), saved)
				return err == nil && r.Intact()
			}(); same {
				return // only a hash was flipped, and rehashing mended it
			}
		}
		r, err := l.Verify(context.Background(), saved)
		if err != nil {
			t.Fatal(err)
		}
		if r.Intact() {
			t.Fatalf("not found")
		}
	})
}

func TestACheckpointIsNotSignedOverAChange(t *testing.T) {
	keys, _ := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	fill(t, l, 6)
	checkpoint(t, l)
	m.leaves[2] = bytes.Replace(m.leaves[2], []byte("ana"), []byte("eve"), 1)
	m.rehash()
	if _, err := l.Checkpoint(t.Context()); err == nil || fault.KindOf(err) != fault.Denied {
		t.Errorf("error %v, want a refusal", err)
	}
}

func TestACheckpointOfAnotherKeyIsRefused(t *testing.T) {
	keys, _ := newKeys(t)
	_, strangers := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	fill(t, l, 2)
	_, err := audit.OpenCheckpoint(checkpoint(t, l), strangers)
	if err == nil || !strings.Contains(err.Error(), "not believed") {
		t.Errorf("error %v, want one that names the unknown key", err)
	}
	if _, err := l.Verify(t.Context(), []byte("hello")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a saved file that is no checkpoint gives %v", err)
	}
	if _, err := audit.ParseKey("nonsense"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a key that is none gives %v", err)
	}
}

func TestKeysThatCannotBeReadStopVerify(t *testing.T) {
	m := newMemory()
	gone := errors.New("no key")
	l := audit.New(m, m, func(context.Context) (audit.Key, error) { return audit.Key{}, gone }, clock())
	fill(t, l, 1) // appending needs no key
	if _, err := l.Verify(t.Context(), nil); !errors.Is(err, gone) {
		t.Errorf("Verify = %v", err)
	}
	if _, err := l.Checkpoint(t.Context()); !errors.Is(err, gone) {
		t.Errorf("Checkpoint = %v", err)
	}
}

func TestProofsHoldForTheirRecordOnly(t *testing.T) {
	keys, believed := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	fill(t, l, 13)
	for seq := int64(1); seq <= 13; seq++ {
		p, err := l.Prove(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := audit.VerifyProof(p, believed); err != nil || r.Seq != seq {
			t.Fatalf("record %d: %+v, %v", seq, r, err)
		}
		other := p
		other.Seq = seq%13 + 1
		edited := p
		edited.Record = strings.Replace(p.Record, "ana", "eve", 1)
		short := p
		short.Path = p.Path[:len(p.Path)-1]
		for name, bad := range map[string]audit.Proof{"another place": other, "edited": edited, "short path": short} {
			if _, err := audit.VerifyProof(bad, believed); err == nil {
				t.Errorf("record %d, %s: the proof holds", seq, name)
			}
		}
	}
	if _, err := l.Prove(t.Context(), 14); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a record that is not there: %v", err)
	}
}

func TestAnExportProvesItselfAndCannotBeChanged(t *testing.T) {
	keys, believed := newKeys(t)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	fill(t, l, 30)
	if err := l.Append(t.Context(), "comment", "person:ana", "dr-1", "<b>“quoted”</b> & \u2028 \x00"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := l.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	head, err := audit.VerifyExport(bytes.NewReader(out.Bytes()), believed)
	if err != nil || head.Size != 31 {
		t.Fatalf("VerifyExport = %+v, %v", head, err)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	for name, changed := range map[string]string{
		"edited":     strings.Replace(out.String(), "person:ana", "person:eve", 1),
		"line gone":  strings.Join(slices.Delete(slices.Clone(lines), 4, 5), ""),
		"tail gone":  strings.Join(lines[:20], ""),
		"swapped":    strings.Join(lines[:3], "") + lines[4] + lines[3] + strings.Join(lines[5:], ""),
		"empty":      "",
		"other file": "a,b\n1,2\n",
	} {
		if _, err := audit.VerifyExport(strings.NewReader(changed), believed); err == nil {
			t.Errorf("%s: the export still verifies", name)
		}
	}
	m.leaves[3] = bytes.Replace(m.leaves[3], []byte("ana"), []byte("eve"), 1)
	if err := l.Export(t.Context(), &out); fault.KindOf(err) != fault.Denied {
		t.Errorf("exporting an edited log: %v", err)
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	keys, believed := newKeys(f)
	m := newMemory()
	l := audit.New(m, nil, keys, clock())
	key, _ := keys(f.Context())
	for n := range 3 {
		cp := checkpoint(f, l)
		f.Add(cp)
		fill(f, l, n+1)
	}
	for _, text := range []string{
		"roleos/audit\n9223372036854775807\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
		"roleos/audit\n+1\n\n", "other\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "\n",
	} {
		signed, err := note.Sign(&note.Note{Text: text}, key.Signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed)
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// What a checkpoint may say is fuzzed under a good signature too.
		if signed, err := note.Sign(&note.Note{Text: string(data) + "\n"}, key.Signer); err == nil {
			if h, err := audit.OpenCheckpoint(signed, believed); err == nil && (h.Size < 0 || h.Size > 1<<40) {
				t.Errorf("size %d passed", h.Size)
			}
		}
		h, err := audit.OpenCheckpoint(data, believed)
		if err != nil {
			return
		}
		if _, err := l.Verify(t.Context(), data); err != nil {
			t.Errorf("a checkpoint of %d records opens but stops Verify: %v", h.Size, err)
		}
	})
}

func BenchmarkLog(b *testing.B) {
	keys, _ := newKeys(b)
	m := newMemory()
	l := audit.New(m, m, keys, clock())
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			fill(b, l, 1)
		}
	})
}
