package injection_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// TestTheTableNamesTestsThatExist holds internal/docs/aisvs-c9.md to the tree:
// whatever it says is shown by a test is.
func TestTheTableNamesTestsThatExist(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "internal/docs/aisvs-c9.md"))
	must(t, err)
	named := regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(raw), -1)
	if len(named) < 50 {
		t.Fatalf("only %d tests are named", len(named))
	}
	source := map[string]string{}
	for _, m := range named {
		folder, test := m[1], m[2]
		if _, read := source[folder]; !read {
			files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
			must(t, err)
			for _, f := range files {
				src, err := os.ReadFile(f)
				must(t, err)
				source[folder] += string(src)
			}
		}
		if !strings.Contains(source[folder], "\nfunc "+test+"(t *testing.T)") {
			t.Errorf("there is no %s in %s", test, folder)
		}
	}
	items := regexp.MustCompile(`(?m)^\| 9\.[1-6]\.\d+ \| [123] \| .* \| (proved|in part|not yet) \|`).FindAll(raw, -1)
	if len(items) != 34 {
		t.Errorf("%d items of 34", len(items))
	}
	count := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\| 9\.[1-6]\.\d+ \| ([123]) \| .* \| (proved|in part|not yet) \|`).FindAllStringSubmatch(string(raw), -1) {
		count[m[2]+m[1]]++
	}
	for _, state := range []string{"proved", "in part", "not yet"} {
		one, two, three := count[state+"1"], count[state+"2"], count[state+"3"]
		if want := fmt.Sprintf("| %s | %d | %d | %d | %d |", state, one, two, three, one+two+three); !strings.Contains(string(raw), want) {
			t.Errorf("the summary does not say %s", want)
		}
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if strings.Contains(line, "| proved | ") && strings.HasPrefix(line, "| 9.") && !strings.Contains(line, ".Test") {
			t.Errorf("proved by nothing: %.80s", line)
		}
	}
}
