package ingest

import (
	"archive/zip"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/parquet"
	"roleos/internal/ingest/tabular"
)

// content reads the bytes of one file.
func (s *reading) content(f file, raw string) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if s.files++; s.files > s.limits.Files {
		return fault.New(fault.Invalid, tabular.LimitOp, "there are more than %s files", grouped(s.limits.Files)).
			WithMend("Read fewer files at once, or raise ingest.limits.files.")
	}
	if int64(len(raw)) > s.limits.FileBytes {
		return fault.New(fault.Invalid, tabular.LimitOp, "%s is larger than %s", f.name, tabular.Size(s.limits.FileBytes)).
			WithMend("Split the export, or raise ingest.limits.file_bytes.")
	}
	s.bytes += int64(len(raw))
	if strings.HasPrefix(raw, "PK\x03\x04") || strings.HasPrefix(raw, "PK\x05\x06") {
		return s.packed(f, raw)
	}
	if parquet.Is(raw) {
		return s.parquet(f, raw)
	}
	if what, mend := foreign(raw); what != "" {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s is %s, which is not read", f.name, what).WithMend("%s", mend))
	}
	source, fresh := s.source(f, raw)
	if !fresh {
		return nil
	}
	text := decode.Decode(raw)
	source.Encoding = text.Encoding
	if done, err := s.conversation(f, source, raw, text); done {
		return err
	}
	if what, mend := notTable(text.String); what != "" {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s %s", f.name, what).WithMend("%s", mend))
	}
	table, err := s.table(f, text.String)
	if err != nil {
		return s.refuse(f, named(f.name, s.masked(err)))
	}
	source.Format = table.Format
	s.encodingNotes(source.Name, text)
	return s.tables(f, source, []*tabular.Table{table})
}

// source describes a file, unless the same bytes were read before.
func (s *reading) source(f file, raw string) (evidence.Source, bool) {
	sum := sha256.New()
	var piece [32 << 10]byte // a hash takes bytes: no second copy of the whole file
	for rest := raw; rest != ""; {
		n := copy(piece[:], rest)
		sum.Write(piece[:n])
		rest = rest[n:]
	}
	return s.known(f, hex.EncodeToString(sum.Sum(nil)), int64(len(raw)))
}

// known describes a file by the digest of its bytes, unless it was read before.
func (s *reading) known(f file, digest string, bytes int64) (evidence.Source, bool) {
	if earlier, ok := s.digests[digest]; ok {
		n := s.notes.add("duplicate_file", f.name, warning, f.name, 1)
		n.Message = fmt.Sprintf("%s has the same bytes as %s and was read once.", f.name, earlier)
		return evidence.Source{}, false
	}
	s.digests[digest] = f.name
	s.names["src-"+digest[:12]] = f.name
	return evidence.Source{ID: "src-" + digest[:12], Name: f.name, Digest: "sha256:" + digest, Bytes: bytes}, true
}

// table finds the table in text.
func (s *reading) table(f file, text string) (*tabular.Table, error) {
	limits := s.limits.table(s.readRows)
	lead := strings.TrimLeft(text, " \t\r\n")
	ext := extension(f.name)
	if ext == "json" || ext == "jsonl" || ext == "ndjson" {
		return tabular.JSON(text, ext != "json", limits)
	}
	if lead[0] == '{' || lead[0] == '[' {
		t, err := tabular.JSON(text, false, limits)
		var e *tabular.SyntaxError
		if err == nil || !errors.As(err, &e) {
			return t, err
		}
	}
	t, err := tabular.Delimited(text, f.name, limits)
	if err == nil && t == nil {
		err = fault.New(fault.Invalid, "ingest", "%s has no rows", f.name).WithMend("Export it again with data.")
	}
	return t, err
}

// named puts the file's name in front of a message that lacks it.
func named(name string, err error) error {
	var syntax *tabular.SyntaxError
	if errors.As(err, &syntax) {
		return fault.New(fault.Invalid, "ingest", "%s:%d:%d: not valid JSON: %s", name, syntax.Line, syntax.Column, syntax.What).
			WithMend("Export it again, or mend that place; nothing of the file was read.")
	}
	var e *fault.Error
	if errors.As(err, &e) && !strings.Contains(e.Message, name) {
		c := *e
		c.Message = name + ": " + e.Message
		return &c
	}
	return err
}

