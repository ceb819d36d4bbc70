package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/llm/budget"
)

// spendTx runs f in a transaction that locks the rows it changes and nothing
// more. A serializable one, as InTx begins, would make a hundred calls that meet
// in one account lose against each other again and again. f takes its rows in
// the accounts' order, so two of them cannot wait for each other.
func (db *DB) spendTx(ctx context.Context, f func(ctx context.Context) error) error {
	if db.dialect == SQLite || db.Joined(ctx) {
		return db.InTx(ctx, f)
	}
	tx, err := db.write.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return db.failed("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := f(context.WithValue(ctx, txKey{db}, tx)); err != nil {
		return err
	}
	return db.failed("commit", tx.Commit())
}

// Reserve implements pipeline.Ledger: it adds need to what is open in all of the
// accounts, or to none and returns a *budget.Exceeded.
func (db *DB) Reserve(ctx context.Context, id string, need budget.Spend, accounts []budget.Account) error {
	accounts = slices.Clone(accounts)
	slices.SortFunc(accounts, func(a, b budget.Account) int { return strings.Compare(a.Name, b.Name) })
	var names []string
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	list, err := json.Marshal(names)
	if err != nil {
		return db.failed("reserve", err)
	}
	return db.spendTx(ctx, func(ctx context.Context) error {
		for _, a := range accounts {
			if _, err := db.q(ctx).ExecContext(ctx, `INSERT INTO spend (account) VALUES (?) ON CONFLICT (account) DO NOTHING`, a.Name); err != nil {
				return db.failed("reserve", err)
			}
			done, err := db.q(ctx).ExecContext(ctx, `UPDATE spend
				SET open_calls = open_calls + ?, open_tokens = open_tokens + ?, open_micros = open_micros + ?
				WHERE account = ?
				AND (? = 0 OR calls + open_calls + ? <= ?)
				AND (? = 0 OR tokens + open_tokens + ? <= ?)
				AND (? = 0 OR micros + open_micros + ? <= ?)
				AND (? = 0 OR millis < ?)`,
				need.Calls, need.Tokens, need.Micros, a.Name,
				a.Limit.Calls, need.Calls, a.Limit.Calls,
				a.Limit.Tokens, need.Tokens, a.Limit.Tokens,
				a.Limit.Micros, need.Micros, a.Limit.Micros,
				a.Limit.Millis, a.Limit.Millis)
			if err != nil {
				return db.failed("reserve", err)
			}
			if n, err := done.RowsAffected(); err != nil || n == 1 {
				if err != nil {
					return db.failed("reserve", err)
				}
				continue
			}
			used, open, err := db.spent(ctx, a.Name)
			if err != nil {
				return err
			}
			if over := a.Fits(used, open, need); over != nil {
				return over
			}
			return fault.New(fault.Conflict, "store.reserve", "account %s changed while it was read", a.Name)
		}
		_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO spend_open (id, accounts, calls, tokens, micros) VALUES (?, ?, ?, ?, ?)`,
			id, string(list), need.Calls, need.Tokens, need.Micros)
		return db.failed("reserve", err)
	})
}

// Settle implements pipeline.Ledger: it puts used in place of what was reserved
// under id. Twice is once; an unknown id is nothing.
func (db *DB) Settle(ctx context.Context, id string, used budget.Spend) error {
	return db.spendTx(ctx, func(ctx context.Context) error {
		var list string
		var open budget.Spend
		err := db.q(ctx).QueryRowContext(ctx, `SELECT accounts, calls, tokens, micros FROM spend_open WHERE id = ?`, id).
			Scan(&list, &open.Calls, &open.Tokens, &open.Micros)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return db.failed("settle", err)
		}
		done, err := db.q(ctx).ExecContext(ctx, `DELETE FROM spend_open WHERE id = ?`, id)
		if err != nil {
			return db.failed("settle", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 { // somebody else settled it meanwhile
			return db.failed("settle", err)
		}
		var names []string
		if err := json.Unmarshal([]byte(list), &names); err != nil {
			return db.failed("settle", err)
		}
		for _, name := range names {
			_, err := db.q(ctx).ExecContext(ctx, `UPDATE spend
				SET calls = calls + ?, tokens = tokens + ?, micros = micros + ?, millis = millis + ?,
				    open_calls = open_calls - ?, open_tokens = open_tokens - ?, open_micros = open_micros - ?
				WHERE account = ?`,
				used.Calls, used.Tokens, used.Micros, used.Millis, open.Calls, open.Tokens, open.Micros, name)
			if err != nil {
				return db.failed("settle", err)
			}
		}
		return nil
	})
}

// Spent returns what an account has used, and what calls have reserved in it that
// were never settled: those under way, and those of a process that died.
func (db *DB) Spent(ctx context.Context, account string) (used, open budget.Spend, err error) {
	used, open, err = db.spent(ctx, account)
	return used, open, err
}

func (db *DB) spent(ctx context.Context, account string) (used, open budget.Spend, err error) {
	err = db.q(ctx).QueryRowContext(ctx, `SELECT calls, tokens, micros, millis, open_calls, open_tokens, open_micros FROM spend WHERE account = ?`, account).
		Scan(&used.Calls, &used.Tokens, &used.Micros, &used.Millis, &open.Calls, &open.Tokens, &open.Micros)
	if errors.Is(err, sql.ErrNoRows) {
		return used, open, nil
	}
	return used, open, db.failed("spent", err)
}

// Answer implements pipeline.Cache.
func (db *DB) Answer(ctx context.Context, key string) ([]byte, bool, error) {
	var body []byte
	err := db.r(ctx).QueryRowContext(ctx, `SELECT body FROM model_answers WHERE id = ?`, key).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return body, err == nil, db.failed("answer", err)
}

// KeepAnswer implements pipeline.Cache. The first answer stays.
func (db *DB) KeepAnswer(ctx context.Context, key string, body []byte) error {
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO model_answers (id, body, at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`, key, body, nanos(db.now()))
	return db.failed("answer", err)
}
