package report_test

import (
	"bytes"
	"testing"

	"roleos/internal/report"
)

func markdown(t testing.TB, v report.View) string {
	return render(t, func(b *bytes.Buffer) error { return report.Markdown(b, v) })
}

func TestMarkdownGolden(t *testing.T) { golden(t, "report.md", markdown(t, sample(t))) }
