package store

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"

	"roleos/internal/fault"
)

// MaxBlob is the most bytes one blob may hold: 256 MiB, well under what one
// value may be in SQLite (1 GB) and in PostgreSQL (1 GB).
const MaxBlob = 256 << 20

// How a blob's body is kept.
const (
	codecRaw = iota
	codecFlate
	// codecErased keeps what is left of bytes whose name stays: 32 bytes of its own
	// sum, and the rest. See RedactBlob.
	codecErased
)

// packed is a blob ready to be written.
type packed struct {
	digest string
	codec  int
	size   int
	body   []byte
}

// digestOf returns "sha256:" and the hex digest of b: a blob's name.
func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// pack names and compresses b. It keeps b as it is when that saves less than a tenth.
func pack(b []byte) packed {
	p := packed{digest: digestOf(b), codec: codecRaw, size: len(b), body: b}
	if len(b) < 256 {
		return p
	}
	var out bytes.Buffer
	out.Grow(len(b) / 2)
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return p
	}
	if _, err := w.Write(b); err != nil || w.Close() != nil {
		return p
	}
	if out.Len() < len(b)-len(b)/10 {
		p.codec, p.body = codecFlate, out.Bytes()
	}
	return p
}

// unpack returns the blob's bytes after checking them against its name.
func (p packed) unpack() ([]byte, error) {
	body := p.body
	if p.codec == codecErased {
		if len(body) < sha256.Size || sha256.Sum256(body[sha256.Size:]) != [sha256.Size]byte(body) {
			return nil, damaged(p.digest)
		}
		return body[sha256.Size:], nil
	}
	if p.codec == codecFlate {
		if p.size < 0 || p.size > MaxBlob {
			return nil, damaged(p.digest)
		}
		body = make([]byte, 0, p.size)
		buf := bytes.NewBuffer(body)
		// One byte more than promised is enough to see that it lies.
		n, err := io.Copy(buf, io.LimitReader(flate.NewReader(bytes.NewReader(p.body)), int64(p.size)+1))
		if err != nil || n != int64(p.size) {
			return nil, damaged(p.digest)
		}
		body = buf.Bytes()
	}
	if digestOf(body) != p.digest {
		return nil, damaged(p.digest)
	}
	return body, nil
}

func damaged(digest string) error {
	return fault.New(fault.Internal, "store.blob", "the stored bytes of %s are damaged", digest).
		WithMend("restore the store from a backup")
}

// PutBlob keeps b and returns its name, "sha256:" and 64 hex digits. The same
// bytes are kept once. It fails with fault.Exhausted above MaxBlob.
func (db *DB) PutBlob(ctx context.Context, b []byte) (digest string, err error) {
	if len(b) > MaxBlob {
		return "", fault.New(fault.Exhausted, "store.blob", "%d bytes are more than the %d one blob may hold", len(b), MaxBlob)
	}
	p := pack(b)
	return p.digest, db.putPacked(ctx, p)
}

func (db *DB) putPacked(ctx context.Context, p packed) error {
	if p.body == nil {
		p.body = []byte{}
	}
	_, err := db.q(ctx).ExecContext(ctx,
		`INSERT INTO blobs (digest, codec, size, body) VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING`,
		p.digest, p.codec, p.size, p.body)
	return db.failed("blob", err)
}

// Blob returns the bytes named digest, checked against it. It fails with
// fault.NotFound, and with fault.Internal when the stored bytes are damaged.
func (db *DB) Blob(ctx context.Context, digest string) ([]byte, error) {
	p := packed{digest: digest}
	err := db.r(ctx).QueryRowContext(ctx, `SELECT codec, size, body FROM blobs WHERE digest = ?`, digest).
		Scan(&p.codec, &p.size, &p.body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "store.blob", "no stored bytes are named %q", digest)
	}
	if err != nil {
		return nil, db.failed("blob", err)
	}
	return p.unpack()
}
