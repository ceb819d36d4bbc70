package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest"
	"roleos/internal/ingest/columns"
	"roleos/internal/report/say"
	"roleos/internal/sample"
	"roleos/internal/store"
)

// Collection is what one run read, as it is kept with the run.
type Collection struct {
	Set       string                 `json:"set"` // id of the record set
	Sample    bool                   `json:"sample"`
	Sources   []evidence.Source      `json:"sources"`
	Findings  []artefact.Finding     `json:"findings"`
	Redaction artefact.Redaction     `json:"redaction"`
	Columns   []ingest.SourceColumns `json:"columns"`
	SetAside  []ingest.BadRow        `json:"set_aside"`
	// Renamed maps, for each draft that the agent builds on, its record ids to those
	// of Set, where they differ.
	Renamed map[string]map[string]string `json:"renamed,omitempty"`
}

// Lines says for each file what its columns were taken for.
func (c Collection) Lines() []string {
	var out []string
	for _, src := range c.Columns {
		var parts []string
		fields, saved := 0, false
		for _, col := range src.Columns {
			if col.Role == columns.Field {
				fields++
				continue
			}
			parts = append(parts, fmt.Sprintf("%s=%s", col.Role, col.Name))
			saved = saved || col.Why == "saved"
		}
		line := fmt.Sprintf("%s: %s; %s", src.Name, say.Plural(src.Rows, "row", "rows"), strings.Join(parts, ", "))
		if fields > 0 {
			line += "; " + say.Plural(fields, "other column", "other columns") + " kept"
		}
		if saved {
			line += ". Columns as you mapped them before; to find them anew: --map auto"
		}
		out = append(out, line)
	}
	return append(out, c.said()...)
}

// collect reads the input of a run into the store and returns the digest of its collection.
func (a *App) collect(ctx context.Context, in draftInput, progress func(string, int, int)) (string, error) {
	opts := ingest.Options{
		Map: in.Map, Strict: in.Strict, Redact: in.Settings.Redact, Limits: ingest.Limits(in.Settings.Limits),
		Saved: func(signature string) (map[string]string, bool) {
			if in.Forget {
				return nil, false
			}
			return a.savedMapping(ctx, signature)
		},
		Progress: func(file string, done, total int64) {
			progress("Reading "+file, int(done>>10), int(total>>10))
		},
	}
	opts.Fetch = a.fetcher(in.Settings.Feeds)
	var read *ingest.Result
	var err error
	switch {
	case in.Sample:
		read, err = ingest.ReadBytes(ctx, sample.Name, sample.CSV(), opts)
	case len(in.Paths)+len(in.Uploads) > 0:
		read, err = a.readInput(ctx, in.Paths, in.Uploads, opts)
	default:
		read = &ingest.Result{Masked: map[string]int{}}
	}
	if err != nil {
		return "", err
	}
	renamed, err := a.join(ctx, read, in.Upstream)
	if err != nil {
		return "", err
	}
	if len(read.Records) == 0 {
		return "", fault.New(fault.Invalid, "app.collect", "the input holds no records with text").
			WithMend("Name the column that holds the text with --map text=COLUMN.")
	}
	set, err := a.db.PutRecords(ctx, store.RecordSet{Sources: read.Sources, Records: read.Records, Originals: read.Originals})
	if err != nil {
		return "", err
	}
	erasures, err := a.db.ErasureCount(ctx)
	if err != nil {
		return "", err
	}
	if erasures == 0 { // else the same input may have been read and erased before
		a.keep(set, read.Records, 0)
	}
	c := Collection{
		Set: set, Sample: in.Sample, Sources: read.Sources, Columns: read.Columns, SetAside: read.SetAside,
		Renamed: renamed, Redaction: artefact.Redaction{On: in.Settings.Redact, Masked: read.Masked},
	}
	for _, f := range read.Findings {
		c.Findings = append(c.Findings, artefact.Finding(f))
	}
	late, err := a.staleInputs(ctx, in)
	if err != nil {
		return "", err
	}
	c.Findings = append(c.Findings, late...)
	if len(in.Map) > 0 || in.Forget {
		if err := a.saveMappings(ctx, read.Columns, in.Map); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return a.db.PutBlob(ctx, data)
}

func (a *App) collection(ctx context.Context, digest string) (Collection, error) {
	var c Collection
	data, err := a.db.Blob(ctx, digest)
	if err != nil {
		return c, err
	}
	err = json.Unmarshal(data, &c)
	return c, err
}

func (a *App) savedMapping(ctx context.Context, signature string) (map[string]string, bool) {
	data, err := a.db.Mapping(ctx, signature)
	if err != nil {
		return nil, false
	}
	var m map[string]string
	return m, json.Unmarshal(data, &m) == nil
}

func (a *App) saveMappings(ctx context.Context, columns []ingest.SourceColumns, given map[string]string) error {
	data, err := json.Marshal(given)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := a.db.SaveMapping(ctx, c.Signature, data); err != nil {
			return err
		}
	}
	return nil
}

// Records implements handoff.Evidence; the set that was just read is at hand.
func (a *App) Records(ctx context.Context, set string) ([]evidence.Record, error) {
	a.mu.Lock()
	kept := a.kept
	a.mu.Unlock()
	erasures, err := a.db.ErasureCount(ctx) // another process may have erased some of them
	if err != nil {
		return nil, err
	}
	if kept.set == set && kept.erasures == erasures {
		return kept.records, nil
	}
	records, err := a.db.Records(ctx, set)
	if err == nil {
		a.keep(set, records, erasures)
	}
	return records, err
}

func (a *App) keep(set string, records []evidence.Record, erasures int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = keptRecords{set, records, erasures}
}

// keptRecords is the record set that was used last, as it was after so many
// erasures. Nobody changes it.
type keptRecords struct {
	set      string
	records  []evidence.Record
	erasures int
}
