package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/internal/artefact"
	"roleos/internal/change"
	"roleos/internal/erase"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/run"
	"roleos/internal/store"
)

// auditErased is the audit record of an erasure: which records, by their digests.
const auditErased = "records.erased"

// ErasePlan is what an erasure takes, and what it cannot reach.
type ErasePlan struct {
	Notice     string         `json:"notice"`  // what is shown in place of what goes
	Count      int            `json:"count"`   // records that go
	Records    []ErasedRecord `json:"records"` // the first of them
	Drafts     []string       `json:"drafts"`  // whose records or words are touched
	ChangeSets []string       `json:"change_sets"`
	Files      []string       `json:"files"`    // in the workspace, below its folder
	Uploads    int            `json:"uploads"`  // stored files that go whole
	Blobs      int            `json:"blobs"`    // other stored documents with words of theirs
	Rows       int            `json:"rows"`     // places in other tables
	Mentions   int            `json:"mentions"` // records of others that speak of the person; they stay
	Logged     int            `json:"logged"`   // audit records and keys that hold such words; they stay, or proofs would break
	Remains    []string       `json:"remains"`  // what this cannot reach, in sentences
	Ask        string         `json:"ask"`      // what to type to have exactly this done
}

// ErasedRecord is one record that goes, without what it says.
type ErasedRecord struct {
	Set    string `json:"set"`
	ID     string `json:"id"`
	Place  string `json:"place"`
	Digest string `json:"digest"` // of its text as everybody read it
}

// mostListed bounds the records that a plan and the audit log name.
const mostListed = 1000

// erasing is one erasure under way.
type erasing struct {
	a      *App
	sel    erase.Selection
	before time.Time // records read before this go; zero: the selection says which
	gone   evidence.Erased
	scrub  *erase.Scrub
	plan   ErasePlan

	chunks  []store.Chunk
	picked  map[string]map[string]bool // blob of records -> ids
	sets    map[string]bool
	sources map[string]string // digest of a file that a picked record stood in -> its name
	drafts  map[string]bool
}

// PlanErasure says what would be erased, and changes nothing.
func (a *App) PlanErasure(ctx context.Context, sel erase.Selection) (ErasePlan, error) {
	e, err := a.erasing(ctx, sel, time.Time{})
	if err != nil {
		return ErasePlan{}, err
	}
	err = e.survey(ctx)
	return e.plan, err
}

// Erase erases what the selection picks, everywhere, when answer is what its plan
// asks for. The records' digests stay, and the audit log's proofs hold.
func (a *App) Erase(ctx context.Context, sel erase.Selection, answer string) (ErasePlan, error) {
	e, err := a.erasing(ctx, sel, time.Time{})
	if err != nil {
		return ErasePlan{}, err
	}
	if err := e.survey(ctx); err != nil {
		return ErasePlan{}, err
	}
	if answer != e.plan.Ask {
		return ErasePlan{}, fault.New(fault.NeedsConfirmation, "app.erase", "what was typed is not what this erasure asks for; nothing was erased").
			WithMend("Look at the plan and type what it asks for, word for word. When it asks for something else than before, something has changed since.")
	}
	err = e.do(ctx)
	return e.plan, err
}

func (a *App) erasing(ctx context.Context, sel erase.Selection, before time.Time) (*erasing, error) {
	if err := a.require(ctx, "erase what people said", "admin"); err != nil {
		return nil, err
	}
	if before.IsZero() {
		var err error
		if sel, err = sel.Valid(); err != nil {
			return nil, err
		}
	}
	e := &erasing{
		a: a, sel: sel, before: before, gone: evidence.Erased{At: a.now().UTC(), By: sel.By},
		picked: map[string]map[string]bool{}, sets: map[string]bool{}, sources: map[string]string{}, drafts: map[string]bool{},
	}
	e.plan.Notice = e.gone.Notice()
	e.scrub = erase.New(e.plan.Notice)
	if sel.Person != "" {
		e.scrub.Name(sel.Person)
	}
	return e, nil
}

// place is where a record stood: the same in every set that holds a copy of it.
type place struct {
	source string
	origin evidence.Origin
}

