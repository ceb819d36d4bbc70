package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"roleos/internal/fault"
)

// page is a list query under construction: newest first, by creation and id,
// so that rows which come and go never shift a page.
type page struct {
	where []string
	args  []any
	limit int
}

// newPage returns the page behind cursor. limit is clamped to 1..1000; 0 means 50.
func newPage(cursor string, limit int) (*page, error) {
	if limit <= 0 {
		limit = 50
	}
	p := &page{limit: min(limit, 1000)}
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	at, id, ok := strings.Cut(string(raw), " ")
	n, err2 := strconv.ParseInt(at, 10, 64)
	if err != nil || err2 != nil || !ok {
		return nil, fault.New(fault.Invalid, "store.list", "the cursor %.40q is none that a list gave out", cursor).
			WithMend("begin again without a cursor")
	}
	p.where = append(p.where, "(created_at < ? OR (created_at = ? AND id < ?))")
	p.args = append(p.args, n, n, clean(id))
	return p, nil
}

// pageAfter returns the cursor that begins behind a row.
func pageAfter(created time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(nanos(created), 10) + " " + id))
}

// equal keeps rows whose column has the value; an empty value keeps all.
func (p *page) equal(column, value string) {
	if value != "" {
		p.where = append(p.where, column+" = ?")
		p.args = append(p.args, clean(value))
	}
}

// query completes a SELECT. It asks for one row more than the limit, which tells
// whether there is another page.
func (p *page) query(sel string) (string, []any) {
	if len(p.where) > 0 {
		sel += " WHERE " + strings.Join(p.where, " AND ")
	}
	return sel + " ORDER BY created_at DESC, id DESC LIMIT " + strconv.Itoa(p.limit+1), p.args
}
