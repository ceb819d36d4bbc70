package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/internal/ingest"
)

func TestLook(t *testing.T) {
	fs, _ := filepath.Glob(os.Getenv("LOOK"))
	for _, p := range fs {
		r, err := ingest.Read(t.Context(), []string{p}, ingest.Options{Redact: true})
		fmt.Println("=====", filepath.Base(p))
		if err != nil {
			fmt.Println("ERROR", err)
			continue
		}
		fmt.Println(r.Sources[0].Format, r.Sources[0].Encoding, roles(r))
		for _, f := range r.Findings {
			fmt.Printf("  [%s] %s x%d: %s  %v\n", f.Severity, f.Kind, f.Count, f.Message, f.Where[:min(1, len(f.Where))])
		}
		x := r.Records[0]
		fmt.Printf("  n=%d masked=%v id=%s time=%s acc=%s chan=%s seg=%v fields=%v", len(r.Records), r.Masked, x.ID, x.Time.Format(time.RFC3339), x.Account, x.Channel, x.Segments, x.Fields)
		if x.Score != nil {
			fmt.Print(*x.Score)
		}
		fmt.Printf("\n   %.150q\n", x.Text)
	}
	if strings.Contains(os.Getenv("LOOK"), "million") {
		b, _ := os.ReadFile("/proc/self/status")
		for l := range strings.SplitSeq(string(b), "\n") {
			if strings.HasPrefix(l, "VmHWM") || strings.HasPrefix(l, "VmRSS") {
				fmt.Println(l)
			}
		}
	}
}