// survey finds everything that goes. It reads the whole store.
func (e *erasing) survey(ctx context.Context) error {
	if err := e.pick(ctx); err != nil {
		return err
	}
	if e.plan.Count == 0 {
		return fault.New(fault.NotFound, "app.erase", "no record here is picked by that").
			WithMend("An e-mail address picks every record that holds it; a name picks those that have it as author, account or another value, spelt so.")
	}
	if err := e.files(ctx, false); err != nil {
		return err
	}
	if err := e.stored(ctx, false); err != nil {
		return err
	}
	all, err := e.a.Drafts(ctx, nil)
	if err != nil {
		return err
	}
	for _, d := range all {
		if e.sets[d.Records] {
			e.drafts[d.ID] = true
		}
	}
	e.plan.Drafts = slices.Sorted(maps.Keys(e.drafts))
	slices.Sort(e.plan.ChangeSets)
	e.remains()
	sum := sha256.New()
	for _, r := range e.plan.Records {
		fmt.Fprintln(sum, r.Set, r.ID, r.Digest)
	}
	fmt.Fprintln(sum, e.plan.Count, e.plan.Drafts, e.plan.ChangeSets, e.plan.Files, e.plan.Uploads, e.sel.By)
	e.plan.Ask = fmt.Sprintf("erase %d %s", e.plan.Count, hex.EncodeToString(sum.Sum(nil)[:4]))
	return nil
}

// pick finds the records, and their copies in other sets.
func (e *erasing) pick(ctx context.Context) (err error) {
	if e.chunks, err = e.a.db.Chunks(ctx); err != nil {
		return err
	}
	places, from := map[place]bool{}, map[string]string{}
	names := map[string]map[string]evidence.Source{}
	for _, c := range e.chunks {
		if names[c.Set] == nil {
			all, err := e.a.db.Sources(ctx, c.Set)
			if err != nil {
				return err
			}
			names[c.Set] = map[string]evidence.Source{}
			for _, s := range all {
				names[c.Set][s.ID] = s
			}
		}
	}
	each := func(f func(c store.Chunk, r *evidence.Record, original string)) error {
		for _, c := range e.chunks {
			records, originals, err := e.a.db.ReadChunk(ctx, c)
			if err != nil {
				return err
			}
			for i := range records {
				f(c, &records[i], originals[records[i].ID])
			}
		}
		return nil
	}
	err = each(func(c store.Chunk, r *evidence.Record, original string) {
		name := names[c.Set][r.Source].Name
		picks := e.before.IsZero() && e.sel.Picks(r, original)
		if !e.before.IsZero() {
			picks = r.Erased == nil && c.CreatedAt.Before(e.before)
		}
		if !picks || !e.named(name) {
			return
		}
		places[place{r.Source, r.Origin}], from[r.Source] = true, name
	})
	if err != nil {
		return err
	}
	if err := e.reread(ctx, func(name string, r *evidence.Record) {
		if e.named(name) {
			places[place{r.Source, r.Origin}], from[r.Source] = true, name
		}
	}); err != nil {
		return err
	}
	if e.sel.Record != "" && len(from) > 1 {
		return fault.New(fault.Invalid, "app.erase", "records of that id stand in %d files: %s", len(from), strings.Join(slices.Sorted(maps.Values(from)), ", ")).
			WithMend("Say which file it is from.")
	}
	return each(func(c store.Chunk, r *evidence.Record, original string) {
		if !places[place{r.Source, r.Origin}] || r.Erased != nil || !e.before.IsZero() && !c.CreatedAt.Before(e.before) {
			if e.sel.Mentions(r) {
				e.plan.Mentions++
			}
			return
		}
		if e.picked[c.Records] == nil {
			e.picked[c.Records] = map[string]bool{}
		}
		e.picked[c.Records][r.ID] = true
		e.sets[c.Set] = true
		src := names[c.Set][r.Source]
		e.sources[src.Digest] = src.Name
		e.scrub.Record(r.ID, cmp.Or(original, r.Text), r.Text)
		if e.plan.Count++; e.plan.Count <= mostListed {
			e.plan.Records = append(e.plan.Records, ErasedRecord{Set: c.Set, ID: r.ID, Place: r.Where(src.Name), Digest: digestOf(r.Text)})
		}
	})
}

