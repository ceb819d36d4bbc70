package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Setting is one key with its value, ready to be shown.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`  // as it would be written; passwords are hidden
	Origin string `json:"origin"` // "default", "roleos.yaml:3:7", "ROLEOS_LOG_LEVEL", "--log-level"
	Doc    string `json:"doc"`
}

// Settings returns every setting of c in the order of Keys.
func (c Config) Settings(origins Origins) []Setting {
	values := c.values()
	keys := Keys()
	out := make([]Setting, len(keys))
	for i, k := range keys {
		out[i] = Setting{Key: k.Name, Value: show(values[k.Name]), Origin: origins[k.Name], Doc: k.Doc}
		if k.kind.secret && out[i].Value != None && out[i].Value != "" {
			out[i].Value = maskURL(out[i].Value)
		}
	}
	return out
}

// values returns the fields of c by key. A test holds it against Keys and the struct.
func (c Config) values() map[string]any {
	l, w := c.Ingest.Limits, c.Prioritisation.Weights
	out := map[string]any{
		"workspace.name": c.Workspace.Name, "principal": c.Principal, "store.url": c.Store.URL, "privacy.redact": c.Privacy.Redact,
		"ingest.limits.file_bytes": bytesText(l.FileBytes), "ingest.limits.total_bytes": bytesText(l.TotalBytes), "ingest.limits.rows": l.Rows,
		"ingest.limits.cell_bytes": bytesText(l.CellBytes), "ingest.limits.columns": l.Columns, "ingest.limits.json_depth": l.JSONDepth,
		"ingest.limits.files": l.Files, "ingest.limits.archive_ratio": l.ArchiveRatio,
		"ingest.feeds.hosts": c.Ingest.Feeds.Hosts, "ingest.feeds.timeout": c.Ingest.Feeds.Timeout, "ingest.feeds.bytes": bytesText(c.Ingest.Feeds.Bytes), "products": c.Products,
		"analyst.seed": c.Analyst.Seed, "analyst.max_sample": c.Analyst.MaxSample, "analyst.min_theme": c.Analyst.MinTheme,
		"prioritisation.weights.reach": w.Reach, "prioritisation.weights.intensity": w.Intensity, "prioritisation.weights.growth": w.Growth,
		"prioritisation.weights.segment_weight": w.SegmentWeight, "prioritisation.weights.confidence": w.Confidence,
		"prioritisation.segment_weights": c.Prioritisation.SegmentWeights,
		"alerts.q":                       c.Alerts.Q, "alerts.min_period_records": c.Alerts.MinPeriodRecords, "alerts.min_ratio": c.Alerts.MinRatio,
		"workflows.in": c.Workflows.In, "workflows.cycle": c.Workflows.Cycle, "workflows.on_alert": c.Workflows.OnAlert,
		"review.mode": c.Review.Mode, "team.roles": c.Team.Roles, "handoff.calendar.zone": c.Handoff.Calendar.Zone,
		"handoff.calendar.days": c.Handoff.Calendar.Days, "handoff.calendar.hours": c.Handoff.Calendar.Hours,
		"handoff.calendar.holidays": c.Handoff.Calendar.Holidays, "handoff.escalate.file": c.Handoff.Escalate.File,
		"handoff.escalate.webhook": c.Handoff.Escalate.Webhook, "handoff.escalate.secret_file": c.Handoff.Escalate.SecretFile,
		"governance.attest_every_days": c.Governance.AttestEveryDays,
		"retention.originals_days":     c.Retention.Originals, "retention.records_days": c.Retention.Records, "retention.journal_days": c.Retention.Journal,
		"grants.expiry": c.Grants.Expiry, "publish.root": c.Publish.Root,
		"delegation.sample_share": c.Delegation.SampleShare,
		"tracker.kind":            c.Tracker.Kind, "tracker.url": c.Tracker.URL, "tracker.project": c.Tracker.Project,
		"tracker.staging_project": c.Tracker.StagingProject, "tracker.key_file": c.Tracker.KeyFile,
		"report.dir": c.Report.Dir, "log.level": c.Log.Level,
	}
	maps.Copy(out, c.Serve.values())
	maps.Copy(out, c.Webhooks.values())
	maps.Copy(out, c.Model.values())
	maps.Copy(out, c.Telemetry.values())
	out["models"] = c.Models
	return out
}

// show writes a value the way the environment would take it.
func show(v any) string {
	switch v := v.(type) {
	case float64:
		return plain(v)
	case time.Duration:
		s := v.String()
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		return s
	case map[string]float64:
		pairs := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, name+":"+plain(v[name]))
		}
		return strings.Join(pairs, ",")
	case map[string]string:
		pairs := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, name+":"+v[name])
		}
		return strings.Join(pairs, ",")
	case map[string][]string:
		pairs := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, name+":"+strings.Join(v[name], "+"))
		}
		return strings.Join(pairs, ",")
	}
	return fmt.Sprint(v)
}

// Reference returns the table of all keys as Markdown.
func Reference() string {
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;")
	var b strings.Builder
	b.WriteString("| key | default | accepts | what it does |\n|---|---|---|---|\n")
	for _, k := range Keys() {
		def := k.Default
		if def == "" {
			def = "(empty)"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, cell.Replace(def), cell.Replace(k.Bound), cell.Replace(k.Doc))
	}
	return b.String()
}

// Template returns a settings file for a new workspace: every key with its
// meaning, bound and default, all of it commented out.
func Template() []byte {
	var b strings.Builder
	b.WriteString("# Settings of this workspace. Everything below is the default; remove the \"# \" in front of what you change,\n" +
		"# and of the section names above it. The environment (ROLEOS_LOG_LEVEL for log.level) and flags go before this file.\n")
	var open []string
	for _, k := range Keys() {
		parts := strings.Split(k.Name, ".")
		sections, leaf := parts[:len(parts)-1], parts[len(parts)-1]
		same := 0
		for same < len(sections) && same < len(open) && sections[same] == open[same] {
			same++
		}
		if same == 0 {
			b.WriteString("\n")
		}
		for i := same; i < len(sections); i++ {
			fmt.Fprintf(&b, "# %s%s:\n", strings.Repeat("  ", i), sections[i])
		}
		open = sections
		indent := strings.Repeat("  ", len(sections))
		def := k.Default
		switch {
		case strings.Contains(def, "<"):
			fmt.Fprintf(&b, "# %s# %s\n# %s# %s: %s\n", indent, k.Doc, indent, leaf, def)
			continue
		case def == "":
			def = "{}"
		}
		fmt.Fprintf(&b, "# %s# %s Accepts %s.\n# %s%s: %s\n", indent, k.Doc, k.Bound, indent, leaf, def)
	}
	return []byte(b.String())
}
