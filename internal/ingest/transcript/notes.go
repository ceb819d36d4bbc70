package transcript

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/talk"
)

var (
	headingMark = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$`)
	bulletMark  = regexp.MustCompile(`^[ \t]*(?:[-*+•‣◦–]|\d{1,3}[.)])[ \t]+`)
	checkbox    = regexp.MustCompile(`^\[([ xX])\][ \t]+`)
	underline   = regexp.MustCompile(`^[ \t]*(?:=+|-{2,})[ \t]*$`)
	tableRule   = regexp.MustCompile(`^[ \t]*\|?[ \t:|-]+\|[ \t:|-]*$`)
	link        = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	oddLink     = regexp.MustCompile(`\(([^()]*)\)\[[^\]]*\]`)
	clockInText = regexp.MustCompile(`\b\d{1,2}:\d{2}(?::\d{2})?\b`)
	dateLabel   = regexp.MustCompile(`(?i)^[\s#*_>-]*(?:meeting )?(?:date|when|datum|fecha)(?:\s*(?:/|and|&)\s*time)?[\s*_]*[:：][\s*_]*(.+?)[\s*_]*$`)
	ordinal     = regexp.MustCompile(`(\d)(?:st|nd|rd|th)\b`)
)

// notes reads a document of headings, bullets, paragraphs and turns.
type notes struct {
	*builder
	text      string
	cast      cast
	headings  []heading
	titled    bool   // the document's title has been seen
	owner     string // who introduced what follows with a colon
	at        time.Duration
	timed     bool // a line with nothing but a time said where the meeting is
	open      *block
	last      int // position of the turn that a paragraph may go on with; -1 when there is none
	turnStart int // where the text of that turn begins
	front     []evidence.Attr
}

type heading struct {
	level int
	text  string
}

// block is what is being read: its text is text[start:end].
type block struct {
	start, end, line int
	bullet           bool
	speaker          string
	at               time.Duration
	timed            bool
	turn             bool
	done             string // of a checkbox: yes, no
}

// parseNotes reads Markdown, plain "Name: text" and plain paragraphs.
func parseNotes(text, format string, limits talk.Limits) (*talk.Talk, error) {
	c, _, _ := survey(text)
	n := &notes{builder: &builder{limits: limits, channel: Channel, date: meetingDate(text)}, text: text, cast: c, last: -1}
	if err := n.read(format); err != nil {
		return nil, err
	}
	if len(n.talk.Records) == 0 {
		return nil, fault.New(fault.Invalid, "ingest", "no paragraph or bullet with words is in it").WithMend("Write the notes down, or leave the file out.")
	}
	return &n.talk, nil
}

func (n *notes) read(format string) error {
	ls := newLines(n.text)
	fence, comment, front := "", false, false
	for ls.next() {
		line := ls.text
		trimmed := strings.TrimSpace(line)
		switch {
		case ls.n == 1 && trimmed == "---" && format == Markdown:
			front = true
			continue
		case front:
			front = trimmed != "---" && trimmed != "..."
			n.keep(trimmed)
			continue
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
			continue
		case comment:
			comment = !strings.Contains(trimmed, "-->")
			continue
		case strings.HasPrefix(trimmed, "<!--"):
			comment = !strings.Contains(trimmed, "-->")
			continue
		case format != Plain && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
			if err := n.flush(); err != nil {
				return err
			}
			fence = trimmed[:3]
			n.note("code_blocks", "blocks of code were left out", false, ls.n)
			continue
		}
		if err := n.line(ls, trimmed); err != nil {
			return err
		}
	}
	return n.flush()
}