// named reports whether a file of that name is one that the selection is about.
func (e *erasing) named(name string) bool {
	return e.sel.Source == "" || strings.EqualFold(name, e.sel.Source) || strings.EqualFold(path.Base(name), e.sel.Source)
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// maxScrubbed bounds the workspace's own files that are looked into, in bytes.
const maxScrubbed = 64 << 20

// files finds, or rewrites, what was published into the workspace and its reports.
func (e *erasing) files(ctx context.Context, write bool) error {
	e.plan.Files = []string{}
	for _, root := range []string{filepath.Join(e.a.cfg.Dir, filepath.FromSlash(e.a.cfg.Publish.Root)), e.a.cfg.ReportDir()} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case !d.Type().IsRegular():
				return nil
			}
			info, err := d.Info()
			if err != nil || info.Size() > maxScrubbed {
				return err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			clean, n := e.scrub.Bytes(data)
			if n == 0 {
				return nil
			}
			e.plan.Files = append(e.plan.Files, e.a.known(file))
			if !write {
				return nil
			}
			return writeFile(file, clean)
		})
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "app.erase", "the workspace's own files cannot be searched")
		}
	}
	return nil
}

// stored finds, or rewrites, what the store holds besides the records themselves.
func (e *erasing) stored(ctx context.Context, write bool) error {
	e.plan.Uploads, e.plan.Blobs, e.plan.Rows, e.plan.Logged, e.plan.ChangeSets = 0, 0, 0, 0, []string{}
	records := map[string]bool{}
	for _, c := range e.chunks {
		records[c.Records], records[c.Originals] = true, true
	}
	packed, err := e.archives(ctx)
	if err != nil {
		return err
	}
	sealed, err := e.a.db.SealedBlobs(ctx)
	if err != nil {
		return err
	}
	names, err := e.a.db.Blobs(ctx)
	if err != nil {
		return err
	}
	for _, digest := range names {
		if records[digest] {
			continue
		}
		body, err := e.a.db.Blob(ctx, digest)
		if err != nil {
			return err
		}
		left, n := e.scrub.Bytes(body)
		_, source := e.sources[digest]
		set, change := sealed[digest]
		was, err := e.a.db.IsErased(ctx, digest)
		switch {
		case err != nil:
			return err
		case source || packed[digest]: // a file as it came; its records are kept apart
			if was && string(body) == e.plan.Notice {
				continue
			}
			left = []byte(e.plan.Notice)
			e.plan.Uploads++
		case n == 0:
			continue
		case change: // what is left of sealed bytes is no change set
			left = []byte(e.plan.Notice)
			e.plan.ChangeSets = append(e.plan.ChangeSets, set)
		default:
			e.plan.Blobs++
		}
		if write {
			if err := e.a.db.RedactBlob(ctx, digest, left); err != nil {
				return err
			}
		}
	}
	return e.a.db.Texts(ctx, func(_, _ string, value []byte, fixed bool) []byte {
		clean, n := e.scrub.Bytes(value)
		switch {
		case n > 0 && fixed:
			e.plan.Logged++
		case n > 0:
			e.plan.Rows += n
		}
		if fixed || !write {
			return value
		}
		return clean
	})
}

// remains says what an erasure cannot reach.
func (e *erasing) remains() {
	p := &e.plan
	p.Remains = []string{
		"The files that were read, where they lie, are yours: " + strings.Join(slices.Sorted(maps.Values(e.sources)), ", ") + ". Read again, a file brings its records back.",
		"Backups made before hold what they hold. Delete them, or erase again after restoring one.",
		"What left the workspace (tickets, messages, other repositories, exports that people made) has to be erased there.",
	}
	if p.Mentions > 0 {
		p.Remains = append(p.Remains, fmt.Sprintf("%d records of others speak of the person in their own words; they stay.", p.Mentions))
	}
	if p.Logged > 0 {
		p.Remains = append(p.Remains, fmt.Sprintf("%d audit records or keys of rows hold such words, because somebody typed them there; they stay, or the log's proofs would break.", p.Logged))
	}
}