// tables reads the tables of one source. A table without text is passed over
// when the source has another one, or was not named itself.
func (s *reading) tables(f file, source evidence.Source, tables []*tabular.Table) error {
	good := 0
	var failed error
	for _, t := range tables {
		err := s.read(&source, t)
		if err == nil {
			good++
			continue
		}
		var e *fault.Error
		if !errors.As(err, &e) || e.Op == tabular.LimitOp || s.o.Strict || s.ctx.Err() != nil {
			return err
		}
		if failed == nil {
			failed = err
		}
		if len(tables) == 1 {
			break
		}
		n := s.notes.add("no_text", "sheets", info, source.Name+" sheet "+t.Sheet, 1)
		n.Message = fmt.Sprintf("%s left out: no column in %s holds text that people wrote.", count(n.Count, "sheet was", "sheets were"), them(n.Count))
	}
	if good == 0 {
		if failed != nil {
			return s.refuse(f, failed)
		}
		return nil
	}
	s.result.Sources = append(s.result.Sources, source)
	return nil
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// foreign names formats by their first bytes (https://en.wikipedia.org/wiki/List_of_file_signatures).
func foreign(raw string) (what, mend string) {
	const asCSV = "Save it as CSV or XLSX and read that."
	for _, m := range []struct{ magic, what, mend string }{
		{"%PDF", "a PDF", "Save its words as text, Markdown or .docx, or export the data behind it as CSV or XLSX."},
		{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook (.xls) or one with a password", "Open it in a spreadsheet and save it as .xlsx without a password."},
		{"\x89PNG", "a picture (PNG)", "Write what it says into a text or Markdown file, or export the data behind it as CSV or XLSX."},
		{"\xFF\xD8\xFF", "a picture (JPEG)", "Write what it says into a text or Markdown file, or export the data behind it as CSV or XLSX."},
		{"GIF8", "a picture (GIF)", "Write what it says into a text or Markdown file, or export the data behind it as CSV or XLSX."},
		{"\x1f\x8b", "packed with gzip", "Unpack it first, or pack it as ZIP."},
		{"BZh", "packed with bzip2", "Unpack it first, or pack it as ZIP."},
		{"7z\xBC\xAF\x27\x1C", "packed with 7-Zip", "Unpack it first, or pack it as ZIP."},
		{"Rar!", "packed with RAR", "Unpack it first, or pack it as ZIP."},
		{"\xFD7zXZ", "packed with xz", "Unpack it first, or pack it as ZIP."},
		{`{\rtf`, "a rich-text document", asCSV},
		{"SQLite format 3", "a SQLite database", "Export the table as CSV."},
	} {
		if strings.HasPrefix(raw, m.magic) {
			return m.what, m.mend
		}
	}
	return "", ""
}

// markup matches the beginning of XML, also of XML without its declaration.
var markup = regexp.MustCompile(`^\x{feff}?<(?:!--|!doctype|[a-z_][\w:.-]*[\s/>])`)

// notTable says why decoded text holds no table.
func notTable(text string) (what, mend string) {
	lead := strings.ToLower(strings.TrimSpace(text[:min(len(text), 4096)]))
	switch {
	case lead == "" && strings.TrimSpace(text) == "":
		return "is empty", "Export it again with data."
	case strings.HasPrefix(lead, "<!doctype html"), strings.HasPrefix(lead, "<html"), strings.HasPrefix(lead, "<head"), strings.HasPrefix(lead, "<table"):
		return "is a web page (HTML), not a table", "A sign-in page is often saved instead of an export. Download the export again as CSV or XLSX."
	case strings.HasPrefix(lead, "<?xml"):
		return "is XML, which is not read", "Export the data as CSV, JSON or XLSX."
	}
	if markup.MatchString(lead) && strings.HasSuffix(strings.TrimSpace(text), ">") {
		return "is markup (XML) that is no feed", "Export the data as CSV, JSON or XLSX."
	}
	odd := 0
	for _, r := range text[:min(len(text), 64<<10)] {
		if r == 0 || unicode.IsControl(r) && !unicode.IsSpace(r) {
			odd++
		}
	}
	if odd > 8 && odd*50 > min(len(text), 64<<10) {
		return "holds bytes that are no text", "Export it again as CSV, JSON or XLSX."
	}
	return "", ""
}

// packed reads a ZIP archive or a workbook, which is one.
func (s *reading) packed(f file, raw string) error {
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s is a damaged or unfinished ZIP or XLSX file", f.name).WithMend("Download it again."))
	}
	has := func(name string) bool {
		return slices.ContainsFunc(z.File, func(m *zip.File) bool { return strings.EqualFold(m.Name, name) })
	}
	document := func(what string) error {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s is %s, which is no table", f.name, what).WithMend("Save the table in it as CSV or XLSX."))
	}
	switch {
	case has("xl/workbook.xml"):
		return s.workbook(f, raw, z)
	case has("xl/workbook.bin"):
		return document("a binary Excel workbook (.xlsb)")
	case has("word/document.xml"):
		i := slices.IndexFunc(z.File, func(m *zip.File) bool { return strings.EqualFold(m.Name, "word/document.xml") })
		return s.document(f, raw, z.File[i])
	case has("ppt/presentation.xml"):
		return document("a PowerPoint file")
	case has("content.xml") && has("mimetype"):
		return document("an OpenDocument file")
	case f.depth > 1:
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s is an archive two archives deep", f.name).WithMend("Unpack the outer archive first."))
	}
	taken, err := s.slackArchive(f, raw, z)
	if err != nil || len(taken) == len(z.File) {
		return err
	}
	return s.archive(f, z, taken)
}

// archive reads the members of a ZIP archive like files of a folder. Their
// names are labels: nothing is written, so no name can lead anywhere. The
// members in taken were read already.
func (s *reading) archive(f file, z *zip.Reader, taken map[*zip.File]bool) error {
	members := slices.Clone(z.File)
	slices.SortStableFunc(members, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	read := len(taken) > 0
	for _, m := range members {
		if taken[m] || strings.HasSuffix(m.Name, "/") {
			continue
		}
		inner := file{name: f.name + "/" + label(m.Name), depth: f.depth + 1}
		if slices.ContainsFunc(strings.FieldsFunc(m.Name, func(r rune) bool { return r == '/' || r == '\\' }), hidden) {
			s.passOver(inner.name, "hidden")
			continue
		}
		if !readable(m.Name) {
			s.passOver(inner.name, "neither a table nor a conversation by its name")
			continue
		}
		if Documentation(m.Name) {
			s.passOver(inner.name, "describes the files beside it")
			continue
		}
		if m.Flags&1 != 0 {
			if err := s.refuse(inner, fault.New(fault.Invalid, "ingest", "%s is locked with a password", inner.name).WithMend("Pack it again without one.")); err != nil {
				return err
			}
			continue
		}
		text, err := s.unpack(m, inner)
		if err == nil {
			err = s.content(inner, text)
		} else {
			err = s.refuse(inner, err)
		}
		if err != nil {
			return err
		}
		read = true
	}
	if !read {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s holds no file that can be read", f.name).
			WithMend("CSV, TSV, JSON, JSON Lines, XLSX, Parquet, VTT, SRT, text and Markdown files are read."))
	}
	return nil
}

// label makes a member's name fit for messages.
func label(name string) string {
	return tabular.Clip(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "?")))
}