// line takes one line of the document.
func (n *notes) line(ls *lines, trimmed string) error {
	if trimmed == "" {
		return n.flush()
	}
	if underline.MatchString(ls.text) && n.open != nil && !n.open.turn && !n.open.bullet && !strings.Contains(n.text[n.open.start:n.open.end], "\n") {
		level := 2
		if trimmed[0] == '=' {
			level = 1
		}
		title := n.text[n.open.start:n.open.end]
		n.open = nil
		n.under(level, title)
		return nil
	}
	if !wordy(trimmed) || tableRule.MatchString(ls.text) {
		return n.flush()
	}
	if m := headingMark.FindStringSubmatch(ls.text); m != nil {
		if err := n.flush(); err != nil {
			return err
		}
		n.under(len(m[1]), m[2])
		return nil
	}
	if at, ok := onlyTime(trimmed); ok {
		if err := n.flush(); err != nil {
			return err
		}
		n.at, n.timed = at, true
		return nil
	}
	return n.words(ls, trimmed)
}

// words takes a line that says something: it begins a turn, a bullet or a paragraph, or goes on with one.
func (n *notes) words(ls *lines, trimmed string) error {
	mark := bulletMark.FindString(ls.text)
	indent := len(ls.text) - len(strings.TrimLeft(ls.text, " \t"))
	from := max(indent, len(mark))
	for strings.HasPrefix(ls.text[from:], ">") && mark == "" { // a quotation
		from += 1 + len(ls.text[from+1:]) - len(strings.TrimLeft(ls.text[from+1:], " \t>"))
	}
	b := &block{line: ls.n, bullet: mark != "", at: n.at, timed: n.timed}
	if m := checkbox.FindStringSubmatch(ls.text[from:]); m != nil && b.bullet {
		b.done = "no"
		if m[1] != " " {
			b.done = "yes"
		}
		from += len(m[0])
	}
	if o, ok := opens(ls.text[from:]); ok && n.cast.speaks(o) {
		if err := n.flush(); err != nil {
			return err
		}
		b.turn, b.speaker = true, o.name
		if o.timed {
			b.at, b.timed = o.at, true
		}
		n.owner = ""
		b.start = ls.start + from + o.rest
		b.end = max(b.start, ls.start+len(strings.TrimRight(ls.text, " \t")))
		n.open = b
		return nil
	}
	end := ls.start + len(strings.TrimRight(ls.text, " \t"))
	if n.open != nil && mark == "" && trimmed[0] != '|' {
		if n.open.end <= n.open.start { // nothing but the speaker's name so far
			n.open.start = ls.start + from
		}
		n.open.end = end
		return nil
	}
	if err := n.flush(); err != nil {
		return err
	}
	b.start, b.end, b.speaker = ls.start+from, end, n.owner
	n.open = b
	return nil
}

// under enters a heading.
func (n *notes) under(level int, text string) {
	text = plainHeading(text)
	n.owner, n.last = "", -1
	if at, ok := onlyTime(text); ok {
		n.at, n.timed = at, true
		return
	}
	if !n.titled && len(n.talk.Records) == 0 && level == 1 {
		n.titled = true
		return
	}
	n.titled = true
	if dateLabel.MatchString(text) {
		return
	}
	for len(n.headings) > 0 && n.headings[len(n.headings)-1].level >= level {
		n.headings = n.headings[:len(n.headings)-1]
	}
	if text != "" {
		n.headings = append(n.headings, heading{level, text})
	}
}

func plainHeading(s string) string {
	s = link.ReplaceAllString(s, "$1")
	return strings.Join(strings.Fields(strings.Trim(s, "*_ \t")), " ")
}

// flush keeps the block that is open.
func (n *notes) flush() error {
	b := n.open
	if b == nil {
		return nil
	}
	n.open = nil
	text := strings.TrimSpace(n.text[b.start:max(b.start, b.end)])
	if b.turn {
		n.last = -1
		if !wordy(text) || strings.HasSuffix(text, ":") {
			n.owner = b.speaker
		}
	}
	if !wordy(text) {
		return nil
	}
	if !b.turn && !b.bullet && n.last >= 0 && n.cast.verbatim && goesOn(text) {
		r := &n.talk.Records[n.last]
		start := n.turnStart
		r.Text = strings.TrimSpace(n.text[start:b.end])
		return n.limits.Long("line", len(r.Text))
	}
	r := evidence.Record{Text: text, Origin: evidence.Origin{Kind: talk.Note, Line: b.line, Speaker: b.speaker, Heading: n.path()}}
	if b.turn {
		r.Origin.Kind = talk.Turn
	}
	if b.timed {
		r.Fields = append(r.Fields, evidence.Attr{Name: talk.At, Value: talk.Clock(b.at)})
		if !n.date.IsZero() && n.date.Hour()+n.date.Minute() > 0 {
			r.Time = n.date.Add(b.at)
		}
	}
	if b.done != "" {
		r.Fields = append(r.Fields, evidence.Attr{Name: "done", Value: b.done})
	}
	r.Fields = append(r.Fields, n.front...)
	if err := n.add(r); err != nil {
		return err
	}
	if b.turn {
		n.last, n.turnStart = len(n.talk.Records)-1, b.start
	} else {
		n.last = -1
	}
	return nil
}

