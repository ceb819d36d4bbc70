package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/ingest/feed/fetch"
	"roleos/internal/report/say"
)

// products are the workspace's products, by name.
func (s settings) products() []agents.Product {
	out := make([]agents.Product, 0, len(s.Products))
	for name, terms := range s.Products {
		out = append(out, agents.Product{Name: name, Terms: terms})
	}
	slices.SortFunc(out, func(a, b agents.Product) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// fetcher returns the way to feeds on the network: from the hosts that the
// workspace allows, asking only for what changed since the last time.
func (a *App) fetcher(f config.Feeds) func(ctx context.Context, address string) ([]byte, error) {
	client := &fetch.Client{Hosts: strings.FieldsFunc(f.Hosts, func(r rune) bool { return r == ',' || r == ' ' }), Timeout: f.Timeout, Bytes: f.Bytes}
	dir := a.feedDir()
	return func(ctx context.Context, address string) ([]byte, error) {
		sum := sha256.Sum256([]byte(address))
		file := filepath.Join(dir, hex.EncodeToString(sum[:8])+".json")
		var old fetch.Stored
		if data, err := os.ReadFile(file); err == nil && json.Unmarshal(data, &old) != nil {
			old = fetch.Stored{} // damaged: ask for everything
		}
		got, fresh, err := client.Get(ctx, address, old)
		if err != nil {
			return nil, err
		}
		if fresh {
			keepFeed(dir, file, got)
		}
		return got.Body, nil
	}
}

func (a *App) feedDir() string { return filepath.Join(a.cfg.Dir, stateDir, "feeds") }

// forgetFeeds forgets the answers of feeds that were kept before the time, as they
// came and unmasked; the zero time is all of them. A forgotten one is asked for in full.
func (a *App) forgetFeeds(before time.Time) error {
	all, err := os.ReadDir(a.feedDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range all {
		info, ierr := f.Info()
		if ierr == nil && (before.IsZero() || info.ModTime().Before(before)) {
			err = errors.Join(err, os.Remove(filepath.Join(a.feedDir(), f.Name())))
		}
	}
	return err
}

// absolute makes a path independent of the current folder; the address of a feed is that already.
func absolute(p string) (string, error) {
	if address(p) {
		return p, nil
	}
	return filepath.Abs(p)
}

// address reports whether an input is the address of a feed rather than a path.
func address(p string) bool {
	return strings.HasPrefix(p, "https://") || strings.HasPrefix(p, "http://")
}

// mostFiles is how many files of one format are listed one by one.
const mostFiles = 5

// said says what was read from files that are no tables. Many of one format are counted together.
func (c Collection) said() []string {
	tables := map[string]bool{}
	for _, src := range c.Columns {
		tables[src.Source] = true
	}
	files, records := map[string]int{}, map[string]int{}
	for _, src := range c.Sources {
		if !tables[src.ID] {
			files[src.Format]++
			records[src.Format] += src.Records
		}
	}
	var out []string
	for _, src := range c.Sources {
		switch n := files[src.Format]; {
		case tables[src.ID] || n == 0:
		case n <= mostFiles:
			out = append(out, fmt.Sprintf("%s: %s (%s)", src.Name, say.Plural(src.Records, "record", "records"), src.Format))
		default:
			out = append(out, fmt.Sprintf("%s (%s): %s", say.Plural(n, "file", "files"), src.Format, say.Plural(records[src.Format], "record", "records")))
			files[src.Format] = 0 // told
		}
	}
	return out
}

// keepFeed remembers an answer. Failing to only costs a full answer the next time.
func keepFeed(dir, file string, got fetch.Stored) {
	data, err := json.Marshal(got)
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	next := file + ".new"
	if os.WriteFile(next, data, 0o600) == nil {
		_ = os.Rename(next, file)
	}
}
