package config

import (
	"path/filepath"
	"time"
)

// FileName is the settings file that Load looks for in a workspace. It may be missing.
const FileName = "roleos.yaml"

// Config holds every setting, checked and complete. It is a plain value: copy
// it, pass it on, never change it.
//
// What each key means, its default and its bound stand in one place: Keys.
type Config struct {
	Dir            string         `mapstructure:"-"` // the workspace's folder, absolute; not a key
	Principal      string         `mapstructure:"principal"`
	Workspace      Workspace      `mapstructure:"workspace"`
	Store          Store          `mapstructure:"store"`
	Privacy        Privacy        `mapstructure:"privacy"`
	Ingest         Ingest         `mapstructure:"ingest"`
	Analyst        Analyst        `mapstructure:"analyst"`
	Model          Model          `mapstructure:"model"`
	Prioritisation Prioritisation `mapstructure:"prioritisation"`
	Alerts         Alerts         `mapstructure:"alerts"`
	Workflows      Workflows      `mapstructure:"workflows"`
	Review         Review         `mapstructure:"review"`
	Team           Team           `mapstructure:"team"`
	Serve          Serve          `mapstructure:"serve"`
	Webhooks       Webhooks       `mapstructure:"webhooks"`
	Handoff        Handoff        `mapstructure:"handoff"`
	Governance     Governance     `mapstructure:"governance"`
	Retention      Retention      `mapstructure:"retention"`
	Delegation     Delegation     `mapstructure:"delegation"`
	Grants         Grants         `mapstructure:"grants"`
	Publish        Publish        `mapstructure:"publish"`
	Tracker        Tracker        `mapstructure:"tracker"`
	Report         Report         `mapstructure:"report"`
	Log            Log            `mapstructure:"log"`
	Telemetry      Telemetry      `mapstructure:"telemetry"`

	// TargetSecrets holds the ROLEOS_TARGET_... variables by name: addresses and
	// secrets of declared targets. It is no key and never shown.
	TargetSecrets map[string]string `mapstructure:"-"`

	// Models are further ones, by a name of the user's: PROVIDER:NAME and what follows.
	Models map[string]string `mapstructure:"models"`
	// Products maps what the workspace builds to the terms people use for it.
	Products map[string][]string `mapstructure:"products"`
}

// Workspace names the workspace to its readers.
type Workspace struct {
	Name string `mapstructure:"name"`
}

// Store says where runs, records, drafts and the audit log are kept.
type Store struct {
	URL string `mapstructure:"url"` // may hold a password: show it through Config.Settings only
}

// Privacy says what is hidden before anything leaves the store.
type Privacy struct {
	Redact bool `mapstructure:"redact"`
}

// Ingest bounds what is read from outside.
type Ingest struct {
	Limits Limits `mapstructure:"limits"`
	Feeds  Feeds  `mapstructure:"feeds"`
}

// Feeds bounds what is fetched from the network.
type Feeds struct {
	Hosts   string        `mapstructure:"hosts"` // separated by commas or spaces; none: no host
	Timeout time.Duration `mapstructure:"timeout"`
	Bytes   int64         `mapstructure:"bytes"` // of one feed
}

// Limits are the most that one run reads. What exceeds one of them is refused, not cut.
type Limits struct {
	FileBytes    int64 `mapstructure:"file_bytes"`
	TotalBytes   int64 `mapstructure:"total_bytes"` // of all files, unpacked
	Rows         int   `mapstructure:"rows"`
	CellBytes    int64 `mapstructure:"cell_bytes"`
	Columns      int   `mapstructure:"columns"`
	JSONDepth    int   `mapstructure:"json_depth"`
	Files        int   `mapstructure:"files"`
	ArchiveRatio int   `mapstructure:"archive_ratio"` // unpacked bytes for each packed byte
}

// Analyst steers the offline analyst.
type Analyst struct {
	Seed      int64 `mapstructure:"seed"`
	MaxSample int   `mapstructure:"max_sample"`
	MinTheme  int   `mapstructure:"min_theme"` // 0: chosen by the number of records
}

// Prioritisation holds the weights of an issue's score. Only their proportion counts.
type Prioritisation struct {
	Weights        Weights            `mapstructure:"weights"`
	SegmentWeights map[string]float64 `mapstructure:"segment_weights"` // "plan=enterprise" -> 2; a segment not named weighs 1
}

// Weights are the shares of the factors in an issue's score, each 0 to 1.
type Weights struct {
	Reach         float64 `mapstructure:"reach"`
	Intensity     float64 `mapstructure:"intensity"`
	Growth        float64 `mapstructure:"growth"`
	SegmentWeight float64 `mapstructure:"segment_weight"`
	Confidence    float64 `mapstructure:"confidence"`
}

// Alerts says when a change of a theme's share is worth a person's attention.
type Alerts struct {
	Q                float64 `mapstructure:"q"` // most false alarms among the alerts raised, as a share
	MinPeriodRecords int     `mapstructure:"min_period_records"`
	MinRatio         float64 `mapstructure:"min_ratio"`
}

// Workflows says which of them begin by themselves.
type Workflows struct {
	In      string `mapstructure:"in"`    // what they read, below the workspace unless absolute; none: none begins by itself
	Cycle   string `mapstructure:"cycle"` // none, or how often a cycle begins
	OnAlert bool   `mapstructure:"on_alert"`
}

// Review says who may approve.
type Review struct {
	Mode string `mapstructure:"mode"` // solo or team
}

// Team says who holds which roles.
type Team struct {
	// Roles maps a person ("person:ana") to the roles they hold. In solo mode the
	// one person there is holds all of them.
	Roles map[string][]string `mapstructure:"roles"`
}

// Retention says how long what people wrote is kept, in days; 0 keeps it for ever.
type Retention struct {
	Originals int `mapstructure:"originals_days"`
	Records   int `mapstructure:"records_days"`
	Journal   int `mapstructure:"journal_days"`
}

// Governance says how long an owner's word holds.
type Governance struct {
	AttestEveryDays int `mapstructure:"attest_every_days"`
}

// Delegation says how autonomous work is verified afterwards.
type Delegation struct {
	SampleShare float64 `mapstructure:"sample_share"`
}

// Grants bounds a person's confirmation.
type Grants struct {
	Expiry time.Duration `mapstructure:"expiry"`
}

// Publish says where approved drafts go.
type Publish struct {
	Root string `mapstructure:"root"` // below the workspace, with forward slashes
}

// Tracker says in which issue tracker tickets may be proposed.
type Tracker struct {
	Kind           string `mapstructure:"kind"` // none, github or redmine
	URL            string `mapstructure:"url"`
	Project        string `mapstructure:"project"`
	StagingProject string `mapstructure:"staging_project"`
	KeyFile        string `mapstructure:"key_file"` // below the workspace unless absolute
}

// Report says where reports go.
type Report struct {
	Dir string `mapstructure:"dir"` // as given; see Config.ReportDir
}

// Log says how much goes to stderr.
type Log struct {
	Level string `mapstructure:"level"` // debug, info, warn or error
}

// ReportDir returns the folder for reports: report.dir, below the workspace unless it is absolute.
func (c Config) ReportDir() string {
	if filepath.IsAbs(c.Report.Dir) {
		return filepath.Clean(c.Report.Dir)
	}
	return filepath.Join(c.Dir, c.Report.Dir)
}
