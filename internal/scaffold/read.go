package scaffold

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"roleos/internal/evidence"
)

// Blocking says whether a dependency stops the work.
type Blocking string

// What a dependency says of itself.
const (
	Blocks    Blocking = "yes"
	BlocksNot Blocking = "no"
	Unsaid    Blocking = "unknown"
)

// Item is one line of a context document.
type Item struct {
	ID       string         // as the line names it ("C3: ..."), else made from its section and text
	Section  Section        //
	Class    string         // of a constraint: technical, regulatory, timeline; else ""
	Text     string         // the line without marker and id
	Quote    evidence.Quote // the line in its record; with the words above it when it is too short to be quoted alone
	Source   string         // source id
	Owner    string         // who speaks: the record's speaker, else the document's owner; may be empty
	Date     string         // of the document, as its front matter has it; may be empty
	Blocking Blocking       // of a dependency; else ""
	Nothing  bool           // the line says that there is none: "No regulatory constraints apply."
	Pending  bool           // the line says that nobody has said it yet: "TBD", "None discussed yet."
	Measure  *Measure       // of a target or baseline that holds one
}

// Document is one recognised context document.
type Document struct {
	Source string
	Kind   string // of its front matter; "" when only its headings speak
	Owner  string
	Date   string
}

// Scaffold is what the records hold for a brief or a pitch, in reading order.
// The zero value holds nothing.
type Scaffold struct {
	Documents []Document
	Items     []Item
	// Records holds the ids of the records that belong to context documents.
	Records map[string]bool
	// Published holds the sources that are reports of this product: what it wrote
	// itself is no context, or a brief would found itself on an older one.
	Published map[string]bool
}

var published = regexp.MustCompile(`(?m)^\s*(?:[-*] +)?Digest: sha256:[0-9a-f]{64}\s*$`)

// Of returns the items of a section, in reading order.
func (s Scaffold) Of(section Section) []Item {
	var out []Item
	for _, it := range s.Items {
		if it.Section == section {
			out = append(out, it)
		}
	}
	return out
}

// Has reports whether any document of the kind, or any line of the section, is there.
func (s Scaffold) Has(kind string, section Section) bool {
	for _, d := range s.Documents {
		if d.Kind == kind {
			return true
		}
	}
	return len(s.Of(section)) > 0
}

// Read finds the context documents among the records. The records of a source
// are read together, in the order they have.
func Read(records []evidence.Record) Scaffold {
	s := Scaffold{Records: map[string]bool{}, Published: map[string]bool{}}
	for i := range records {
		if published.MatchString(records[i].Text) {
			s.Published[records[i].Source] = true
		}
	}
	at := map[string]*reader{}
	seen := map[string]bool{}
	for i := range records {
		r := &records[i]
		if s.Published[r.Source] {
			continue
		}
		d := at[r.Source]
		if d == nil {
			d = &reader{source: r.Source}
			at[r.Source] = d
		}
		before := len(s.Items)
		if r.Origin.Row > 0 {
			d.row(r, &s)
		} else {
			d.record(r, &s)
		}
		own := s.Items[before:]
		for j := range own {
			own[j].name(seen)
		}
		if len(own) > 0 || d.doc.Kind != "" {
			s.Records[r.ID] = true
		}
		if (len(own) > 0 || d.doc.Kind != "") && !d.listed {
			d.listed = true
			s.Documents = append(s.Documents, Document{Source: r.Source})
			d.place = len(s.Documents) - 1
		}
		if d.listed {
			d.doc.Source = r.Source
			s.Documents[d.place] = d.doc
		}
	}
	return s
}

// reader is where in one source the reading is.
type reader struct {
	source  string
	doc     Document
	section Section
	class   string
	heading string   // as the record before had it
	last    int      // position of the item that a line may go on with; -1 when there is none
	start   int      // where that item begins in its record
	columns []string // of the Markdown table of measures that is open; nil: none
	listed  bool
	place   int
}

// meta is one line of front matter, in the text or alone in a record.
var (
	meta   = regexp.MustCompile(`(?i)^(kind|owner|role|date|as_of|title|author|cadence|valid_until|version|status)\s*:\s*(.*?)\s*$`)
	marker = regexp.MustCompile(`^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?`)
	ident  = regexp.MustCompile(`^\*{0,2}([A-Z]{1,4}-?\d{1,4})\*{0,2}(?:\s*[:.)]|\s+[-–—])\s+\*{0,2}`)
	atx    = regexp.MustCompile(`^\s{0,3}#{1,6}\s+(.*?)\s*#*$`)
	bold   = regexp.MustCompile(`^\s*\*\*([^*]{2,80})\*\*:?\s*$`)
	colon  = regexp.MustCompile(`^([A-Z][A-Za-z' -]{2,60}):\s*$`)
	inline = regexp.MustCompile(`^\*{0,2}([A-Z][A-Za-z' -]{2,40}?)\*{0,2}:\*{0,2}\s+\S`)
)

