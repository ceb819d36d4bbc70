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
		b.Run(set.name+"/lsa-kmeans-k-given", func(b *testing.B) {
			benchSets(b, set.files, func(l labelled) []int { return lsaKMeans(b, l.docs, l.kinds) })
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

// lsaKMeans is the yardstick: TF-IDF of stemmed words reduced to 100 dimensions, rows of length 1, and spherical k-means
// from k-means++ seeds, best of five starts. Without the reduction it does worse.
func lsaKMeans(tb testing.TB, docs []Doc, k int) []int {
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
	d, err := vec.Truncate(tb.Context(), weigh(len(docs), len(c.words), 1, func(i int, add func(int32)) {
		for _, t := range terms[i] {
			add(t)
		}
	}).matrix, 100, 1)
	if err != nil {
		tb.Fatal(err)
	}
	x := d.U
	for i := range x.Rows {
		for j, s := range d.S {
			x.Row(i)[j] *= float32(s)
		}
		vec.Normalize(x.Row(i), 1)
	}
	var best []int
	bestFit := -1.0
	for start := range 5 {
		r := vec.NewRand(uint64(start + 1))
		centers := vec.New(k, x.Cols)
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
			copy(centers.Row(g), x.Row(at))
			for i := range gap {
				gap[i] = max(min(gap[i], 1-vec.Dot(x.Row(i), centers.Row(g))), 0)
			}
		}
		group := make([]int, x.Rows)
		fit := 0.0
		for range 30 {
			fit = 0
			for i := range group {
				most := -2.0
				for g := range k {
					if s := vec.Dot(x.Row(i), centers.Row(g)); s > most {
						most, group[i] = s, g
					}
				}
				fit += most
			}
			clear(centers.V)
			for i, g := range group {
				for j, v := range x.Row(i) {
					centers.Row(g)[j] += v
				}
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
