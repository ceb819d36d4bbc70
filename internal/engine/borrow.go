package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// borrow returns a handle that does its work on db's connections and can be
// closed without closing db. DBOS closes the handle it is given, and a second
// connection to a SQLite file would make two writers of one process wait for
// each other by polling.
func borrow(db *sql.DB) *sql.DB {
	b := sql.OpenDB(lender{db})
	b.SetMaxIdleConns(-1) // give each connection back at once
	return b
}

type lender struct{ db *sql.DB }

// Driver returns SQLite's; it opens nothing by itself.
func (l lender) Driver() driver.Driver { return &sqlite.Driver{} }

// Connect takes a connection out of the lending handle. While it is out, nobody
// else uses it.
func (l lender) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	out := &borrowed{back: conn}
	err = conn.Raw(func(c any) error {
		var ok bool
		if out.sqliteConn, ok = c.(sqliteConn); !ok {
			return errors.New("the driver's connection lacks a method that the engine needs")
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return out, nil
}

type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

type borrowed struct {
	sqliteConn
	back *sql.Conn
}

// Close gives the connection back.
func (b *borrowed) Close() error { return b.back.Close() }
