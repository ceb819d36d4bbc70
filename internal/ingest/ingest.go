package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/feed"
	"roleos/internal/ingest/tabular"
	"roleos/internal/ingest/talk"
)

// Read reads files and folders into records. Folders are read with all that is
// below them, in the order of their names; archives like folders; a Slack export,
// in a folder or an archive, as one source. A path that begins with http:// or https:// is a feed. A file that
// is named and cannot be read is an error; one that was only found in a folder or an archive
// becomes a finding, unless nothing else could be read or Strict is set.
// Errors are fault.Error of kind Invalid or NotFound with a message for the person who made the export.
func Read(ctx context.Context, paths []string, o Options) (*Result, error) {
	if len(paths) == 0 {
		return nil, fault.New(fault.Invalid, "ingest", "no file to read was named").
			WithMend("Name an export: --in export.csv, or a folder with exports.")
	}
	s := newReading(ctx, o)
	for _, p := range paths {
		if err := s.path(p); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

// ReadBytes reads the bytes of one file as Read reads a file that is named.
func ReadBytes(ctx context.Context, name string, data []byte, o Options) (*Result, error) {
	s := newReading(ctx, o)
	if err := s.content(file{name: name, named: true}, string(data)); err != nil {
		return nil, err
	}
	return s.finish()
}

// reading is what one call of Read knows so far. It is used by one goroutine.
type reading struct {
	ctx      context.Context
	o        Options
	limits   Limits
	result   *Result
	notes    notes
	files    int
	bytes    int64
	readRows int
	digests  map[string]string // digest to the file that had it first
	names    map[string]string // source id to file name
	refused  error             // the first file that was passed over
	numbers  []numbered
	scores   []evidence.Score
	phones   map[string]bool   // column names that speak of phones
	links    []talk.Link       // of the mails
	linked   []int             // positions of the mails' records
	prefixes map[string]bool   // names that records of conversations are called after
	beats    map[string]string // rhythm of a meeting to the file that had it first
	notesOf  []said            // what the notes of each meeting read so far hold
}

// numbered remembers the position of a record whose origin has no row.
type numbered struct{ record, number int }

func newReading(ctx context.Context, o Options) *reading {
	return &reading{
		ctx: ctx, o: o, limits: o.Limits.orDefaults(), digests: map[string]string{}, names: map[string]string{}, phones: map[string]bool{},
		prefixes: map[string]bool{}, beats: map[string]string{},
		result: &Result{Originals: map[string]string{}, Masked: map[string]int{}},
	}
}

// noTextOp is the Op of the fault that a table has no text column.
const noTextOp = "ingest.text"

// file is what is known of an input before its bytes are looked at.
type file struct {
	name  string // for people: never opened
	named bool   // by the person, not found in a folder or an archive
	depth int    // archives around it
}

func (s *reading) path(p string) error {
	if strings.HasPrefix(p, "https://") || strings.HasPrefix(p, "http://") {
		return s.address(p)
	}
	st, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "ingest", "%s does not exist", p).WithMend("Check the path; quote it if it has spaces.")
	case err != nil:
		return fault.Wrap(err, fault.Invalid, "ingest", "%s cannot be read", p)
	case !st.IsDir():
		return s.open(p, file{name: filepath.Base(p), named: true}) // which refuses what is no regular file
	}
	if export, ok := slackFolder(p); ok {
		return s.slackFolder(file{name: filepath.Base(p), named: true}, export)
	}
	return filepath.WalkDir(p, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "ingest", "%s cannot be read", at)
		}
		if at == p {
			return nil
		}
		name, _ := filepath.Rel(p, at)
		name = filepath.ToSlash(name)
		switch {
		case hidden(d.Name()):
			s.passOver(name, "hidden")
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if export, ok := slackFolder(at); ok {
				if err := s.slackFolder(file{name: name}, export); err != nil {
					return err
				}
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			s.passOver(name, "not a regular file")
			return nil
		case !readable(name):
			s.passOver(name, "neither a table nor a conversation by its name")
			return nil
		case Documentation(name):
			s.passOver(name, "describes the files beside it")
			return nil
		}
		return s.open(at, file{name: name})
	})
}

// open reads a file from disk and hands it on.
func (s *reading) open(p string, f file) error {
	st, err := os.Stat(p) // before opening: a named pipe without a writer would never open
	if err == nil && !st.Mode().IsRegular() {
		return s.refuse(f, irregular(f.name))
	}
	r, err := os.Open(p)
	if err != nil {
		return s.refuse(f, fault.Wrap(err, fault.Invalid, "ingest", "%s cannot be opened", f.name).WithMend("Check that you may read it."))
	}
	defer r.Close()
	if st, err = r.Stat(); err != nil || !st.Mode().IsRegular() {
		return s.refuse(f, irregular(f.name))
	}
	text, err := s.slurp(r, st.Size(), f)
	if err != nil {
		return s.refuse(f, err)
	}
	return s.content(f, text)
}

