package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"roleos/internal/ingest"
)

// export returns a synthetic export of n rows of about 100 bytes.
func export(n int) []byte {
	var b strings.Builder
	b.Grow(n * 108)
	b.WriteString("id,created_at,channel,plan,nps,text\n")
	channels := []string{"email", "chat", "phone", "web"}
	plans := []string{"free", "team", "enterprise"}
	words := strings.Fields("export times out again the dashboard is empty when I choose more than one region please fix billing seats invoice login slow report cannot")
	for i := range n {
		fmt.Fprintf(&b, "T-%d,2025-%02d-%02dT%02d:15:00Z,%s,%s,%d,", i, i*12/n+1, i%28+1, i%24, channels[i%4], plans[i%3], i%11)
		quoted := i%4 == 0
		if quoted {
			b.WriteByte('"')
		}
		for k := range 9 {
			if k > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(words[(i*7+k*k*(i%13+1))%len(words)])
		}
		if i%50 == 0 {
			b.WriteString(" mail me at jane@example.com")
		}
		if quoted {
			b.WriteString(", really\"")
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("csv-%d", n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("SKIPPED in short mode: a million rows")
			}
			data := export(n)
			path := filepath.Join(b.TempDir(), "export.csv")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			size := int64(len(data))
			data = nil
			b.SetBytes(size)
			b.ReportAllocs()
			var r *ingest.Result
			for b.Loop() {
				var err error
				if r, err = ingest.Read(b.Context(), []string{path}, ingest.Options{Redact: true}); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/float64(size), "heap/byte")
			runtime.KeepAlive(r)
		})
	}
}
