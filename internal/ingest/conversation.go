package ingest

import (
	"archive/zip"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/docx"
	"roleos/internal/ingest/feed"
	"roleos/internal/ingest/mail"
	"roleos/internal/ingest/redact"
	"roleos/internal/ingest/tabular"
	"roleos/internal/ingest/talk"
	"roleos/internal/ingest/transcript"
)

// conversation reads a decoded file that holds what people said to one another.
// done is false when it holds something else.
func (s *reading) conversation(f file, source evidence.Source, raw string, text decode.Text) (done bool, err error) {
	if format := mail.Detect(extension(f.name), raw); format != "" {
		t, err := mail.Parse(format, raw, s.talkLimits())
		if err != nil {
			return true, s.refuse(f, named(f.name, s.masked(err)))
		}
		return true, s.said(f, source, t)
	}
	if feed.Detect(raw) {
		t, err := feed.Parse(raw, s.talkLimits())
		if err != nil {
			return true, s.refuse(f, named(f.name, s.masked(err)))
		}
		return true, s.said(f, source, t)
	}
	format := transcript.Detect(extension(f.name), text.String)
	if format == "" || strings.TrimSpace(text.String) == "" {
		return false, nil
	}
	t, err := transcript.Parse(format, text.String, s.talkLimits())
	if err != nil {
		return true, s.refuse(f, named(f.name, s.masked(err)))
	}
	s.encodingNotes(source.Name, text)
	return true, s.said(f, source, t)
}

// address reads a feed from the network.
func (s *reading) address(p string) error {
	if s.o.Fetch == nil {
		return fault.New(fault.Denied, "ingest", "%s is an address, and nothing here may use the network", p).WithMend("Save the feed to a file and read that.")
	}
	body, err := s.o.Fetch(s.ctx, p)
	if err != nil {
		return err
	}
	_, name, _ := strings.Cut(p, "://")
	name, _, _ = strings.Cut(name, "?") // what follows may be a token
	return s.content(file{name: strings.TrimSuffix(name, "/"), named: true}, string(body))
}

// document reads the notes in a Word document.
func (s *reading) document(f file, raw string, m *zip.File) error {
	source, fresh := s.source(f, raw)
	if !fresh {
		return nil
	}
	xml, err := s.unpack(m, f)
	if err != nil {
		return s.refuse(f, err)
	}
	text, err := docx.Markdown(xml)
	if err != nil {
		return s.refuse(f, named(f.name, err))
	}
	format := transcript.Detect("word", text)
	if format == "" || format == transcript.Zoom {
		format = transcript.Markdown
	}
	t, err := transcript.Parse(format, text, s.talkLimits())
	if err != nil {
		return s.refuse(f, named(f.name, s.masked(err)))
	}
	t.Format = "docx"
	return s.said(f, source, t)
}

func (s *reading) talkLimits() talk.Limits {
	return talk.Limits{Items: max(1, s.limits.Rows-s.readRows), TextBytes: s.limits.CellBytes, Depth: s.limits.JSONDepth}
}

// said takes the records of one conversation into the result.
func (s *reading) said(f file, source evidence.Source, t *talk.Talk) error {
	if s.readRows += len(t.Records); s.readRows > s.limits.Rows {
		return fault.New(fault.Invalid, tabular.LimitOp, "with %s there are more than %s records", f.name, grouped(s.limits.Rows)).
			WithMend("Read fewer files at once, or raise ingest.limits.rows.")
	}
	source.Format = t.Format
	source.Records = len(t.Records)
	prefix := ""
	if !t.Whole {
		prefix = s.recordPrefix(f.name)
	}
	s.result.Records = slices.Grow(s.result.Records, len(t.Records))
	for i, r := range t.Records {
		r.Source = source.ID
		if r.ID != "" {
			r.ID = prefix + r.ID
		} else {
			r.ID = strings.TrimSuffix(prefix, "#") // the file is the record
		}
		if len(t.Links) == len(t.Records) {
			s.links = append(s.links, t.Links[i])
			s.linked = append(s.linked, len(s.result.Records))
		}
		if r.Origin.Thread != "" {
			r.Origin.Thread = prefix + r.Origin.Thread
		}
		s.result.Records = append(s.result.Records, r)
	}
	s.result.Sources = append(s.result.Sources, source)
	s.talkNotes(f.name, t)
	if s.o.Progress != nil {
		s.o.Progress(source.Name, source.Bytes, source.Bytes)
	}
	return s.ctx.Err()
}

// threads puts the mails of all files that belong together into one thread,
// which is called after its first mail.
func (s *reading) threads() {
	roots := mail.Threads(s.links)
	size := map[int]int{}
	for _, r := range roots {
		size[r]++
	}
	for i, r := range roots {
		if size[r] > 1 {
			s.result.Records[s.linked[i]].Origin.Thread = s.result.Records[s.linked[r]].ID
		}
	}
}

// recordPrefix is what the ids of a file's records begin with: its name and "#".
// A second file of that name gets a number, so that ids stay apart.
func (s *reading) recordPrefix(name string) string {
	if s.o.Redact {
		name, _ = redact.Text(name)
	}
	base := name
	for n := 2; s.prefixes[name]; n++ {
		name = base + "(" + strconv.Itoa(n) + ")"
	}
	s.prefixes[name] = true
	return name + "#"
}

// talkNotes passes on what a parser noticed, and notices two versions of one meeting.
func (s *reading) talkNotes(name string, t *talk.Talk) {
	for _, n := range t.Notes {
		severity := info
		if n.Warning {
			severity = warning
		}
		subject, lead := name, name+": "
		if t.Small {
			subject, lead = t.Format, ""
		}
		f := s.notes.add(n.Kind, subject, severity, "", n.Count)
		f.Message = fmt.Sprintf("%s%s (%s).", lead, n.Message, grouped(f.Count))
		for _, w := range n.Where {
			if len(f.Where) < mostPlaces {
				f.Where = append(f.Where, name+" "+w)
			}
		}
	}
	if t.Beats == "" {
		s.sameNotes(name, t)
		return
	}
	if earlier, ok := s.beats[t.Beats]; ok {
		f := s.notes.add("same_meeting", name, warning, name, 1)
		f.Message = fmt.Sprintf("%s has the same speakers' times as %s: it looks like a second version of one meeting. Both were read, so everything in it counts twice; leave one out.", name, earlier)
		return
	}
	s.beats[t.Beats] = name
}