// irregular says that a named pipe, a device or a socket is not read: it may never end.
func irregular(name string) error {
	return fault.New(fault.Invalid, "ingest", "%s is a pipe, a device or a socket, not a file", name).
		WithMend("Write its content to a file and read that.")
}

// slurp reads at most the allowed bytes into a string, without a second copy.
func (s *reading) slurp(r io.Reader, size int64, f file) (string, error) {
	most := min(s.limits.FileBytes, s.limits.TotalBytes-s.bytes)
	tooLarge := fault.New(fault.Invalid, tabular.LimitOp, "%s is larger than %s", f.name, tabular.Size(s.limits.FileBytes)).
		WithMend("Split the export, or raise ingest.limits.file_bytes.")
	if most < s.limits.FileBytes {
		tooLarge = fault.New(fault.Invalid, tabular.LimitOp, "with %s the files hold more than %s together", f.name, tabular.Size(s.limits.TotalBytes)).
			WithMend("Read fewer files at once, or raise ingest.limits.total_bytes.")
	}
	if size > most {
		return "", tooLarge
	}
	var b strings.Builder
	b.Grow(int(size))
	n, err := io.Copy(&b, io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return "", fault.Wrap(err, fault.Invalid, "ingest", "%s cannot be read to its end", f.name)
	case n > most:
		return "", tooLarge
	}
	return b.String(), nil
}

// refuse decides whether a file that cannot be read ends the reading.
func (s *reading) refuse(f file, err error) error {
	var e *fault.Error
	limit := errors.As(err, &e) && e.Op == tabular.LimitOp
	if f.named || s.o.Strict || limit || s.ctx.Err() != nil {
		return err
	}
	if s.refused == nil {
		s.refused = err
	}
	message := err.Error()
	if e != nil {
		message = e.Message
	}
	if e != nil && e.Op == noTextOp {
		n := s.notes.add("no_text", "files", warning, f.name, 1)
		n.Message = fmt.Sprintf("%s left out: no column in %s holds text that people wrote.", count(n.Count, "file was", "files were"), them(n.Count))
		return nil
	}
	if e != nil && e.Op == feed.EmptyOp {
		n := s.notes.add("empty_feed", "feeds", info, f.name, 1)
		n.Message = fmt.Sprintf("%s no item with words and %s left out.", count(n.Count, "feed has", "feeds have"), was(n.Count))
		return nil
	}
	n := s.notes.add("unreadable_file", f.name, warning, f.name, 1)
	n.Message = message + ". The file was left out."
	return nil
}

// passOver lists a file that is not read because of its name.
func (s *reading) passOver(name, why string) {
	n := s.notes.add("unsupported_file", "", info, name+" ("+why+")", 1)
	n.Message = fmt.Sprintf("%s not read: only tables (CSV, TSV, JSON, JSON Lines, XLSX, Parquet), conversations (VTT, SRT, TXT, Markdown, DOCX, EML, MBOX, Slack exports), feeds (RSS, Atom, JSON) and ZIP files that are not hidden are.", count(n.Count, "file was", "files were"))
}

func hidden(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." && name != ".." || strings.HasPrefix(name, "~$") || name == "__MACOSX" || strings.EqualFold(name, "thumbs.db") || strings.EqualFold(name, "desktop.ini")
}

// readable reports whether a file's name promises a table or a conversation.
func readable(name string) bool {
	switch extension(name) {
	case "csv", "tsv", "tab", "txt", "text", "json", "jsonl", "ndjson", "xlsx", "xlsm", "parquet", "zip", "vtt", "srt", "eml", "mbox", "mbx", "docx", "xml", "rss", "atom", "rdf", "md", "markdown", "mdown":
		return true
	}
	return false
}

// Documentation reports whether a file is called like those that come with every
// repository or data set. It speaks about the files, not for anybody in them.
func Documentation(name string) bool {
	base := strings.ToLower(filepath.Base(name))
	switch strings.TrimSuffix(base, filepath.Ext(base)) {
	case "readme", "license", "licence", "changelog", "contributing", "code_of_conduct", "notice":
		return extension(base) == "md" || extension(base) == "txt" || extension(base) == "markdown"
	}
	return false
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
}
