package ingest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"roleos/internal/ingest"
)

func TestLook(t *testing.T) {
	for _, p := range strings.Split(os.Getenv("LOOK"), " ") {
		if p == "" { continue }
		r, err := ingest.Read(t.Context(), []string{p}, ingest.Options{Redact: true})
		fmt.Println("=====", p)
		if err != nil { fmt.Println("ERROR", err); continue }
		for _, s := range r.Sources { fmt.Printf("source %+v\n", s) }
		for _, c := range r.Columns {
			for _, x := range c.Columns { if x.Role != "field" { fmt.Printf("   %-8s %-8s filled %d  %.60s | %.50s\n", x.Role, x.Why, x.Filled, x.Name, x.Sample) } }
		}
		for _, f := range r.Findings { fmt.Printf("  [%s] %s x%d: %s  %v\n", f.Severity, f.Kind, f.Count, f.Message, f.Where[:min(2,len(f.Where))]) }
		fmt.Println("  masked", r.Masked, len(r.SetAside), "records", len(r.Records))
		x := r.Records[0]; if x.Score != nil { fmt.Println(*x.Score) }
		x.Fields = x.Fields[:min(len(x.Fields),4)]
		if len(x.Text)>200 {x.Text=x.Text[:200]}
		fmt.Printf("  %+v\n", x)
	}
}
