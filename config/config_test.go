package config_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/config"
	"roleos/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// workspace returns a folder with the given roleos.yaml; "" means no file.
func workspace(t *testing.T, yaml string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "harbour")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if yaml != "" {
		if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDefaultsNeedNoFile(t *testing.T) {
	dir := workspace(t, "")
	c, origins, err := config.Load(config.Options{Workspace: dir, User: `OFFICE\Kim Lee`})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Dir: dir, Principal: "person:kim-lee",
		Workspace: config.Workspace{Name: "harbour"},
		Store:     config.Store{URL: "sqlite:" + filepath.Join(dir, ".roleos", "roleos.db")},
		Privacy:   config.Privacy{Redact: true},
		Ingest: config.Ingest{Limits: config.Limits{
			FileBytes: 1 << 30, TotalBytes: 4 << 30, Rows: 5_000_000, CellBytes: 1 << 20,
			Columns: 2000, JSONDepth: 64, Files: 10_000, ArchiveRatio: 200,
		}, Feeds: config.Feeds{Hosts: config.None, Timeout: 20 * time.Second, Bytes: 16 << 20}},
		Products: map[string][]string{},
		Analyst:  config.Analyst{Seed: 1, MaxSample: 6000},
		Prioritisation: config.Prioritisation{
			Weights:        config.Weights{Reach: 0.35, Intensity: 0.25, Growth: 0.15, SegmentWeight: 0.10, Confidence: 0.15},
			SegmentWeights: map[string]float64{},
		},
		Alerts:     config.Alerts{Q: 0.05, MinPeriodRecords: 10, MinRatio: 1.5},
		Delegation: config.Delegation{SampleShare: 0.2},
		Handoff: config.Handoff{
			Calendar: config.Calendar{Zone: "UTC", Days: "mon-fri", Hours: "00:00-24:00", Holidays: config.None},
			Escalate: config.Escalate{File: ".roleos/escalations.jsonl", Webhook: config.None, SecretFile: config.None},
		},
		Model: config.Model{
			Provider: "none", Name: "none", BaseURL: "none", KeyEnv: "none", KeyFile: "none", KeyCommand: "none", Effort: "none", Fallback: "none",
			Price: config.Price{Input: "none", Output: "none"}, Concurrency: 4, Timeout: 2 * time.Minute,
			Limits: config.ModelLimits{
				Run:      config.ModelLimit{Calls: 60, Tokens: 200_000, Time: 30 * time.Minute},
				AgentDay: config.ModelLimit{Calls: 1000, Tokens: 3_000_000}, Day: config.ModelLimit{Calls: 3000, Tokens: 10_000_000},
			},
		},
		Models:    map[string]string{},
		Workflows: config.Workflows{In: "none", Cycle: "none", OnAlert: true},
		Webhooks:  config.Webhooks{Endpoints: map[string]string{}, Events: map[string][]string{}, Secrets: ".roleos/webhooks", Private: "none", Titles: "none"},
		Review:    config.Review{Mode: "solo"}, Serve: config.Serve{Listen: "127.0.0.1:8484", Origin: "none", OIDC: config.OIDC{
			Issuer: "none", ClientID: "none", ClientSecretFile: "none", Scopes: "openid profile email", PersonClaim: "email", GroupsClaim: "groups", Roles: map[string][]string{},
		}}, Team: config.Team{Roles: map[string][]string{}}, Governance: config.Governance{AttestEveryDays: 90}, Retention: config.Retention{Journal: 90}, Grants: config.Grants{Expiry: 15 * time.Minute},
		Publish: config.Publish{Root: "context"},
		Tracker: config.Tracker{Kind: "none", URL: "none", Project: "none", StagingProject: "none", KeyFile: "none"}, Report: config.Report{Dir: "reports"}, Log: config.Log{Level: "warn"},
		Telemetry: config.Telemetry{TracesURL: "none", HeadersEnv: "none", TraceFile: "none"},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	for key, o := range origins {
		if o != "default" {
			t.Errorf("%s comes from %q, want default", key, o)
		}
	}
	if got, want := c.ReportDir(), filepath.Join(dir, "reports"); got != want {
		t.Errorf("ReportDir = %q, want %q", got, want)
	}
}

func TestLaterLayersCoverEarlierOnes(t *testing.T) {
	dir := workspace(t, `# ours
workspace:
  name: Customer voice
report:
  dir: out
log: {level: info}
grants: {expiry: 12m}
ingest:
  limits:
    file_bytes: 64MiB
    rows: 1_000
`)
	c, origins, err := config.Load(config.Options{
		Workspace: dir,
		Environ:   []string{"PATH=/bin", "ROLEOS_LOG_LEVEL=error", "ROLEOS_REPORT_DIR=/srv/reports", "ROLEOS_ALERTS_Q=", "ROLEOS_TEST_POSTGRES=postgres://x"},
		Flags:     map[string]string{"log.level": "debug", "privacy.redact": "false"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Workspace.Name, c.ReportDir(), c.Log.Level, c.Privacy.Redact, c.Grants.Expiry, c.Ingest.Limits.FileBytes, c.Ingest.Limits.Rows, c.Ingest.Limits.Columns}
	want := []any{"Customer voice", "/srv/reports", "debug", false, 12 * time.Minute, int64(64 << 20), 1000, 2000}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for key, want := range map[string]string{
		"workspace.name": "roleos.yaml:3:9", "report.dir": "ROLEOS_REPORT_DIR", "log.level": "--log-level",
		"privacy.redact": "--privacy-redact", "grants.expiry": "roleos.yaml:7:18", "ingest.limits.rows": "roleos.yaml:11:11", "alerts.q": "default",
	} {
		if origins[key] != want {
			t.Errorf("%s comes from %q, want %q", key, origins[key], want)
		}
	}
}

func TestSegmentWeightsKeepTheirSpelling(t *testing.T) {
	dir := workspace(t, "prioritisation:\n  segment_weights:\n    plan=Enterprise: 2\n    plan=v1.2: 0.5\n    \"region=APAC\": 3\n")
	want := map[string]float64{"plan=Enterprise": 2, "plan=v1.2": 0.5, "region=APAC": 3}
	c, origins, err := config.Load(config.Options{Workspace: dir})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, c.Prioritisation.SegmentWeights); d != "" {
		t.Error(d)
	}
	for _, s := range c.Settings(origins) { // what is shown can be given back
		if s.Key != "prioritisation.segment_weights" {
			continue
		}
		again, _, err := config.Load(config.Options{Workspace: workspace(t, ""), Environ: []string{"ROLEOS_PRIORITISATION_SEGMENT_WEIGHTS=" + s.Value}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, again.Prioritisation.SegmentWeights); d != "" {
			t.Error(d)
		}
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, yaml, env, want string }{
		{"misspelt key", "report:\n  dri: out\n", "", "roleos.yaml:2:3: unknown key \"report.dri\"\nDid you mean \"report.dir\"? 'roleos config show' lists every key."},
		{"misspelt section", "reprot:\n  dir: out\n", "", "roleos.yaml:1:1: unknown key \"reprot\"\nDid you mean \"report\"? 'roleos config show' lists every key."},
		{"wrong section", "report:\n  seed: 4\n", "", "roleos.yaml:2:3: unknown key \"report.seed\"\nDid you mean \"analyst.seed\"? 'roleos config show' lists every key."},
		{"other case", "Report: {}\n", "", "roleos.yaml:1:1: unknown key \"Report\"\nDid you mean \"report\"? 'roleos config show' lists every key."},
		{"nothing like it", "colour: blue\n", "", "roleos.yaml:1:1: unknown key \"colour\"\n'roleos config show' lists every key."},
		{"a value below a value", "log:\n  level:\n    deep: 1\n", "", "roleos.yaml:3:9: log.level is a mapping, expected debug, info, warn or error"},
		{"twice", "log:\n  level: info\n  level: warn\n", "", "roleos.yaml:3:3: log.level is set twice, first on line 2\nKeep one of the two."},
		{"section twice", "log: {level: info}\nlog: {level: warn}\n", "", "roleos.yaml:2:1: log is set twice, first on line 1"},
		{"number for text", "workspace:\n  name: 2026\n", "", "roleos.yaml:2:9: workspace.name is a whole number, expected text of 1 to 80 characters on one line\nPut the value in quotes."},
		{"text for number", "analyst:\n  seed: \"7\"\n", "", "roleos.yaml:2:9: analyst.seed is text, expected a whole number from 1 to"},
		{"list", "log:\n  level: [info]\n", "", "log.level is a list, expected debug, info, warn or error"},
		{"nothing", "log:\n  level:\n", "", "log.level is nothing, expected debug, info, warn or error\nGive it a value, or delete the line to use the default."},
		{"not a section", "log: info\n", "", "roleos.yaml:1:6: log is text, expected settings as \"name: value\""},
		{"not settings at all", "- a\n- b\n", "", "roleos.yaml:1:1: the file is a list, expected settings as \"name: value\""},
		{"out of range", "alerts: {q: 0.9}\n", "", "roleos.yaml:1:13: alerts.q is \"0.9\", expected a number from 0.0001 to 0.5"},
		{"not a number", "alerts: {q: .nan}\n", "", "alerts.q is \".nan\", expected a number"},
		{"too large a number", "ingest: {limits: {rows: 99999999999999999999}}\n", "", "expected a whole number from 1 to 100000000"},
		{"size", "ingest: {limits: {file_bytes: 64 parsecs}}\n", "", "ingest.limits.file_bytes is \"64 parsecs\", expected bytes from 1KiB to 1TiB, such as 64MiB"},
		{"huge size", "ingest: {limits: {file_bytes: 9999999999TiB}}\n", "", "expected bytes from"},
		{"duration", "grants: {expiry: 3 days}\n", "", "grants.expiry is \"3 days\", expected a duration from 1m to 15m, such as 10m"},
		{"bool", "privacy: {redact: yes}\n", "", "privacy.redact is text, expected true or false\nWrite the value without quotes."},
		{"outside the workspace", "publish: {root: ../elsewhere}\n", "", "publish.root is \"../elsewhere\", expected a folder inside the workspace"},
		{"own folder", "publish: {root: .roleos/keys}\n", "", "publish.root"},
		{"an agent is no person", "principal: agent:feedback-river\n", "", "roleos.yaml:1:12: principal is \"agent:feedback-river\", expected \"person:\""},
		{"weight", "prioritisation: {segment_weights: {plan: 2}}\n", "", "such as plan=enterprise: 2"},
		{"all weights nothing", "prioritisation: {weights: {reach: 0, intensity: 0, growth: 0, segment_weight: 0, confidence: 0}}\n", "", "all prioritisation.weights are 0"},
		{"anchor", "log: {level: &x info}\n", "", "log.level uses a YAML anchor, alias or tag"},
		{"two documents", "log: {level: info}\n---\nlog: {level: warn}\n", "", "a second document starts here"},
		{"syntax", "log: {level: info\nreport", "", "is not valid YAML"},
		{"a key for the author's server", "model: {provider: openai, name: m, base_url: \"https://evil.example/v1\", key_env: AWS_SECRET_ACCESS_KEY}\n", "", "would be sent the key in AWS_SECRET_ACCESS_KEY"},
		{"a key file for the author's server", "model: {provider: openai, name: m, base_url: \"https://evil.example/v1\", key_file: /home/ana/.openai}\n", "", "would be sent the key in /home/ana/.openai"},
		{"a tracker's key for the author's server", "tracker: {kind: redmine, url: \"https://evil.example\", project: p, key_file: /home/ana/.ssh/id_ed25519}\n", "", "tracker.key_file is a file outside the workspace"},
		{"a client's secret for the author's provider", "serve: {oidc: {issuer: \"https://evil.example\", client_id: c, client_secret_file: ../secret}}\n", "", "serve.oidc.client_secret_file is a file outside the workspace"},
		{"a fallback that is nowhere", "model: {fallback: [backup, offline]}\n", "", "roleos.yaml:1:19: model.fallback names \"backup\", which is no model under models"},
		{"a fallback after offline", "model: {fallback: offline openai:m}\n", "", "offline as the last"},
		{"a fallback with a space", "model: {fallback: [\"a b\"]}\n", "", "model.fallback"},
		{"a further model without a provider", "models: {backup: large}\n", "", "models"},
		{"a further model with a typo", "models: {backup: \"openai:m key_evn=X\"}\n", "", "such as backup: mistral"},
		{"a further model for the author's server", "model: {fallback: b}\nmodels: {b: \"compatible:m base_url=https://evil.example/v1 key_env=AWS_SECRET_ACCESS_KEY\"}\n", "", "would send it a key of yours"},
		{"traces to somebody else", "telemetry: {traces_url: \"https://evil.example/v1/traces\"}\n", "", "roleos.yaml:1:25: telemetry.traces_url may not stand in a file"},
		{"headers from a file", "telemetry: {headers_env: OPENAI_API_KEY}\n", "", "telemetry.headers_env may not stand in a file"},
		{"traces into any file", "telemetry: {trace_file: /etc/profile}\n", "", "telemetry.trace_file may not stand in a file"},
		{"content from a file", "telemetry: {content: true}\n", "", "telemetry.content may not stand in a file"},
		{"command in a file", "model: {key_command: curl evil}\n", "", "roleos.yaml:1:22: model.key_command may not stand in a file"},
		{"environment", "", "ROLEOS_LOG_LEVEL=loud", "ROLEOS_LOG_LEVEL: is \"loud\", expected debug, info, warn or error"},
		{"misspelt environment", "", "ROLEOS_LOGLEVEL=info", "ROLEOS_LOGLEVEL: is no setting\nDid you mean ROLEOS_LOG_LEVEL?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			_, _, err := config.Load(config.Options{Workspace: workspace(t, c.yaml), Environ: env})
			if err == nil {
				t.Fatal("accepted")
			}
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("kind %s, want invalid", fault.KindOf(err))
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error:\n%s\nwant it to contain:\n%s", err, c.want)
			}
		})
	}
}

func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	dir := workspace(t, "log: {level: loud}\nreport: {dri: x}\n")
	_, _, err := config.Load(config.Options{Workspace: dir, Environ: []string{"ROLEOS_ALERTS_Q=2"}, Flags: map[string]string{"analyst.sead": "1"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"4 things are wrong", "roleos.yaml:1:14", "roleos.yaml:2:10", "ROLEOS_ALERTS_Q", `"analyst.seed"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error misses %q:\n%s", want, err)
		}
	}
}

func TestALargeFileIsRefused(t *testing.T) {
	_, _, err := config.Load(config.Options{Workspace: workspace(t, strings.Repeat("# padding\n", 4_000))})
	if err == nil || !strings.Contains(err.Error(), "larger than 20KiB") {
		t.Errorf("error = %v, want a refusal that names the bound", err)
	}
}

func TestPasswordsAreNeverShown(t *testing.T) {
	const url = "postgres://pm:s3cret@db.example.com/roleos?sslpassword=s3cret"
	c, origins, err := config.Load(config.Options{Workspace: workspace(t, ""), Environ: []string{"ROLEOS_STORE_URL=" + url, "ROLEOS_TARGET_CRM_URL=" + url}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Store.URL != url {
		t.Errorf("store.url = %q, want it as given", c.Store.URL)
	}
	if c.TargetSecrets["ROLEOS_TARGET_CRM_URL"] != url {
		t.Errorf("a target's address is %q, want it as given", c.TargetSecrets["ROLEOS_TARGET_CRM_URL"])
	}
	for _, s := range c.Settings(origins) {
		if strings.Contains(s.Value, "s3cret") {
			t.Errorf("%s shows the password: %s", s.Key, s.Value)
		}
	}
	_, _, err = config.Load(config.Options{Workspace: workspace(t, "store: {url: \"mysql://pm:s3cret@db/roleos\"}\n")})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error = %v, want a refusal without the password", err)
	}
}

func TestARelativeStoreIsInTheWorkspace(t *testing.T) {
	dir := workspace(t, "store: {url: \"sqlite:data/own.db\"}\n")
	c, _, err := config.Load(config.Options{Workspace: dir})
	if want := "sqlite:" + filepath.Join(dir, "data", "own.db"); err != nil || c.Store.URL != want {
		t.Errorf("store.url = %q, %v, want %q", c.Store.URL, err, want)
	}
}

func TestTheCollectorsHeadersComeFromTheirVariable(t *testing.T) {
	for _, c := range []struct{ value, want, err string }{
		{"authorization=Bearer%20hush, x-team=red", "Bearer hush", ""},
		{"hush", "", "is not name=value"},
		{"", "", "is not set"},
	} {
		t.Setenv("COLLECTOR_HEADERS", c.value)
		h, err := config.Telemetry{HeadersEnv: "COLLECTOR_HEADERS"}.Headers()
		if h["authorization"] != c.want || (err != nil) != (c.err != "") || err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%q: %v %v", c.value, h, err)
		}
	}
	for _, bad := range []string{"http://collector.example/v1/traces", "https://u:p@c.example/v1/traces", "ftp://c.example", "https://c.example/?key=1"} {
		if _, _, err := config.Load(config.Options{Workspace: t.TempDir(), Environ: []string{"ROLEOS_TELEMETRY_TRACES_URL=" + bad}}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	c, _, err := config.Load(config.Options{Workspace: t.TempDir(), Environ: []string{"ROLEOS_TELEMETRY_TRACES_URL=http://127.0.0.1:4318/v1/traces"}})
	if err != nil || !c.Telemetry.On() {
		t.Error(c.Telemetry, err)
	}
}

func TestEveryKeyIsDocumentedBoundedAndInTheStruct(t *testing.T) {
	envs, flags := map[string]bool{}, map[string]bool{}
	names := map[string]bool{}
	for _, k := range config.Keys() {
		if names[k.Name] || envs[k.Env()] || flags[k.Flag()] {
			t.Errorf("%s: its name, variable or flag is taken", k.Name)
		}
		names[k.Name], envs[k.Env()], flags[k.Flag()] = true, true, true
		if !strings.HasSuffix(k.Doc, ".") || len(k.Doc) < 20 {
			t.Errorf("%s: description %q is no sentence", k.Name, k.Doc)
		}
		if k.Bound == "" {
			t.Errorf("%s has no bound", k.Name)
		}
		if empty := []string{"prioritisation.segment_weights", "team.roles", "serve.oidc.roles", "webhooks.endpoints", "webhooks.events", "products", "models"}; k.Default == "" && !slices.Contains(empty, k.Name) {
			t.Errorf("%s has no default", k.Name)
		}
	}
	fields := map[string]bool{}
	var walk func(string, reflect.Type)
	walk = func(path string, s reflect.Type) {
		for f := range s.Fields() {
			tag := f.Tag.Get("mapstructure")
			if tag == "-" {
				continue
			}
			if f.Type.Kind() == reflect.Struct {
				walk(path+tag+".", f.Type)
				continue
			}
			fields[path+tag] = true
		}
	}
	walk("", reflect.TypeFor[config.Config]())
	if d := cmp.Diff(names, fields); d != "" {
		t.Errorf("keys and fields differ:\n%s", d)
	}
	c, origins, err := config.Load(config.Options{Workspace: workspace(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings(origins) {
		if s.Value == "<nil>" || s.Origin == "" {
			t.Errorf("%s: shown as %q from %q", s.Key, s.Value, s.Origin)
		}
	}
}

// What a setting shows is what it takes: every value shown, given back through
// the environment, leads to the same settings.
func TestShownSettingsCanBeGivenBack(t *testing.T) {
	dir := workspace(t, "grants: {expiry: 9m}\nalerts: {q: 0.01}\ningest: {limits: {cell_bytes: 1000}}\n")
	c, origins, err := config.Load(config.Options{Workspace: dir})
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	byName := map[string]config.Key{}
	for _, k := range config.Keys() {
		byName[k.Name] = k
	}
	for _, s := range c.Settings(origins) {
		env = append(env, byName[s.Key].Env()+"="+s.Value)
	}
	again, _, err := config.Load(config.Options{Workspace: dir, Environ: env})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, again); d != "" {
		t.Error(d)
	}
}

func TestReferenceMatchesItsGoldenFile(t *testing.T) {
	golden(t, "reference.md", []byte(config.Reference()))
}

func TestTemplateIsAllCommentAndAllDefault(t *testing.T) {
	golden(t, "roleos.yaml", config.Template())
	dir := workspace(t, string(config.Template()))
	want, _, err := config.Load(config.Options{Workspace: dir})
	if err != nil {
		t.Fatal(err)
	}
	var open strings.Builder
	for line := range strings.Lines(string(config.Template())) {
		if body, ok := strings.CutPrefix(line, "# "); ok && !strings.HasPrefix(body, "and ") && !strings.HasPrefix(body, "Settings") {
			open.WriteString(body)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(open.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	got, origins, err := config.Load(config.Options{Workspace: dir})
	if err != nil {
		t.Fatalf("%v\n%s", err, open.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the template's values are not the defaults:\n%s", d)
	}
	fromFile := 0
	for _, o := range origins {
		if strings.HasPrefix(o, config.FileName) {
			fromFile++
		}
	}
	if all := len(config.Keys()); fromFile != all-3 { // three defaults are computed
		t.Errorf("%d of %d keys are in the template, want all but three", fromFile, all)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs; go test ./config -update rewrites it:\n%s", name, d)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"", "log: {level: info}\n", "log:\n  level: [", "? a\n: b\n", "a: &x [*x]\n", "log: !!str 3\n", "<<: {a: 1}\n", "- [[[[[[",
		"prioritisation: {segment_weights: {plan=a: 1, plan=b: .inf}}\n", "\xff\xfe", "log:\n  level: |\n    info\n",
	} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, yaml string) {
		if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		c, origins, err := config.Load(config.Options{Workspace: dir})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("kind %s for a bad file: %v", fault.KindOf(err), err)
			}
			return
		}
		if len(c.Settings(origins)) != len(config.Keys()) || c.Log.Level == "" || c.Ingest.Limits.Rows < 1 {
			t.Errorf("accepted, but incomplete: %+v", c)
		}
	})
}

func TestTheCalendarMeansWhatItSays(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"handoff.calendar.days", "mon-fri", ""},
		{"handoff.calendar.days", "sun-thu", ""},
		{"handoff.calendar.days", "fri-mon, wed", ""},
		{"handoff.calendar.days", "mon,mon", "days of the week"},
		{"handoff.calendar.days", "monday", "days of the week"},
		{"handoff.calendar.hours", "09:00-17:30", ""},
		{"handoff.calendar.hours", "00:00-24:00", ""},
		{"handoff.calendar.hours", "17:00-09:00", "hours from 00:00"},
		{"handoff.calendar.hours", "9-17", "hours from 00:00"},
		{"handoff.calendar.zone", "Europe/Berlin", ""},
		{"handoff.calendar.zone", "Mars/Olympus", "a time zone"},
		{"handoff.calendar.holidays", "2026-12-25,2027-01-01", ""},
		{"handoff.calendar.holidays", "christmas", "dates"},
		{"handoff.escalate.webhook", "https://hooks.example.org/x", ""},
		{"handoff.escalate.webhook", "ftp://hooks.example.org/x", "an https address"},
	} {
		_, _, err := config.Load(config.Options{Workspace: t.TempDir(), Flags: map[string]string{c.key: c.value}})
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s gives %v, want %q", c.key, c.value, err, c.want)
		}
	}
	cal := config.Calendar{Days: "fri-sun", Hours: "08:30-24:00", Holidays: "2026-12-25, 2027-01-01"}
	open, shut := cal.OpenClose()
	if got := fmt.Sprint(cal.Weekdays(), open, shut, cal.Dates()); got != "[Friday Saturday Sunday] 510 1440 [2026-12-25 2027-01-01]" {
		t.Error(got)
	}
}

func FuzzCalendar(f *testing.F) {
	for _, s := range []string{"mon-fri", "fri-mon,wed", "09:00-17:30", "2026-12-25,2027-01-01", "none", "Europe/Berlin", "sun-sun", "-", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, key := range []string{"handoff.calendar.days", "handoff.calendar.hours", "handoff.calendar.holidays", "handoff.calendar.zone", "handoff.escalate.webhook"} {
			c, _, err := config.Load(config.Options{Workspace: t.TempDir(), Flags: map[string]string{key: s}})
			if err != nil {
				continue
			}
			cal := c.Handoff.Calendar
			open, shut := cal.OpenClose()
			if n := len(cal.Weekdays()); n < 1 || n > 7 || open >= shut || shut > 24*60 {
				t.Errorf("%s: %q means %v, %d to %d", key, s, cal.Weekdays(), open, shut)
			}
			if _, err := cal.Location(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAVendorsUsualVariableIsTaken(t *testing.T) {
	t.Setenv("MISTRAL_API_KEY", "k")
	for name, c := range map[string]struct {
		in   config.Model
		want string
	}{
		"vendor":      {config.Model{Provider: "mistral", BaseURL: config.None, KeyEnv: config.None, KeyFile: config.None, KeyCommand: config.None}, "MISTRAL_API_KEY"},
		"other place": {config.Model{Provider: "mistral", BaseURL: config.None, KeyEnv: "MINE", KeyFile: config.None, KeyCommand: config.None}, "MINE"},
		"own server":  {config.Model{Provider: "mistral", BaseURL: "https://llm.example", KeyEnv: config.None, KeyFile: config.None, KeyCommand: config.None}, config.None},
		"unknown":     {config.Model{Provider: "ollama", BaseURL: config.None, KeyEnv: config.None, KeyFile: config.None, KeyCommand: config.None}, config.None},
	} {
		if got := c.in.WithUsualKey().KeyEnv; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
