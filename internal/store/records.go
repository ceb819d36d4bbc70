package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
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
