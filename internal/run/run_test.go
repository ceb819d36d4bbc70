package run_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"roleos/internal/run"
)

var all = []run.Status{run.Queued, run.Running, run.Succeeded, run.Failed, run.Cancelled}

func TestMovesMatchThePicture(t *testing.T) {
	want := map[string]bool{
		"queued running": true, "queued cancelled": true,
		"running succeeded": true, "running failed": true, "running cancelled": true,
		"failed running": true,
	}
	for _, from := range all {
		for _, to := range all {
			got, err := from.To(to)
			allowed := want[string(from)+" "+string(to)]
			if (err == nil) != allowed {
				t.Errorf("%s -> %s: err = %v, picture allows it: %v", from, to, err, allowed)
			}
			if err != nil && got != from {
				t.Errorf("%s -> %s: a refused move left %s", from, to, got)
			}
		}
	}
}

func TestPictureNamesEveryState(t *testing.T) {
	src, err := os.ReadFile("run.go")
	if err != nil {
		t.Fatal(err)
	}
	picture := regexp.MustCompile(`(?s)// Status is.*?type Status`).FindString(string(src))
	for _, s := range all {
		if !strings.Contains(picture, string(s)) {
			t.Errorf("the picture does not name %s", s)
		}
	}
}
