package change_test

import (
	"bytes"
	"fmt"
	"testing"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	"roleos/internal/target/files"
)

// synthesis is JSON on one line, as large as that of a million records.
func synthesis(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"themes":[`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `{"id":"t%d","label":"sync <fails> & “hangs”","record_ids":["r%d","r%d"]},`, i, i*2, i*2+1)
	}
	b.WriteString(`{}]}`)
	return b.Bytes()
}

// What a million records give is published, and published again, whole. It is a
// benchmark so that it is measured, and so that it runs without the race detector.
func BenchmarkPublishAMillionRecords(b *testing.B) {
	body := synthesis(12 << 20)
	other := bytes.Clone(body)
	other[len(other)/2]++
	for b.Loop() {
		db := storetest.Open(b, storetest.SQLiteURL(b))
		w := newWorld(b, db, nil)
		w.applied(publishing(files.Create, body))
		w.applied(publishing(files.Update, other))
		if got := w.file("context/synthesis.json"); got != string(other) {
			b.Fatalf("%d bytes were published as %d", len(other), len(got))
		}
	}
}

func publishing(op string, body []byte) change.Proposal {
	p := publish()
	p.Changes = []change.Intended{{Op: op, Object: "context/synthesis.json", Body: body}}
	return p
}

func TestSizesBeyondTheBoundsAreRefusedAndNothingIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []int
		kind   fault.Kind
	}{
		"one body":          {[]int{change.MaxBody + 1}, fault.Invalid},
		"all bodies in sum": {[]int{change.MaxBody, change.MaxBody}, fault.Invalid},
	} {
		w := newWorld(t, sqlite(t), nil)
		p := tickets()
		for i, n := range c.bodies {
			p.Changes = append(p.Changes, change.Intended{Op: "create", Object: fmt.Sprint("o", i), Body: make([]byte, n)})
		}
		_, err := w.Plan(t.Context(), p)
		wantKind(t, err, c.kind)
		if sets, _, err := w.List(t.Context(), change.Filter{}, "", 10); err != nil || len(sets) > 0 {
			t.Errorf("%s: %d sets kept, %v", name, len(sets), err)
		}
	}
}

// A body of invisible characters is many times as long when it is written out.
// What would be too long to be shown is not confirmed; it can be rejected.
func TestWhatIsTooLongToBeShownIsNotConfirmed(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds with the race detector")
	}
	w := newWorld(t, sqlite(t), nil)
	p := tickets()
	p.Changes = []change.Intended{{Op: "create", Object: "noise", Body: bytes.Repeat([]byte{0xFF}, 5<<20+1<<18)}}
	set := w.staged(p)
	_, err := w.Confirm(t.Context(), set.ID, ann, change.Answer{Text: set.Digest[:change.ShortDigest], View: guardrails.Digest(nil), Shown: w.clock()})
	wantKind(t, err, fault.Exhausted)
	if got, err := w.Reject(t.Context(), set.ID, ann, "noise"); err != nil || got.State != change.Rejected {
		t.Errorf("%s, %v", got.State, err)
	}
}
