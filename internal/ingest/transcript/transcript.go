package transcript

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/ingest/talk"
)

// The formats this package reads.
const (
	VTT      = "vtt"
	SRT      = "srt"
	Zoom     = "zoom-chat"
	Plain    = "transcript" // lines or blocks that name their speaker
	Markdown = "markdown"
	JSON     = "transcript-json"
	Notes    = "notes" // paragraphs of plain text
)

// Channel is the channel of all records from meetings but the chat beside one.
const (
	Channel     = "meeting"
	ChatChannel = "meeting chat"
)

// Detect names the format of a decoded file by its content, then by its name's
// extension (lower case, no dot). It returns "" for anything else.
func Detect(ext, text string) string {
	lead := strings.TrimLeft(head(text), " \t\r\n\uFEFF")
	switch {
	case strings.HasPrefix(lead, "WEBVTT"), ext == "vtt":
		return VTT
	case srtStart.MatchString(lead):
		return SRT
	case strings.HasPrefix(lead, "{") || strings.HasPrefix(lead, "["):
		if ext != "jsonl" && ext != "ndjson" && spokenJSON(text) {
			return JSON
		}
		if ext == "json" || ext == "jsonl" || ext == "ndjson" {
			return ""
		}
	}
	switch ext {
	case "srt":
		return SRT
	case "md", "markdown", "mdown":
		return Markdown
	case "csv", "tsv", "tab", "json", "jsonl", "ndjson", "eml", "mbox":
		return ""
	}
	switch {
	case zoomShaped(text):
		return Zoom
	case plainShaped(text):
		return Plain
	case markdownShaped(text):
		return Markdown
	case ext == "txt" && proseShaped(text), ext == "text", ext == "word":
		return Notes
	}
	return ""
}

// Parse reads a decoded file in a format that Detect named.
func Parse(format, text string, limits talk.Limits) (*talk.Talk, error) {
	var t *talk.Talk
	var err error
	switch format {
	case VTT, SRT:
		t, err = parseCues(text, limits)
	case Zoom:
		t, err = parseZoom(text, limits)
	case JSON:
		t, err = parseJSON(text, limits)
	default:
		t, err = parseNotes(text, format, limits)
	}
	if err != nil {
		return nil, err
	}
	t.Format = format
	return t, nil
}

// head returns the part of a text that is looked at to find out what it is.
func head(text string) string { return text[:min(len(text), 64<<10)] }

// builder collects the records of a file and numbers its turns.
type builder struct {
	limits  talk.Limits
	channel string
	date    time.Time
	turns   int
	talk    talk.Talk
}

// add keeps a record. A turn gets the next number; everything else is named by its line.
func (b *builder) add(r evidence.Record) error {
	if r.Channel == "" {
		r.Channel = b.channel
	}
	if r.Time.IsZero() {
		r.Time = b.date
	}
	if r.Origin.Kind == talk.Note {
		r.ID = "L" + strconv.Itoa(r.Origin.Line)
	} else {
		b.turns++
		r.Origin.Turn = b.turns
		r.ID = strconv.Itoa(b.turns)
	}
	if err := b.limits.Long("line "+strconv.Itoa(r.Origin.Line), len(r.Text)); err != nil {
		return err
	}
	b.talk.Records = append(b.talk.Records, r)
	return b.limits.Many(len(b.talk.Records))
}

// note counts something that is not among the records.
func (b *builder) note(kind, message string, warning bool, line int) {
	where := ""
	if line > 0 {
		where = "line " + strconv.Itoa(line)
	}
	for i := range b.talk.Notes {
		if n := &b.talk.Notes[i]; n.Kind == kind {
			n.Count++
			if where != "" && len(n.Where) < 20 {
				n.Where = append(n.Where, where)
			}
			return
		}
	}
	n := talk.Finding{Kind: kind, Message: message, Warning: warning, Count: 1}
	if where != "" {
		n.Where = []string{where}
	}
	b.talk.Notes = append(b.talk.Notes, n)
}

var clockForm = regexp.MustCompile(`^(\d{1,3}):([0-5]?\d)(?::([0-5]?\d))?(?:[.,](\d{1,3}))?$`)

// clock reads "12:03", "1:02:03", "00:12:03.450".
func clock(s string) (time.Duration, bool) {
	m := clockForm.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n := func(v string) time.Duration {
		i, _ := strconv.Atoi(v)
		return time.Duration(i)
	}
	d := n(m[1])*time.Minute + n(m[2])*time.Second
	if m[3] != "" {
		d = n(m[1])*time.Hour + n(m[2])*time.Minute + n(m[3])*time.Second
	}
	if m[4] != "" {
		d += n((m[4] + "00")[:3]) * time.Millisecond
	}
	return d, true
}
