package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"runtime"
	"sync"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

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

// ReadSet is what one ingestion kept.
type ReadSet struct {
	ID        string            `json:"id"`
	Records   int               `json:"records"`
	Sources   []evidence.Source `json:"sources"`
	CreatedAt time.Time         `json:"created_at"`
}

// ListSources returns what was read, newest first, paged as by ListDrafts.
func (db *DB) ListSources(ctx context.Context, cursor string, limit int) (sets []ReadSet, next string, err error) {
	p, err := newPage(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	query, args := p.query(`SELECT id, records, sources, created_at FROM record_sets`)
	rows, err := db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", db.failed("sources", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s ReadSet
		var body []byte
		var at int64
		if err := rows.Scan(&s.ID, &s.Records, &body, &at); err != nil {
			return nil, "", db.failed("sources", err)
		}
		if err := json.Unmarshal(body, &s.Sources); err != nil {
			return nil, "", damaged(s.ID)
		}
		s.CreatedAt = fromNanos(at)
		sets = append(sets, s)
	}
	if len(sets) > p.limit {
		sets = sets[:p.limit]
		next = pageAfter(sets[p.limit-1].CreatedAt, sets[p.limit-1].ID)
	}
	return sets, next, db.failed("sources", rows.Err())
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
