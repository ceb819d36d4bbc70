package sql

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"roleos/internal/change"
	"roleos/internal/fault"
)

// copy makes a database from the template and fills it with every row of the schema.
func (s *server) copy(ctx context.Context) (database, func() error, error) {
	if s.o.Staging == nil || s.o.Template == "" {
		return nil, nil, change.ErrNoStaging
	}
	admin, err := openServer(ctx, s.o, s.o.Staging, "")
	if err != nil {
		return nil, nil, err
	}
	s.sweep(ctx, admin)
	name := fmt.Sprintf("%.24s%s%d_%s", s.o.Template, staged, time.Now().Unix(), strings.ToLower(rand.Text()[:12]))
	if _, err := admin.pool.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", ident(name), ident(s.o.Template))); err != nil {
		return nil, nil, errors.Join(pgError(err), admin.close())
	}
	var c *server
	remove := func() error {
		if c != nil {
			_ = c.close()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := admin.pool.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name)+" WITH (FORCE)")
		return errors.Join(pgError(err), admin.close())
	}
	if c, err = openServer(ctx, s.o, s.o.Staging, name); err == nil {
		err = s.fill(ctx, c)
	}
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return c, remove, nil
}

// staged parts the template's name from the time in a copy's name.
const staged = "_stage_"

// sweep drops the copies that killed processes have left: those that are old and
// that nobody uses. What it cannot drop stays for the next time.
func (s *server) sweep(ctx context.Context, admin *server) {
	rows, err := admin.pool.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = pg_database.datname)",
		fmt.Sprintf("%.24s%s", s.o.Template, staged))
	if err != nil {
		return
	}
	names, _ := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		at, _, _ := strings.Cut(name[strings.LastIndex(name, staged)+len(staged):], "_")
		if unix, err := strconv.ParseInt(at, 10, 64); err == nil && time.Since(time.Unix(unix, 0)) > abandoned {
			_, _ = admin.pool.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name))
		}
	}
}

// fill replaces what is in the copy by what is here, as of one moment.
func (s *server) fill(ctx context.Context, c *server) error {
	from, err := s.open(ctx, s.pool, reading)
	if err != nil {
		return err
	}
	defer from.rollback()
	to, err := c.open(ctx, c.pool, restoring)
	if err != nil {
		return err
	}
	defer to.rollback()
	here, err := from.schema(ctx)
	if err != nil {
		return err
	}
	there, err := to.schema(ctx)
	if err != nil {
		return err
	}
	if here.version != there.version {
		return fault.New(fault.Conflict, "sql.stage", "the template for copies does not have the schema that this database has").
			WithMend("bring the template up to date")
	}
	if here.effects && !there.effects {
		if err := to.effects(ctx); err != nil {
			return err
		}
	}
	names, err := from.names(ctx, here.effects)
	if err != nil {
		return err
	}
	var all []string
	left := s.o.Limits.Copy
	for _, name := range names {
		var n int64
		if err := from.tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) r", from.name(name), left+1)).Scan(&n); err != nil {
			return pgError(err)
		}
		if left -= n; left < 0 {
			return change.ErrNoStaging
		}
		all = append(all, to.name(name))
	}
	if len(all) > 0 {
		if _, err := to.exec(ctx, "TRUNCATE "+strings.Join(all, ", ")); err != nil {
			return err
		}
	}
	for _, name := range all {
		if err := pour(ctx, from.tx, to.tx, name); err != nil {
			return err
		}
	}
	if err := advance(ctx, from, to); err != nil {
		return err
	}
	return to.commit(ctx)
}

// advance sets the copy's sequences to where they are here, so that a row that
// takes its number from one collides with no row that was poured in. Those that
// the role may not read, or that the template lacks, stay as they are.
func advance(ctx context.Context, from, to *serverTx) error {
	rows, err := from.tx.Query(ctx, "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = $1 AND last_value IS NOT NULL", from.s.o.Schema)
	if err != nil {
		return pgError(err)
	}
	at := map[string]int64{}
	var name string
	var value int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { at[name] = value; return nil }); err != nil {
		return pgError(err)
	}
	_, err = to.tx.Exec(ctx, `SELECT setval(c.oid::regclass, (here.value)::bigint) FROM jsonb_each_text($1::jsonb) AS here (name, value)
JOIN pg_class c ON c.relname = here.name AND c.relkind = 'S' AND c.relnamespace = $2::text::regnamespace`, at, to.s.o.Schema)
	return pgError(err)
}

// names returns the schema's ordinary tables in order, roleos_effects only when asked for.
func (x *serverTx) names(ctx context.Context, effects bool) ([]string, error) {
	rows, err := x.tx.Query(ctx, `SELECT relname FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'r' AND ($2 OR relname <> 'roleos_effects')
ORDER BY relname COLLATE "C"`, x.s.o.Schema, effects)
	if err != nil {
		return nil, pgError(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return out, pgError(err)
}

// pour copies a table's rows.
func pour(ctx context.Context, from, to pgx.Tx, name string) error {
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		_, err := from.Conn().PgConn().CopyTo(ctx, w, "COPY "+name+" TO STDOUT")
		_ = w.CloseWithError(err)
		read <- err
	}()
	_, err := to.Conn().PgConn().CopyFrom(ctx, r, "COPY "+name+" FROM STDIN")
	_ = r.CloseWithError(io.ErrClosedPipe)
	return errors.Join(pgError(err), pgError(<-read))
}

func (s *server) fingerprint(ctx context.Context) (string, error) {
	x, err := s.open(ctx, s.pool, reading)
	if err != nil {
		return "", err
	}
	defer x.rollback()
	sch, err := x.schema(ctx)
	if err != nil {
		return "", err
	}
	names, err := x.names(ctx, false)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, sch.version)
	for _, name := range names {
		rows, err := x.tx.Query(ctx, fmt.Sprintf(`SELECT r::text FROM %s AS r ORDER BY r::text COLLATE "C"`, x.name(name)))
		if err != nil {
			return "", pgError(err)
		}
		fmt.Fprintf(h, "%q\n", name)
		var image string
		if _, err := pgx.ForEachRow(rows, []any{&image}, func() error {
			fmt.Fprintf(h, "%q\n", image)
			return nil
		}); err != nil {
			return "", pgError(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
