package ingest

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/chat"
	"roleos/internal/ingest/tabular"
)

// mostDays bounds the files of one Slack export: a hundred channels over several years.
const mostDays = 200_000

// slackExport is a Slack export in a folder: its files' names as the chat reader wants them, and where they are.
type slackExport struct {
	names []string
	paths map[string]string
}

// slackFolder recognises a folder that is a Slack export as a whole, or one channel of one.
func slackFolder(dir string) (slackExport, bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return slackExport{}, false
	}
	var flat []string
	lists := false
	for _, e := range entries {
		if e.Type().IsRegular() && !hidden(e.Name()) {
			flat = append(flat, e.Name())
			lists = lists || e.Name() == "users.json" || e.Name() == "channels.json"
		}
	}
	x := slackExport{paths: map[string]string{}}
	add := func(name, path string) {
		x.names = append(x.names, name)
		x.paths[name] = path
	}
	if !lists {
		if !chat.Channel(flat) || !startsLikeSlack(filepath.Join(dir, flat[0])) {
			return slackExport{}, false
		}
		for _, n := range flat {
			add(filepath.Base(dir)+"/"+n, filepath.Join(dir, n))
		}
		return x, true
	}
	for _, n := range flat {
		add(n, filepath.Join(dir, n))
	}
	for _, e := range entries {
		if !e.IsDir() || hidden(e.Name()) {
			continue
		}
		days, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		for _, d := range days {
			if d.Type().IsRegular() && !hidden(d.Name()) {
				add(e.Name()+"/"+d.Name(), filepath.Join(dir, e.Name(), d.Name()))
			}
		}
	}
	root, ok := chat.Root(x.names)
	return x, ok && root == ""
}

// startsLikeSlack looks at the beginning of one day's file.
func startsLikeSlack(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := f.Read(head)
	text := string(head[:n])
	return strings.HasPrefix(strings.TrimSpace(text), "[") && strings.Contains(text, `"ts"`) && strings.Contains(text, `"type"`)
}

// slackFolder reads the export in a folder.
func (s *reading) slackFolder(f file, x slackExport) error {
	open := func(name string) (string, error) {
		r, err := os.Open(x.paths[name])
		if err != nil {
			return "", fault.Wrap(err, fault.Invalid, "ingest", "%s/%s cannot be opened", f.name, name).WithMend("Check that you may read it.")
		}
		defer r.Close()
		st, err := r.Stat()
		if err != nil || !st.Mode().IsRegular() {
			return "", irregular(f.name + "/" + name)
		}
		return s.slurp(r, st.Size(), file{name: f.name + "/" + name})
	}
	return s.slack(f, x.names, open, func(h hash.Hash, bytes int64) (evidence.Source, bool) {
		return s.known(f, hex.EncodeToString(h.Sum(nil)), bytes)
	})
}

// slackArchive reads the Slack export in an archive, if one is there, and returns its members.
func (s *reading) slackArchive(f file, raw string, z *zip.Reader) (map[*zip.File]bool, error) {
	members := map[string]*zip.File{}
	var names []string
	for _, m := range z.File {
		if !strings.HasSuffix(m.Name, "/") && !slices.ContainsFunc(strings.Split(m.Name, "/"), hidden) {
			names = append(names, m.Name)
			members[m.Name] = m
		}
	}
	root, ok := chat.Root(names)
	if !ok {
		return nil, nil
	}
	if root != "" {
		root += "/"
	}
	taken := map[*zip.File]bool{}
	var inside []string
	for _, n := range names {
		if strings.HasPrefix(n, root) {
			inside = append(inside, strings.TrimPrefix(n, root))
			taken[members[n]] = true
		}
	}
	for _, m := range z.File {
		if strings.HasSuffix(m.Name, "/") {
			taken[m] = true
		}
	}
	open := func(name string) (string, error) {
		return s.unpack(members[root+name], file{name: f.name + "/" + root + name, depth: f.depth + 1})
	}
	return taken, s.slack(f, inside, open, func(hash.Hash, int64) (evidence.Source, bool) { return s.source(f, raw) })
}

// slack reads an export whose files open returns. source describes it once all of it was read.
func (s *reading) slack(f file, names []string, open func(string) (string, error), source func(h hash.Hash, bytes int64) (evidence.Source, bool)) error {
	if len(names) > mostDays {
		return fault.New(fault.Invalid, tabular.LimitOp, "%s holds more than %s files", f.name, grouped(mostDays)).WithMend("Export fewer channels or a shorter time.")
	}
	h, bytes := sha256.New(), int64(0)
	t, err := chat.Read(s.ctx, chat.Export{Names: names, Open: func(name string) (string, error) {
		text, err := open(name)
		if err == nil {
			fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(text), text)
			bytes += int64(len(text))
			s.bytes += int64(len(text))
		}
		return text, err
	}}, s.talkLimits())
	if err != nil {
		return s.refuse(f, named(f.name, s.masked(err)))
	}
	src, fresh := source(h, bytes)
	if !fresh {
		return nil
	}
	return s.said(f, src, t)
}
