package stakeholdersynthesizer_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"roleos/agents"
	"roleos/agents/stakeholdersynthesizer"
	"roleos/internal/evidence"
)

// year makes n messages of a workspace from real turns: each message is one
// turn, 40 channels, threads of at most 30 messages.
func year(b testing.TB, n int) agents.Task {
	dir := shared(b)
	files, _ := filepath.Glob(filepath.Join(dir, "meetings", "qmsum_val", "*.json"))
	task := read(b, files...)
	out := agents.Task{Sources: task.Sources}
	for i := range n {
		r := task.Records[(i*7919)%len(task.Records)]
		if len(r.Text) > 600 {
			r.Text = r.Text[:600]
		}
		r.ID = fmt.Sprintf("msg-%d", i)
		r.Masks = nil
		r.Origin = evidence.Origin{Kind: "message", Speaker: fmt.Sprintf("Member %c%d", 'A'+i%26, i%400), Thread: fmt.Sprintf("channel-%d/%d", i/30%40, i/30)}
		out.Records = append(out.Records, r)
	}
	return out
}

// A year of a chat workspace, 100,000 messages.
func BenchmarkYearOfChat(b *testing.B) {
	task := year(b, 100_000)
	a := stakeholdersynthesizer.New(stakeholdersynthesizer.Options{})
	b.ReportAllocs()
	for b.Loop() {
		d, err := a.Draft(b.Context(), task)
		if err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapSys)/1e6, "MB-heap")
		b.ReportMetric(float64(len(d.Body))/1e6, "MB-draft")
	}
}
