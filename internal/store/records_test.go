package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// records makes n records; every tenth has personal data masked.
func records(n int) store.RecordSet {
	set := store.RecordSet{
		Sources:   []evidence.Source{{ID: "src-1", Name: "export.csv", Digest: "sha256:00", Bytes: 10, Format: "csv", Records: n}},
		Originals: map[string]string{},
	}
	for i := range n {
		r := evidence.Record{
			ID: fmt.Sprintf("T-%d", i), Source: "src-1", Origin: evidence.Origin{Row: i + 2},
			Text:     fmt.Sprintf("The <export> of report %d takes %d minutes & then it stops, which costs us the morning 日本.", i%97, i%13),
			Time:     time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC),
			Channel:  []string{"email", "chat", "survey"}[i%3],
			Score:    &evidence.Score{Kind: "nps", Value: float64(i % 11), Max: 10},
			Segments: []evidence.Attr{{Name: "plan", Value: []string{"free", "team"}[i%2]}},
		}
		if i%10 == 0 {
			r.Text, r.Masks = "[mail***] wrote", []evidence.Mask{{Span: evidence.Span{Start: 0, End: 9}, Kind: "email"}}
			set.Originals[r.ID] = fmt.Sprintf("a%02d@x.com wrote", i%100)
		}
		set.Records = append(set.Records, r)
	}
	return set
}

func TestRecordSetsComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for _, n := range []int{0, 1, 1999, 2000, 2001, 4500} {
			set := records(n)
			id, err := db.PutRecords(ctx, set)
			must(t, err)
			again, err := db.PutRecords(ctx, set)
			must(t, err)
			if id != again {
				t.Fatalf("%d records: the same input is %s and %s", n, id, again)
			}
			got, err := db.Records(ctx, id)
			must(t, err)
			if len(got) != n {
				t.Fatalf("%d records back of %d", len(got), n)
			}
			if n > 0 {
				if diff := cmp.Diff(set.Records, got); diff != "" {
					t.Fatal(diff)
				}
			}
			sources, err := db.Sources(ctx, id)
			must(t, err)
			if diff := cmp.Diff(set.Sources, sources); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestOneRecordIsFoundWithItsOriginal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		set := records(4100)
		id, err := db.PutRecords(ctx, set)
		must(t, err)
		for _, i := range []int{0, 1, 1999, 2000, 4090, 4099} {
			got, err := db.Record(ctx, id, set.Records[i].ID)
			must(t, err)
			if diff := cmp.Diff(set.Records[i], got); diff != "" {
				t.Error(diff)
			}
			want, ok := set.Originals[got.ID]
			if !ok {
				want = got.Text
			}
			text, err := db.Original(ctx, id, got.ID)
			must(t, err)
			if text != want {
				t.Errorf("original of %s is %q, want %q", got.ID, text, want)
			}
		}
		_, err = db.Record(ctx, id, "T-4100")
		wantKind(t, err, fault.NotFound)
		_, err = db.Original(ctx, id, "")
		wantKind(t, err, fault.NotFound)
		_, err = db.Records(ctx, "set-none")
		wantKind(t, err, fault.NotFound)
		_, err = db.Sources(ctx, "set-none")
		wantKind(t, err, fault.NotFound)
	})
}

func TestDifferentInputHasAnotherID(t *testing.T) {
	db := storetest.Open(t, storetest.SQLiteURL(t))
	seen := map[string]string{}
	put := func(what string, change func(*store.RecordSet)) {
		set := records(30)
		change(&set)
		id, err := db.PutRecords(t.Context(), set)
		must(t, err)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q share the id %s", what, other, id)
		}
		seen[id] = what
	}
	put("as it is", func(*store.RecordSet) {})
	put("a text", func(s *store.RecordSet) { s.Records[3].Text += "!" })
	put("the order", func(s *store.RecordSet) { s.Records[3], s.Records[4] = s.Records[4], s.Records[3] })
	put("an original", func(s *store.RecordSet) { s.Originals["T-0"] += "!" })
	put("a source", func(s *store.RecordSet) { s.Sources[0].Digest = "sha256:01" })
	put("one fewer", func(s *store.RecordSet) { s.Records = s.Records[:29] })
}

func BenchmarkPutRecords(b *testing.B) {
	for _, n := range []int{315, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("-short")
			}
			set := records(n)
			for b.Loop() {
				b.StopTimer()
				db := storetest.Open(b, storetest.SQLiteURL(b))
				b.StartTimer()
				if _, err := db.PutRecords(b.Context(), set); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkRecords(b *testing.B) {
	db := storetest.Open(b, storetest.SQLiteURL(b))
	id, err := db.PutRecords(b.Context(), records(100_000))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("all 100000", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Records(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one of 100000", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Record(b.Context(), id, "T-77777"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