// do erases what the survey found. Files go first: what is interrupted is found
// again by the same selection as long as the records stand in the store.
func (e *erasing) do(ctx context.Context) error {
	a := e.a
	if err := e.quiet(ctx); err != nil {
		return err
	}
	if err := errors.Join(e.files(ctx, true), a.forgetFeeds(time.Time{})); err != nil {
		return err
	}
	id := a.newID("er")
	detail := map[string]any{"asked_by": e.sel.By, "count": e.plan.Count, "records": e.plan.Records, "drafts": e.plan.Drafts, "change_sets": e.plan.ChangeSets}
	body, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	files := e.plan.Files
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := e.records(ctx); err != nil {
			return err
		}
		if err := e.stored(ctx, true); err != nil {
			return err
		}
		if err := a.db.AddErasure(ctx, store.Erasure{ID: id, By: a.actor(ctx), AskedBy: e.sel.By, Records: e.plan.Count, Body: body, CreatedAt: e.gone.At}); err != nil {
			return err
		}
		return a.log.Append(ctx, auditErased, a.actor(ctx), id, detail)
	})
	if err != nil {
		return err
	}
	e.plan.Files = files
	for _, d := range e.plan.Drafts {
		if !exists(filepath.Join(a.cfg.ReportDir(), d+".html")) {
			continue
		}
		if _, err := a.writeReport(ctx, d); err != nil {
			return err
		}
	}
	return a.db.Compact(ctx)
}

// quiet refuses while something is under way that could write the words anew, and
// ends change sets that would.
func (e *erasing) quiet(ctx context.Context) error {
	running, err := e.a.Runs(ctx, run.Running)
	if err != nil {
		return err
	}
	if len(running) > 0 {
		return fault.New(fault.Conflict, "app.erase", "run %s goes on; what it has read it could write again", running[0].ID).WithMend("Wait for its end, or cancel it.")
	}
	for _, id := range e.plan.ChangeSets {
		out, err := e.a.change.Get(ctx, id)
		if err != nil {
			return err
		}
		switch out.Set.State {
		case change.Applying:
			return fault.New(fault.Conflict, "app.erase", "change set %s is being applied", id).WithMend("Wait for its end.")
		case change.Planned, change.Staged, change.Granted:
			if _, err := e.a.RejectPlan(ctx, id, "personal data in it is erased"); err != nil {
				return err
			}
		case change.Applied, change.Halted, change.Rejected, change.Stale:
		}
	}
	return nil
}

// records rewrites the chunks that hold picked records.
func (e *erasing) records(ctx context.Context) error {
	done := map[string]bool{}
	for _, c := range e.chunks {
		ids := e.picked[c.Records]
		if len(ids) == 0 || done[c.Records+c.Originals] {
			continue
		}
		done[c.Records+c.Originals] = true
		records, originals, err := e.a.db.ReadChunk(ctx, c)
		if err != nil {
			return err
		}
		for i, r := range records {
			if !ids[r.ID] || r.Erased != nil {
				continue
			}
			gone := e.gone
			gone.Digest = digestOf(r.Text)
			gone.Measures = map[string]float64{}
			if e.a.policy.Intensity != nil {
				gone.Measures[artefact.MeasureIntensity] = e.a.policy.Intensity(&r)
			}
			if e.a.policy.Praise != nil {
				gone.Measures[artefact.MeasurePraise] = e.a.policy.Praise(&r)
			}
			records[i] = e.sel.Redacted(r, gone)
			delete(originals, r.ID)
		}
		if err := e.a.db.RewriteChunk(ctx, c, records, originals); err != nil {
			return err
		}
	}
	return nil
}

// Erasures returns a page of erasures, newest first, like DraftPage.
func (a *App) Erasures(ctx context.Context, cursor string) ([]store.Erasure, string, error) {
	return a.db.Erasures(ctx, cursor, PageSize)
}