// attr returns the record's field or segment of that name, whatever its case.
func attr(r *evidence.Record, names ...string) string {
	for _, list := range [][]evidence.Attr{r.Fields, r.Segments} {
		for _, a := range list {
			for _, n := range names {
				if strings.EqualFold(a.Name, n) && a.Value != "" {
					return a.Value
				}
			}
		}
	}
	return ""
}

// open enters the section of a heading. Below a heading that opens none, a
// document of a stated kind falls back to its kind; another holds nothing for us.
func (d *reader) open(heading string, deeper bool) {
	section, class := sectionOf(heading)
	if section == None && d.section == Constraint {
		if c := headingClass(heading); c != "" && deeper {
			d.class = c
			return
		}
	}
	if section == None {
		section = kinds[d.doc.Kind]
		if section == Constraint {
			class = headingClass(heading)
		}
	}
	d.section, d.class = section, class
}

// record reads the lines of a record that is text.
func (d *reader) record(r *evidence.Record, s *Scaffold) {
	if k := strings.ToLower(attr(r, "kind", "document_kind", "front_matter.kind")); kinds[k] != None && d.doc.Kind == "" {
		d.doc.Kind, d.section = k, kinds[k]
	}
	if v := attr(r, "owner"); v != "" && d.doc.Owner == "" {
		d.doc.Owner = v
	}
	h := r.Origin.Heading
	if h == "" {
		h = attr(r, "heading", "section")
	}
	if h != d.heading {
		d.heading = h
		d.section, d.class = kinds[d.doc.Kind], ""
		d.path(h)
	}
	if v := attr(r, "date", "as_of"); v != "" && d.doc.Kind != "" {
		d.doc.Date = v
	}
	front := false
	start := 0
	d.last = -1
	for start <= len(r.Text) {
		end := strings.IndexByte(r.Text[start:], '\n')
		if end < 0 {
			end = len(r.Text)
		} else {
			end += start
		}
		line := strings.TrimRight(r.Text[start:end], "\r \t")
		switch {
		case strings.TrimSpace(line) == "---":
			front = !front && start == 0
		case strings.TrimSpace(line) == "":
			d.last = -1
		case d.front(line, front):
		case d.cells(r, line, start, s):
		default:
			d.line(r, line, start, s)
		}
		start = end + 1
	}
}

// path opens a heading that may come with those above it: "Constraints > Technical".
func (d *reader) path(heading string) {
	parts := strings.FieldsFunc(heading, func(r rune) bool { return r == '>' || r == '›' || r == '/' })
	known := false
	for _, p := range parts {
		if section, _ := sectionOf(p); section != None || !known {
			d.open(p, known)
			known = known || section != None
			continue
		}
		d.open(p, true)
	}
}

// front takes a line of front matter.
func (d *reader) front(line string, inside bool) bool {
	m := meta.FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return inside
	}
	value := strings.Trim(m[2], `"' `)
	switch strings.ToLower(m[1]) {
	case "kind":
		k := strings.ToLower(value)
		if kinds[k] == None {
			return inside
		}
		d.doc.Kind, d.section = k, kinds[k]
	case "owner", "author", "role":
		if d.doc.Kind == "" && !inside {
			return false
		}
		if d.doc.Owner == "" {
			d.doc.Owner = value
		}
	case "date", "as_of":
		if d.doc.Kind == "" && !inside {
			return false
		}
		d.doc.Date = value
	default:
		return inside || d.doc.Kind != ""
	}
	return true
}

// line takes one line of text: a heading, or an item of the section that is open.
func (d *reader) line(r *evidence.Record, line string, start int, s *Scaffold) {
	if m := atx.FindStringSubmatch(line); m != nil {
		d.last = -1
		d.open(m[1], strings.HasPrefix(strings.TrimSpace(line), "###"))
		return
	}
	for _, re := range []*regexp.Regexp{bold, colon} {
		if m := re.FindStringSubmatch(line); m != nil {
			d.last = -1
			d.open(m[1], true)
			return
		}
	}
	from := len(marker.FindString(line))
	if from == 0 {
		from = len(line) - len(strings.TrimLeft(line, " \t>"))
		if d.last >= 0 && d.goOn(r, line, start, s) {
			return
		}
	}
	section, class := d.section, d.class
	body := line[from:]
	if m := inline.FindStringSubmatch(body); m != nil {
		if own, c := sectionOf(m[1]); own != None && len(strings.Fields(m[1])) <= 4 && (section == None && spoken(own) || d.doc.Kind != "" || own == section) {
			section = own
			if c != "" {
				class = c
			}
		} else if c := headingClass(m[1]); c != "" && section == Constraint && len(strings.Fields(m[1])) <= 2 {
			class = c
		}
	}
	if section == None {
		return
	}
	it := Item{Section: section, Class: class, Source: r.Source, Owner: d.doc.Owner, Date: d.doc.Date}
	switch who := r.Origin.Speaker; {
	case ident.MatchString(who + ": "):
		it.ID = who // "C3: ..." read as a speaker's turn
	case who != "":
		it.Owner = who
	}
	q, ok := quote(r, start+from, start+len(line))
	if !ok {
		return
	}
	it.Quote = q
	it.said(body)
	it.fill()
	d.last, d.start = len(s.Items), start+from
	s.Items = append(s.Items, it)
}

