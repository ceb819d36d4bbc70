package archtest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestImportsAreTheAgreedOnes(t *testing.T) {
	all := packages(t)
	for _, rel := range slices.Sorted(maps.Keys(all)) {
		allowed, listed := mayImport[rel]
		if !listed {
			t.Errorf("%s is not in the import map; add it there, and say why in its doc.go", rel)
			continue
		}
		for _, path := range all[rel].Imports {
			if in, ours := inside(path); ours && !slices.Contains(strings.Fields(allowed), in) {
				t.Errorf("%s may not import %s", rel, in)
			}
		}
	}
	for _, rel := range slices.Sorted(maps.Keys(mayImport)) {
		p, there := all[rel]
		if !there {
			t.Errorf("%s is in the import map and not in the tree", rel)
			continue
		}
		for _, in := range strings.Fields(mayImport[rel]) {
			if !slices.Contains(p.Imports, module+"/"+in) {
				t.Errorf("%s no longer imports %s; take it out of the import map", rel, in)
			}
		}
	}
}

// doors says which packages alone may use a library. Tests may use any.
func doors() map[string][]string {
	sql := []string{"internal/store", "internal/engine", "internal/target/sql"}
	return map[string][]string{
		"cel.dev":                         {"contracts/gate"},
		"database/sql":                    sql,
		"github.com/coreos/go-oidc":       {"internal/identity/oidc"},
		"github.com/dbos-inc":             {"internal/engine"},
		"github.com/go-jose":              {"internal/identity/oidctest"},
		"github.com/jackc/pgx":            sql,
		"github.com/pressly/goose":        {"internal/store"},
		"github.com/prometheus":           {"internal/telemetry"},
		"github.com/santhosh-tekuri":      {"contracts/schema"},
		"github.com/spf13/cobra":          {"internal/cli"},
		"github.com/spf13/viper":          {"config"},
		"github.com/xuri/excelize":        {"internal/ingest"},
		"go.opentelemetry.io":             {"internal/telemetry"},
		"golang.org/x/mod/sumdb":          {"internal/audit"},
		"golang.org/x/oauth2":             {"internal/identity/oidc"},
		"modernc.org/sqlite":              sql,
		"github.com/klauspost/compress":   {"internal/ingest/parquet"},
		"github.com/kljensen/snowball":    {"internal/textmine", "internal/discourse"},
		"github.com/sashabaranov":         {"internal/llm/openai"},
		"github.com/google/generative-ai": {"internal/llm/gemini"},
		"google.golang.org/genai":         {"internal/llm/gemini"},
		"github.com/tmc/langchaingo":      {"internal/llm/langchain"},
	}
}

func TestLibrariesAreUsedThroughTheirDoor(t *testing.T) {
	for rel, p := range packages(t) {
		for _, path := range p.Imports {
			for library, users := range doors() {
				if strings.HasPrefix(path, library) && !slices.ContainsFunc(users, func(u string) bool { return below(rel, u) }) {
					t.Errorf("%s imports %s; only %s may", rel, path, strings.Join(users, ", "))
				}
			}
		}
	}
}

// effects are the standard packages by which code reaches files, processes, networks and databases.
func effects() []string {
	return []string{"os", "os/exec", "os/signal", "os/user", "io/ioutil", "net", "net/http", "net/rpc", "net/smtp", "database/sql", "plugin", "syscall", "log/syslog"}
}

func TestGuardrailsDecideAndDoNothing(t *testing.T) {
	for rel, p := range packages(t) {
		if !below(rel, "guardrails") {
			continue
		}
		for _, path := range p.Imports {
			in, ours := inside(path)
			switch {
			case ours && !below(in, "guardrails"), !ours && !standard(path):
				t.Errorf("%s imports %s; guardrails import the standard library only", rel, path)
			case slices.Contains(effects(), path):
				t.Errorf("%s imports %s; guardrails do no I/O", rel, path)
			}
		}
	}
}

// Whatever an agent can call, and whatever that can call, may read and reckon
// but has no hand: it holds for the whole way, not for the first step.
func TestNoImportPathLeadsFromAnAgentToAnEffect(t *testing.T) {
	all := packages(t)
	banned := []string{"internal/change", "internal/target", "internal/store", "internal/engine", "internal/app", "internal/cli", "internal/httpapi", "internal/mcpserver"}
	type step struct{ rel, way string }
	var open []step
	seen := map[string]bool{}
	for _, rel := range slices.Sorted(maps.Keys(all)) {
		if below(rel, "agents") {
			open = append(open, step{rel, rel})
			seen[rel] = true
		}
	}
	if len(open) == 0 {
		t.Fatal("no agents found: the test looks in the wrong place")
	}
	for len(open) > 0 {
		at := open[0]
		open = open[1:]
		for _, path := range all[at.rel].Imports {
			in, ours := inside(path)
			switch {
			case at.rel == "internal/fault" && path == "net/http": // the names of status codes, nothing else
			case slices.Contains(effects(), path):
				t.Errorf("an agent reaches %s: %s -> %s", path, at.way, path)
			case ours && slices.ContainsFunc(banned, func(b string) bool { return below(in, b) }):
				t.Errorf("an agent reaches %s: %s -> %s", in, at.way, in)
			case ours && !seen[in]:
				seen[in] = true
				open = append(open, step{in, at.way + " -> " + in})
			}
		}
	}
}

func TestSuitesForTestsStayOutOfTheProduct(t *testing.T) {
	for rel, p := range packages(t) {
		for _, path := range p.Imports {
			if in, ours := inside(path); (ours && forTests(in) || path == "testing") && !forTests(rel) {
				t.Errorf("%s imports %s, which is for tests", rel, path)
			}
		}
	}
}

// Adapters are exchanged one by one, so none may lean on another.
func TestAdaptersDoNotImportOneAnother(t *testing.T) {
	families := []string{"internal/store", "internal/llm/openai", "internal/llm/gemini", "internal/llm/langchain", "internal/target"}
	family := func(rel string) string {
		if forTests(rel) { // a suite may bring a real adapter along
			return ""
		}
		for _, f := range families {
			if below(rel, f) {
				return f
			}
		}
		return ""
	}
	for rel, p := range packages(t) {
		own := family(rel)
		for _, path := range p.Imports {
			if in, ours := inside(path); ours && own != "" && family(in) != "" && family(in) != own {
				t.Errorf("adapter %s imports adapter %s", rel, in)
			}
		}
	}
}
