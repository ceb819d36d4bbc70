package config

import (
	"path/filepath"
	"slices"
	"strings"
)

// Key describes one setting.
type Key struct {
	Name    string // "ingest.limits.rows"
	Doc     string // one or two sentences: what it changes
	Default string // as it would be written; computed defaults are described in angle brackets
	Bound   string // what is accepted, in words

	// own keeps the key out of a workspace's file and says what its author could do
	// there to whoever opens it: "run its author's command". Empty: it may stand there.
	own  string
	kind kind
	def  func(Options) string // nil: Default itself
}

// Env returns the name of the environment variable that sets the key.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Flag returns the name of the flag that sets the key, without its dashes.
func (k Key) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name) }

// Keys returns every setting in the order in which a reader meets them.
func Keys() []Key {
	keys := []Key{
		{
			Name: "workspace.name", Doc: "Name of the workspace on reports and screens.",
			Default: "<name of the workspace's folder>", kind: text(80),
			def: func(o Options) string { return folderName(o.Workspace) },
		},
		{
			Name: "principal", Doc: "Who you are on reviews, grants and audit records. Always a person, never an agent.",
			Default: "person:<user of the operating system>", kind: person(),
			def: func(o Options) string { return "person:" + userName(o.User) },
		},
		{
			Name: "store.url", Doc: "Database for runs, records, drafts and the audit log: a SQLite file, or PostgreSQL for several machines.",
			Default: "sqlite:<workspace>/.roleos/roleos.db", kind: storeURL(),
			def: func(o Options) string { return "sqlite:" + filepath.Join(o.Workspace, ".roleos", "roleos.db") },
		},
		{Name: "privacy.redact", Doc: "Mask e-mail addresses, phone and card numbers, IBANs, IP addresses and keys in everything but the local store.", Default: "true", kind: yesNo()},

		{Name: "ingest.limits.file_bytes", Doc: "Largest single file that is read.", Default: "1GiB", kind: size(1<<10, 1<<40)},
		{Name: "ingest.limits.total_bytes", Doc: "Most bytes of one run, over all files, after unpacking.", Default: "4GiB", kind: size(1<<10, 1<<42)},
		{Name: "ingest.limits.rows", Doc: "Most records of one run.", Default: "5000000", kind: whole(1, 100_000_000)},
		{Name: "ingest.limits.cell_bytes", Doc: "Largest single cell or value.", Default: "1MiB", kind: size(64, 1<<30)},
		{Name: "ingest.limits.columns", Doc: "Most columns of one table.", Default: "2000", kind: whole(1, 100_000)},
		{Name: "ingest.limits.json_depth", Doc: "Deepest nesting of JSON that is followed.", Default: "64", kind: whole(1, 1000)},
		{Name: "ingest.limits.files", Doc: "Most files of one run, members of archives counted.", Default: "10000", kind: whole(1, 1_000_000)},
		{Name: "ingest.limits.archive_ratio", Doc: "Most bytes that one packed byte may unpack to. Beyond it an archive counts as hostile.", Default: "200", kind: whole(2, 10_000)},
		{Name: "ingest.feeds.hosts", Doc: "Hosts from which feeds may be fetched, separated by spaces. Without them nothing is fetched.", Default: None, kind: optional(text(2000))},
		{Name: "ingest.feeds.timeout", Doc: "How long one feed may take to arrive.", Default: "20s", kind: duration("1s", "5m")},
		{Name: "ingest.feeds.bytes", Doc: "Largest feed that is fetched.", Default: "16MiB", kind: size(1<<10, 1<<28)},
		{Name: "products", Doc: "What you build and the terms people use for it. The Market Scanner looks for them.", Default: "", kind: productTerms()},

		{Name: "analyst.seed", Doc: "Seed of the offline analyst. The same seed and the same records give the same themes.", Default: "1", kind: whole64(1, 1<<53)},
		{Name: "analyst.max_sample", Doc: "Most distinct texts that shape the themes; the rest is assigned to them.", Default: "6000", kind: whole(100, 100_000)},
		{Name: "analyst.min_theme", Doc: "Fewest records of a theme; smaller groups stay unassigned. 0 lets the number of records decide.", Default: "0", kind: whole(0, 10_000)},

		{Name: "prioritisation.weights.reach", Doc: "Weight of how many records an issue touches.", Default: "0.35", kind: number(0, 1)},
		{Name: "prioritisation.weights.intensity", Doc: "Weight of how strongly people put it.", Default: "0.25", kind: number(0, 1)},
		{Name: "prioritisation.weights.growth", Doc: "Weight of whether its share grows.", Default: "0.15", kind: number(0, 1)},
		{Name: "prioritisation.weights.segment_weight", Doc: "Weight of which segments it comes from.", Default: "0.10", kind: number(0, 1)},
		{Name: "prioritisation.weights.confidence", Doc: "Weight of how sure the analyst is of the theme.", Default: "0.15", kind: number(0, 1)},
		{Name: "prioritisation.segment_weights", Doc: "How much more a segment counts, by name=value: plan=enterprise 2 doubles it. A segment not named counts 1.", Default: "", kind: weights()},

		{Name: "alerts.q", Doc: "Most false alarms among the alerts of one report, as a share (false discovery rate).", Default: "0.05", kind: number(0.0001, 0.5)},
		{Name: "alerts.min_period_records", Doc: "Fewest records of a period that is judged; a thinner one says that it has too little data.", Default: "10", kind: whole(1, 1_000_000)},
		{Name: "alerts.min_ratio", Doc: "Smallest change of a share, as a ratio, that is worth an alert.", Default: "1.5", kind: number(1, 100)},

		{Name: "workflows.in", Doc: "Folder of raw material that a workflow reads when it begins by itself; below the workspace unless absolute. none: none begins by itself. Begun they are by roleos serve, and by roleos workflow tick.", Default: None, kind: optional(folder())},
		{Name: "workflows.cycle", Doc: "How often a workflow that begins with a cycle does so by itself, counted from its last cycle. A cycle begins only when the one before is over.", Default: None, kind: choice(None, "daily", "weekly", "biweekly", "monthly", "per-cycle", "quarterly", "yearly")},
		{Name: "workflows.on_alert", Doc: "Begin a workflow that begins on alerts when the newest synthesis made outside of a workflow reports a pattern that no run knew of.", Default: "true", kind: yesNo()},

		{Name: "review.mode", Doc: "solo: the author may review, and every record says so. team: a second person has to.", Default: "solo", kind: choice("solo", "team")},
		{Name: "team.roles", Doc: "Which roles each person holds. In solo mode the one person holds all of them.", Default: "", kind: peopleRoles()},
		{Name: "handoff.calendar.zone", Doc: "Time zone of the working time that contracts with calendar: working count.", Default: "UTC", kind: zone()},
		{Name: "handoff.calendar.days", Doc: "Days on which time counts.", Default: "mon-fri", kind: dayList()},
		{Name: "handoff.calendar.hours", Doc: "Hours of those days that count. With 09:00-17:00 a promise of 24h takes three days; with 00:00-24:00 one.", Default: "00:00-24:00", kind: hourRange()},
		{Name: "handoff.calendar.holidays", Doc: "Days that do not count.", Default: None, kind: optional(dateList())},
		{Name: "handoff.escalate.file", Doc: "File to which every reminder, breach and escalation is appended as a line of JSON; below the workspace unless absolute.", Default: ".roleos/escalations.jsonl", kind: optional(folder())},
		{Name: "handoff.escalate.webhook", Doc: "Address to which they are posted, signed as Standard Webhooks ask for.", Default: None, kind: optional(webAddress())},
		{Name: "handoff.escalate.secret_file", Doc: "File that holds the webhook's secret and nothing else: whsec_ and 24 to 64 bytes in base64.", Default: None, kind: optional(folder())},
		{Name: "governance.attest_every_days", Doc: "Days after which the owner of an agent or a workflow has to attest again that they answer for it; until then it does not run.", Default: "90", kind: whole(1, 730)},
		{Name: "retention.originals_days", Doc: "Days after which unmasked texts, and files that were stored for runs, are dropped; what is masked stays. 0 keeps them.", Default: "0", kind: whole(0, 36_500)},
		{Name: "retention.records_days", Doc: "Days after which everything that records said is erased, in drafts and publications too; figures and digests stay. 0 keeps it.", Default: "0", kind: whole(0, 36_500)},
		{Name: "retention.journal_days", Doc: "Days after which the step-by-step journal of a finished run is dropped; the run, its draft and the audit log stay. 0 keeps it.", Default: "90", kind: whole(0, 36_500)},
		{Name: "delegation.sample_share", Doc: "Share of what agents publish without waiting that a person looks at afterwards. Which, the digests decide.", Default: "0.2", kind: number(0.01, 1)},
		{Name: "grants.expiry", Doc: "How long a person's confirmation of a change stays valid.", Default: "15m", kind: duration("1m", "15m")},
		{Name: "publish.root", Doc: "Folder of the workspace into which approved drafts are published.", Default: "context", kind: innerFolder()},
		{Name: "tracker.kind", Doc: "Issue tracker in which tickets may be proposed.", Default: None, kind: choice(None, "github", "redmine")},
		{Name: "tracker.url", Doc: "Address of the tracker. none: GitHub's own.", Default: None, kind: optional(text(200))},
		{Name: "tracker.project", Doc: "Project whose issues may be opened: OWNER/REPOSITORY on GitHub, the identifier on Redmine.", Default: None, kind: optional(text(120))},
		{Name: "tracker.staging_project", Doc: "Project of the same tracker in which tickets are tried first. none: they cannot be tried, and opening them asks for the target's name.", Default: None, kind: optional(text(120))},
		{Name: "tracker.key_file", Doc: "File that holds the tracker's API key and nothing else, readable by you only.", Default: None, kind: optional(folder())},
		{Name: "report.dir", Doc: "Folder for reports; below the workspace unless absolute.", Default: "reports", kind: folder()},
		{Name: "log.level", Doc: "Least important message that is written to stderr.", Default: "warn", kind: choice("debug", "info", "warn", "error")},
	}
	keys = slices.Concat(keys, serveKeys(), webhookKeys(), modelKeys(), telemetryKeys())
	for i := range keys {
		keys[i].Bound = keys[i].kind.bound
	}
	return keys
}

// folderName returns the last part of dir as a name, "workspace" when it has none.
func folderName(dir string) string {
	name := strings.TrimSpace(filepath.Base(dir))
	if name == "." || strings.ContainsAny(name, `/\`) {
		return "workspace"
	}
	if r := []rune(name); len(r) > 80 {
		return string(r[:80])
	}
	return name
}

// userName returns an operating-system user as a principal's name: the part
// after a domain, lower case, with anything else than [a-z0-9._-] as "-".
func userName(user string) string {
	user = strings.ToLower(user[strings.LastIndexAny(user, `\/`)+1:])
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, user)
	name = strings.Trim(name, "._-")
	if name == "" {
		return "local"
	}
	return name[:min(len(name), 64)]
}