// goesOn reports whether an unnamed paragraph can be the speaker's next one: not an
// aside in brackets, not a line of a table and not an item with a label of its own.
func goesOn(text string) bool {
	if o, ok := opens(text); ok && isLabel(o.name) {
		return false
	}
	return !strings.HasPrefix(text, "|") && (!strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]"))
}

func (n *notes) path() string {
	var parts []string
	for _, h := range n.headings {
		parts = append(parts, h.text)
	}
	return strings.Join(parts, " / ")
}

// onlyTime reads a line that does nothing but say where a recording is: a time,
// with at most four words such as "Video" or "Timestamp" and links beside it.
func onlyTime(s string) (time.Duration, bool) {
	if len(s) > 300 {
		return 0, false
	}
	plain := oddLink.ReplaceAllString(link.ReplaceAllString(s, "$1"), "$1")
	m := clockInText.FindAllString(plain, -1)
	if len(m) != 1 {
		return 0, false
	}
	rest := strings.FieldsFunc(clockInText.ReplaceAllString(plain, " "), func(r rune) bool { return !unicode.IsLetter(r) })
	linked := plain != s
	if len(rest) > 4 || len(rest) > 0 && !linked && !strings.EqualFold(rest[0], "timestamp") && !strings.EqualFold(rest[0], "video") {
		return 0, false
	}
	return clock(m[0])
}

// meetingDate returns the date that one of the first forty lines states after
// "Date:", "Meeting Date/Time:" or "When:", in UTC; zero when none does or it can be read in two ways.
func meetingDate(text string) time.Time {
	ls := newLines(head(text))
	for ls.next() && ls.n <= 40 {
		m := dateLabel.FindStringSubmatch(ls.text)
		if m == nil {
			continue
		}
		value := ordinal.ReplaceAllString(strings.ReplaceAll(m[1], " at ", " "), "$1")
		for _, v := range []string{value, strings.TrimSpace(clockInText.ReplaceAllString(strings.ReplaceAll(value, "UTC", ""), ""))} {
			if st, ok := columns.Parse(strings.Trim(v, " ,")); ok && !st.Ambiguous() {
				return st.Time(columns.MonthFirst)
			}
		}
	}
	return time.Time{}
}

// markdownShaped reports whether a text without the extension is Markdown all the same.
func markdownShaped(text string) bool {
	headings, marks := 0, 0
	ls := newLines(head(text))
	for ls.next() {
		switch {
		case headingMark.MatchString(ls.text) && strings.Contains(ls.text, " "):
			headings++
		case bulletMark.MatchString(ls.text):
			marks++
		}
	}
	return headings >= 2 || headings == 1 && marks >= 2
}

// proseShaped reports whether a text is paragraphs: at least two, parted by
// blank lines, most lines of at least six words, and none of it in columns.
func proseShaped(text string) bool {
	lines, long, paragraphs, blank := 0, 0, 0, true
	ls := newLines(head(text))
	for ls.next() {
		line := strings.TrimSpace(ls.text)
		if line == "" {
			blank = true
			continue
		}
		if strings.Contains(line, "\t") || strings.Count(line, ";") > 2 {
			return false
		}
		if blank {
			paragraphs++
		}
		blank = false
		if lines++; len(strings.Fields(line)) >= 6 || bulletMark.MatchString(ls.text) {
			long++
		}
	}
	return paragraphs >= 2 && long*3 >= lines*2
}
