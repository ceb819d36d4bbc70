package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/fnv"
	"runtime"
	"sync"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// chunkRecords is how many records one blob holds. It is part of a set's name:
// changing it would give the same records another id.
const chunkRecords = 2000

// RecordSet is what one ingestion produced.
type RecordSet struct {
	Sources   []evidence.Source
	Records   []evidence.Record // ids are unique
	Originals map[string]string // record id -> unmasked text, only where it differs
}

// chunk is one slice of a set, encoded: a JSON line per record, and the hash of
// each record's id in the same order, to find a record without decoding others.
type chunk struct {
	records   packed
	originals *packed
	ids       []byte
	err       error
}

// smallSet is up to how many records a set is written in one transaction, which
// waits for the disk once; a larger one would keep other writers waiting.
const smallSet = 20 * chunkRecords

// PutRecords keeps the set and returns its id. The id is a digest over the
// records, originals and sources, so the same input is kept once under the same
// id. A set appears whole or not at all; blobs of a set that failed half way
// stay and are used when it is put again.
func (db *DB) PutRecords(ctx context.Context, set RecordSet) (id string, err error) {
	if len(set.Records) > smallSet {
		return db.putRecords(ctx, set)
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		id, err = db.putRecords(ctx, set)
		return err
	})
	return id, err
}