// spoken reports whether people name the section in front of what they say.
func spoken(s Section) bool {
	return s == Appetite || s == Option || s == RabbitHole || s == NoGo || s == Kill
}

// goOn takes a line that goes on with the item above it.
func (d *reader) goOn(r *evidence.Record, line string, start int, s *Scaffold) bool {
	it := &s.Items[d.last]
	q, ok := quote(r, d.start, start+len(line))
	if !ok {
		return false
	}
	it.Quote = q
	it.said(strings.TrimSpace(r.Text[d.start : start+len(line)]))
	it.fill()
	return true
}

// said sets the text and, where it begins with one, the id.
func (it *Item) said(body string) {
	it.Text = strings.Join(strings.Fields(body), " ")
	if m := ident.FindStringSubmatch(it.Text); m != nil {
		it.ID, it.Text = m[1], strings.TrimSpace(it.Text[len(m[0]):])
	}
	it.Text = strings.Trim(strings.ReplaceAll(it.Text, "**", ""), " ")
}

// quote returns the quote at [start, end). A line too short to prove anything
// takes the words above it with it, so that what it says is not lost.
func quote(r *evidence.Record, start, end int) (evidence.Quote, bool) {
	for {
		q, ok := r.Quote(start, end)
		if !ok {
			return q, false
		}
		if evidence.CheckQuote(r, q) == nil {
			return q, true
		}
		if start == 0 {
			q, ok = r.Quote(len(r.Text)-len(strings.TrimLeft(r.Text, " \t\r\n")), len(strings.TrimRight(r.Text, " \t\r\n")))
			return q, ok && evidence.CheckQuote(r, q) == nil
		}
		above := strings.TrimRight(r.Text[:start], " \t\r\n-*+•#>")
		start = strings.LastIndexByte(above, '\n') + 1
		if above == "" {
			start = 0
		}
	}
}

var (
	nothing = regexp.MustCompile(`(?i)^(?:none\b|n/?a\b|no (?:known |further |other |open |blocking |technical |regulatory |legal |timeline |hard )*(?:constraints?|dependenc(?:y|ies)|deadlines?|requirements?|blockers?|regulations?)\b)`)
	pending = regexp.MustCompile(`(?i)\b(?:tbd|tba|todo|to be (?:decided|discussed|defined|done|confirmed|added|determined|written)|not (?:yet )?(?:discussed|decided|defined|known|written|clear|looked at)|(?:none|nothing) (?:discussed|decided|defined|written|so far|yet)|not yet|pending|open question)\b|^\?+$`)
	notBlk  = regexp.MustCompile(`(?i)\b(?:not|non|isn't|is not|does not|doesn't)[- ](?:a )?block(?:ing|er|s)?\b|\bblocking:\s*(?:no|false)\b|\bno blocker\b|\bnot blocked\b`)
	isBlk   = regexp.MustCompile(`(?i)\bblock(?:ing|er|s|ed)\b|\bblocking:\s*(?:yes|true)\b|\bcannot start (?:until|before|without)\b`)
)

// fill decides what the line's own words say of it.
func (it *Item) fill() {
	const few = 8 // words: a longer line says something, whatever is still open in it
	it.Pending = len(strings.Fields(it.Text)) <= few && pending.MatchString(it.Text)
	it.Nothing = nothing.MatchString(it.Text) && !it.Pending
	switch it.Section {
	case Constraint:
		if it.Class == "" {
			it.Class = ClassOf(it.Text)
		}
	case Dependency:
		switch {
		case notBlk.MatchString(it.Text):
			it.Blocking = BlocksNot
		case isBlk.MatchString(it.Text) && !it.Nothing:
			it.Blocking = Blocks
		default:
			it.Blocking = Unsaid
		}
	case Target, Baseline, Appetite, Kill, Priority:
		if m, ok := ParseMeasure(it.Text); ok {
			it.Measure = &m
		}
	case None, Ethics, Exclusion, Assumption, Option, RabbitHole, NoGo, Feasible:
	}
}

// name gives the item an id that no other has.
func (it *Item) name(seen map[string]bool) {
	if it.ID == "" || seen[it.ID] {
		sum := sha256.Sum256([]byte(string(it.Section) + "\x00" + it.Text + "\x00" + it.Quote.RecordID))
		it.ID = it.Section.prefix() + "-" + hex.EncodeToString(sum[:5])
	}
	seen[it.ID] = true
}

func (s Section) prefix() string {
	switch s {
	case RabbitHole:
		return "rh"
	case NoGo:
		return "ng"
	case Assumption:
		return "as"
	case Appetite:
		return "ap"
	case Ethics:
		return "et"
	case Exclusion:
		return "ex"
	case Dependency:
		return "dep"
	case Target:
		return "sc"
	case Baseline:
		return "b"
	}
	return string(s[:1])
}
