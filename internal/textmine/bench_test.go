package textmine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"roleos/internal/textmine/vec"
)

// BenchmarkThemes measures quality and time on labelled texts beside plain TF-IDF, LSA and k-means told the true
// number of groups, and time and memory at scale.
//
//	go test -run xxx -bench Themes ./internal/textmine
func BenchmarkThemes(b *testing.B) {
	for _, set := range []struct {
		name  string
		files []string
	}{
		{"HWU64-315", ten("hwu64")},
		{"BANKING77-315", ten("banking77")},
		{"BANKING77-3000", []string{"banking77_train_3000"}},
		{"HWU64-3000", []string{"hwu64_3000"}},
	} {
		b.Run(set.name+"/textmine", func(b *testing.B) {
			benchSets(b, set.files, func(l labelled) []int {
				r, err := Analyze(b.Context(), l.docs, Options{})
				if err != nil {
					b.Fatal(err)
				}
				return r.Theme
			})
		})
		b.Run(set.name+"/tfidf-kmeans-k-given", func(b *testing.B) {
			benchSets(b, set.files, func(l labelled) []int { return yardstick(b, l.docs, l.kinds, false) })
		})
		b.Run(set.name+"/lsa-kmeans-k-given", func(b *testing.B) {
			benchSets(b, set.files, func(l labelled) []int { return yardstick(b, l.docs, l.kinds, true) })
		})
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows-%d", n), func(b *testing.B) { benchRows(b, n) })
	}
}

func ten(name string) (files []string) {
	for i := range 10 {
		files = append(files, fmt.Sprintf("samples_315/%s_%d", name, i))
	}
	return files
}

// benchSets reports means over the files; the time is the mean of each file's fastest run.
func benchSets(b *testing.B, files []string, group func(labelled) []int) {
	sets := make([]labelled, len(files))
	fastest := make([]time.Duration, len(files))
	for i, f := range files {
		sets[i] = load(b, f)
		fastest[i] = time.Hour
	}
	var sum score
	kinds := 0
	for b.Loop() {
		sum, kinds = score{}, 0
		for i, l := range sets {
			start := time.Now()
			g := group(l)
			fastest[i] = min(fastest[i], time.Since(start))
			s := scoreOf(l.labels, g)
			sum.nmi += s.nmi
			sum.ari += s.ari
			sum.found += s.found
			sum.unassigned += s.unassigned
			kinds += l.kinds
		}
	}
	n := float64(len(sets))
	var total time.Duration
	for _, d := range fastest {
		total += d
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sum.nmi/n, "NMI")
	b.ReportMetric(sum.ari/n, "ARI")
	b.ReportMetric(float64(sum.found)/n, "themes")
	b.ReportMetric(float64(kinds)/n, "true")
	b.ReportMetric(100*sum.unassigned/n, "%unassigned")
	b.ReportMetric(total.Seconds()/n, "s/run")
}

// benchRows reports the time for n rows and the most memory the analysis held beyond the texts.
func benchRows(b *testing.B, n int) {
	var base []Doc
	if _, err := os.Stat(filepath.Join(feedbackDir, "banking77_train_3000.csv")); err == nil {
		base = load(b, "banking77_train_3000").docs
	} else {
		b.Log("no labelled texts: rows are generated from made-up words")
	}
	docs := generate(n, 60, 5, base)
	fastest, most := time.Hour, uint64(0)
	for b.Loop() {
		runtime.GC()
		before := heap()
		var done atomic.Bool
		peak := make(chan uint64)
		go func() {
			p := uint64(0)
			for !done.Load() {
				p = max(p, heap())
				time.Sleep(5 * time.Millisecond)
			}
			peak <- p
		}()
		start := time.Now()
		if _, err := Analyze(b.Context(), docs, Options{}); err != nil {
			b.Fatal(err)
		}
		fastest = min(fastest, time.Since(start))
		done.Store(true)
		most = max(most, <-peak-before)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(fastest.Seconds(), "s/run")
	b.ReportMetric(float64(most)/1e6, "MB-peak")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// yardstick is the straightforward grouping, told how many groups there are: TF-IDF of stemmed words, plain or
// reduced to 100 dimensions (LSA), rows of length 1, and spherical k-means.
func yardstick(tb testing.TB, docs []Doc, k int, reduced bool) []int {
	c, err := newCorpus(tb.Context(), docs)
	if err != nil {
		tb.Fatal(err)
	}
	terms := make([][]int32, len(docs)) // long texts are not split here
	for u, r := range c.row {
		if r >= 0 {
			doc := c.units[u].Doc
			terms[doc] = append(terms[doc], c.at(r)...)
		}
	}
	x := weigh(len(docs), len(c.words), 1, func(i int, add func(int32)) {
		for _, t := range terms[i] {
			add(t)
		}
	}).matrix
	if !reduced {
		return sphericalKMeans(x, k)
	}
	d, err := vec.Truncate(tb.Context(), x, 100, 1)
	if err != nil {
		tb.Fatal(err)
	}
	dense := &vec.Sparse{Rows: d.U.Rows, Cols: d.U.Cols, Ptr: []int32{0}}
	for i := range d.U.Rows {
		for j, s := range d.S {
			dense.Col, dense.Val = append(dense.Col, int32(j)), append(dense.Val, d.U.Row(i)[j]*float32(s))
		}
		dense.Ptr = append(dense.Ptr, int32(len(dense.Col)))
	}
	dense.NormalizeRows()
	return sphericalKMeans(dense, k)
}

// sphericalKMeans groups rows of length 1 from k-means++ seeds; the best of five starts counts.
func sphericalKMeans(x *vec.Sparse, k int) []int {
	row := func(i int) ([]int32, []float32) {
		return x.Col[x.Ptr[i]:x.Ptr[i+1]], x.Val[x.Ptr[i]:x.Ptr[i+1]]
	}
	centers := vec.New(k, x.Cols)
	add := func(g, i int) {
		cols, vals := row(i)
		for q, c := range cols {
			centers.Row(g)[c] += vals[q]
		}
	}
	cosine := func(i, g int) float64 {
		cols, vals := row(i)
		center, sum := centers.Row(g), 0.0
		for q, c := range cols {
			sum += float64(vals[q] * center[c])
		}
		return sum
	}
	var best []int
	bestFit := -1.0
	for start := range 5 {
		r := vec.NewRand(uint64(start + 1))
		clear(centers.V)
		gap := make([]float64, x.Rows)
		for i := range gap {
			gap[i] = 1
		}
		for g := range k {
			sum := 0.0
			for _, v := range gap {
				sum += v
			}
			u, at := float64(r.IntN(1<<30))/(1<<30)*sum, 0
			for ; at < len(gap)-1 && u >= gap[at]; at++ {
				u -= gap[at]
			}
			add(g, at)
			for i := range gap {
				gap[i] = max(min(gap[i], 1-cosine(i, g)), 0)
			}
		}
		group := make([]int, x.Rows)
		fit := 0.0
		for range 30 {
			fit = 0
			for i := range group {
				most := -2.0
				for g := range k {
					if s := cosine(i, g); s > most {
						most, group[i] = s, g
					}
				}
				fit += most
			}
			clear(centers.V)
			for i, g := range group {
				add(g, i)
			}
			for g := range k {
				vec.Normalize(centers.Row(g), 1)
			}
		}
		if fit > bestFit {
			best, bestFit = group, fit
		}
	}
	return best
}