// unpack reads one member, no more than its packed bytes may honestly hold.
func (s *reading) unpack(m *zip.File, f file) (string, error) {
	if err := s.ratio(f.name, m); err != nil {
		return "", err
	}
	r, err := m.Open()
	if err != nil {
		return "", fault.New(fault.Invalid, "ingest", "%s is damaged or packed in an unusual way", f.name).WithMend("Pack it again.")
	}
	defer r.Close()
	// The declared size was checked; the reader stops there whatever the data say.
	text, err := s.slurp(io.LimitReader(r, int64(m.UncompressedSize64)+1), int64(m.UncompressedSize64), f)
	var e *fault.Error
	if errors.As(err, &e) && e.Op != tabular.LimitOp {
		return "", fault.New(fault.Invalid, "ingest", "%s is damaged", f.name).WithMend("Download the archive again.")
	}
	return text, err
}

// ratio refuses a member that unpacks to far more than it holds. A megabyte is always allowed.
func (s *reading) ratio(name string, m *zip.File) error {
	if m.UncompressedSize64 > 1<<20 && m.UncompressedSize64/uint64(s.limits.ArchiveRatio) > m.CompressedSize64 {
		return fault.New(fault.Invalid, tabular.LimitOp, "%s unpacks to more than %d times its size; it looks like an archive bomb and was not read", name, s.limits.ArchiveRatio).
			WithMend("If it is honest, unpack it yourself, or raise ingest.limits.archive_ratio.")
	}
	return nil
}

// parquet reads the table of a Parquet file.
func (s *reading) parquet(f file, raw string) error {
	source, fresh := s.source(f, raw)
	if !fresh {
		return nil
	}
	source.Format = "parquet"
	limits := s.limits.table(s.readRows)
	limits.Expanded = max(1, s.limits.TotalBytes-s.bytes)
	table, err := parquet.Table(raw, limits)
	if err != nil {
		return s.refuse(f, named(f.name, err))
	}
	return s.tables(f, source, []*tabular.Table{table})
}

// workbook reads every sheet of an XLSX file that has a table.
func (s *reading) workbook(f file, raw string, z *zip.Reader) error {
	var total uint64
	for _, m := range z.File {
		if err := s.ratio(f.name, m); err != nil {
			return err
		}
		if total += m.UncompressedSize64; total > uint64(s.limits.FileBytes) {
			return fault.New(fault.Invalid, tabular.LimitOp, "%s unpacks to more than %s", f.name, tabular.Size(s.limits.FileBytes)).
				WithMend("Save the sheet as CSV, or raise ingest.limits.file_bytes.")
		}
	}
	source, fresh := s.source(f, raw)
	if !fresh {
		return nil
	}
	source.Format = "xlsx"
	limits := s.limits.table(s.readRows)
	limits.Expanded = max(1, s.limits.TotalBytes-s.bytes)
	tables, expanded, err := tabular.Workbook(s.ctx, raw, int64(total), limits)
	s.bytes += expanded
	if err != nil {
		return s.refuse(f, named(f.name, s.masked(err)))
	}
	if len(tables) == 0 {
		return s.refuse(f, fault.New(fault.Invalid, "ingest", "%s has no sheet with a table", f.name).WithMend("Export it again with data."))
	}
	return s.tables(f, source, tables)
}