func (db *DB) putRecords(ctx context.Context, set RecordSet) (id string, err error) {
	sources, err := json.Marshal(set.Sources)
	if err != nil {
		return "", db.failed("records", err)
	}
	name := sha256.New()
	name.Write(sources)

	type index struct {
		records   string
		originals sql.NullString
		ids       []byte
	}
	var chunks []index
	for c := range encodeChunks(ctx, set) {
		if c.err != nil {
			return "", c.err
		}
		if err := db.putPacked(ctx, c.records); err != nil {
			return "", err
		}
		name.Write([]byte("\n" + c.records.digest))
		row := index{records: c.records.digest, ids: c.ids}
		if c.originals != nil {
			if err := db.putPacked(ctx, *c.originals); err != nil {
				return "", err
			}
			name.Write([]byte(" " + c.originals.digest))
			row.originals = sql.NullString{String: c.originals.digest, Valid: true}
		}
		chunks = append(chunks, row)
	}
	id = "set-" + hex.EncodeToString(name.Sum(nil)[:16])

	return id, db.InTx(ctx, func(ctx context.Context) error {
		res, err := db.q(ctx).ExecContext(ctx,
			`INSERT INTO record_sets (id, records, sources, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			id, len(set.Records), sources, nanos(db.now()))
		if err != nil {
			return db.failed("records", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return db.failed("records", err) // nil when the set is there already
		}
		for n, c := range chunks {
			if _, err := db.q(ctx).ExecContext(ctx,
				`INSERT INTO record_chunks (set_id, n, records, originals, ids) VALUES (?, ?, ?, ?, ?)`,
				id, n, c.records, c.originals, c.ids); err != nil {
				return db.failed("records", err)
			}
		}
		return nil
	})
}

// encodeChunks encodes the set's chunks on all processors and yields them in order.
func encodeChunks(ctx context.Context, set RecordSet) func(yield func(chunk) bool) {
	return func(yield func(chunk) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// Each pending chunk has its own channel, so that results come in order
		// and at most 2 per worker wait for the writer.
		workers := runtime.GOMAXPROCS(0)
		pending := make(chan chan chunk, 2*workers)
		slots := make(chan struct{}, workers)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() {
			defer close(pending)
			for from := 0; from < len(set.Records); from += chunkRecords {
				part := set.Records[from:min(from+chunkRecords, len(set.Records))]
				out := make(chan chunk, 1)
				select {
				case <-ctx.Done():
					return
				case pending <- out:
				}
				slots <- struct{}{}
				running.Go(func() {
					out <- encodeChunk(part, set.Originals)
					<-slots
				})
			}
		})
		for out := range pending {
			if !yield(<-out) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(chunk{err: err})
		}
	}
}

func encodeChunk(records []evidence.Record, originals map[string]string) chunk {
	var lines, kept bytes.Buffer
	enc, encKept := json.NewEncoder(&lines), json.NewEncoder(&kept)
	enc.SetEscapeHTML(false)
	encKept.SetEscapeHTML(false)
	ids := make([]byte, 0, 4*len(records))
	for i := range records {
		if err := enc.Encode(&records[i]); err != nil {
			return chunk{err: fault.Wrap(err, fault.Invalid, "store.records", "record %q cannot be stored", records[i].ID)}
		}
		ids = binary.LittleEndian.AppendUint32(ids, idHash(records[i].ID))
		if text, ok := originals[records[i].ID]; ok {
			if err := encKept.Encode(evidence.Attr{Name: records[i].ID, Value: text}); err != nil {
				return chunk{err: fault.Wrap(err, fault.Invalid, "store.records", "record %q cannot be stored", records[i].ID)}
			}
		}
	}
	c := chunk{records: pack(lines.Bytes()), ids: ids}
	if kept.Len() > 0 {
		p := pack(kept.Bytes())
		c.originals = &p
	}
	return c
}

func idHash(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// Sources returns what the set was read from; fault.NotFound.
func (db *DB) Sources(ctx context.Context, setID string) ([]evidence.Source, error) {
	var body []byte
	err := db.r(ctx).QueryRowContext(ctx, `SELECT sources FROM record_sets WHERE id = ?`, setID).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "store.records", "there is no record set %q", setID)
	}
	if err != nil {
		return nil, db.failed("records", err)
	}
	var out []evidence.Source
	return out, db.failed("records", json.Unmarshal(body, &out))
}

// Records returns the set's records in the order they were put; fault.NotFound.
func (db *DB) Records(ctx context.Context, setID string) ([]evidence.Record, error) {
	var n int
	err := db.r(ctx).QueryRowContext(ctx, `SELECT records FROM record_sets WHERE id = ?`, setID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "store.records", "there is no record set %q", setID)
	}
	if err != nil {
		return nil, db.failed("records", err)
	}
	rows, err := db.r(ctx).QueryContext(ctx,
		`SELECT b.digest, b.codec, b.size, b.body FROM record_chunks c JOIN blobs b ON b.digest = c.records
		 WHERE c.set_id = ? ORDER BY c.n`, setID)
	if err != nil {
		return nil, db.failed("records", err)
	}
	defer rows.Close()

	out := make([]evidence.Record, n)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	var mu sync.Mutex
	var broken error
	at := 0
	for rows.Next() {
		var p packed
		if err := rows.Scan(&p.digest, &p.codec, &p.size, &p.body); err != nil {
			running.Wait()
			return nil, db.failed("records", err)
		}
		if at >= n {
			running.Wait()
			return nil, damaged(setID)
		}
		part := out[at:min(at+chunkRecords, n)]
		at += len(part)
		slots <- struct{}{}
		running.Go(func() {
			if err := decodeChunk(p, part); err != nil {
				mu.Lock()
				broken = err
				mu.Unlock()
			}
			<-slots
		})
	}
	running.Wait()
	if err := errors.Join(rows.Err(), broken); err != nil {
		return nil, db.failed("records", err)
	}
	if at != n {
		return nil, damaged(setID)
	}
	return out, nil
}

// decodeChunk fills part from the chunk's lines.
func decodeChunk(p packed, part []evidence.Record) error {
	body, err := p.unpack()
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	for i := range part {
		if err := dec.Decode(&part[i]); err != nil {
			return damaged(p.digest)
		}
	}
	return nil
}

// Record returns one record of a set; fault.NotFound.
func (db *DB) Record(ctx context.Context, setID, recordID string) (evidence.Record, error) {
	var rec evidence.Record
	found, err := db.find(ctx, setID, recordID, false, func(line []byte) bool {
		rec = evidence.Record{}
		return json.Unmarshal(line, &rec) == nil && rec.ID == recordID
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, "store.records", "there is no record %q in set %q", recordID, setID)
	}
	return rec, err
}

// Original returns a record's text as it was before personal data in it was
// masked; the record's own text when nothing was; fault.NotFound.
func (db *DB) Original(ctx context.Context, setID, recordID string) (string, error) {
	rec, err := db.Record(ctx, setID, recordID)
	if err != nil {
		return "", err
	}
	text := rec.Text
	_, err = db.find(ctx, setID, recordID, true, func(line []byte) bool {
		var kept evidence.Attr
		if json.Unmarshal(line, &kept) != nil || kept.Name != recordID {
			return false
		}
		text = kept.Value
		return true
	})
	return text, err
}

// find hands the lines that may be the record's to match until it says yes.
func (db *DB) find(ctx context.Context, setID, recordID string, originals bool, match func(line []byte) bool) (bool, error) {
	type candidate struct {
		digest sql.NullString
		line   int // -1: any line
	}
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT records, originals, ids FROM record_chunks WHERE set_id = ? ORDER BY n`, setID)
	if err != nil {
		return false, db.failed("records", err)
	}
	want := idHash(recordID)
	var candidates []candidate
	for rows.Next() {
		var records, kept sql.NullString
		var ids []byte
		if err := rows.Scan(&records, &kept, &ids); err != nil {
			return false, errors.Join(db.failed("records", err), rows.Close())
		}
		for i := 0; i+4 <= len(ids); i += 4 {
			if binary.LittleEndian.Uint32(ids[i:]) != want {
				continue
			}
			if originals {
				candidates = append(candidates, candidate{kept, -1})
				break
			}
			candidates = append(candidates, candidate{records, i / 4})
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return false, db.failed("records", err)
	}
	for _, c := range candidates {
		if !c.digest.Valid {
			continue
		}
		body, err := db.Blob(ctx, c.digest.String)
		if err != nil {
			return false, err
		}
		n := 0
		for line := range bytes.Lines(body) {
			if (c.line < 0 || c.line == n) && match(line) {
				return true, nil
			}
			n++
		}
	}
	return false, nil
}
