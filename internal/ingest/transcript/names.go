package transcript

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	longestName = 60 // bytes
	mostWords   = 6  // of a name
)

// labels are words that stand before a colon in notes and name no speaker.
//
//nolint:gochecknoglobals // an immutable table
var labels = labelSet(`action|actions|action item|action items|action required|agenda|answer|attendees|background|blocker|blockers|budget|
ca|cc|challenge|challenges|comment|comments|company|competitor|competitors|conclusion|contact|context|cost|customer|date|date/time|deadline|decision|decisions|
decision made|description|discussion|duration|due|e.g|edit|edited|email|etc|example|facilitator|feature|feedback|follow up|follow-up|from|fw|fwd|goal|goals|hardfork|host|http|https|
i.e|idea|ideas|important|info|issue|item|issues|link|links|location|meeting|meeting date|meeting date/time|meeting duration|milestone|minutes|moderator|name|next|next meeting|next step|next steps|
nb|note|note taker|notes|objection|objections|open question|open questions|option|outcome|owner|p.s|pain|pain point|pain points|participants|phone|place|present|price|pricing|priority|problem|progress|project|proposal|
ps|question|questions|re|reason|recording|reference|references|request|requests|requirement|requirements|resolution|result|results|risk|risks|scope|scribe|solution|source|
stage|start|end|status|subject|summary|tags|takeaway|takeaways|tbd|team|time|timeline|timestamp|title|to|todo|to do|topic|topics|tl;dr|tldr|update|updates|url|use case|video|warning|what|when|where|who|why|
aufgabe|aufgaben|beschluss|datum|frage|hinweis|notiz|ort|risiko|teilnehmer|thema|zeit|décision|lieu|question|remarque|sujet|fecha|nota|tema`)

func labelSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Split(list, "|") {
		out[strings.TrimSpace(w)] = true
	}
	return out
}

// itemNumber is the number of an item at the end of its label: "ACTION 68.2", "Decision #3", "Item 4a".
var itemNumber = regexp.MustCompile(`(?:\s*[#№]?\s*\d+[a-z]?|\s*[#№]?\s*(\d+(?:[.\-/]\d+)+))$`)

// isLabel reports whether what stands before a colon names a kind of item rather
// than a person. Nobody is called by a number in parts.
func isLabel(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if labels[name] {
		return true
	}
	m := itemNumber.FindStringSubmatchIndex(name)
	return m != nil && (m[2] >= 0 || labels[strings.TrimSpace(name[:m[0]])])
}

// nameShaped reports whether s may be a name: one word, or up to six of which
// at least half begin with a capital, a digit, a bracket or a letter of a script without capitals.
func nameShaped(s string) bool {
	words, high := strings.Fields(s), 0
	for _, w := range words {
		if r, _ := utf8.DecodeRuneInString(w); !unicode.IsLower(r) {
			high++
		}
	}
	return namePossible(s) && (len(words) == 1 || high*2 >= len(words))
}

// namePossible reports whether s may be a name, its letters' case left aside.
func namePossible(s string) bool {
	if s == "" || len(s) > longestName || strings.ContainsAny(s, "\t\"?!;{}<>=*#\\“”…") || strings.Contains(s, "://") {
		return false
	}
	words := strings.Fields(s)
	if len(words) > mostWords || strings.Count(s, ",") > 1 {
		return false
	}
	letters := false
	for i, w := range words {
		if strings.HasSuffix(w, ".") && len(w) > 4 && i+1 < len(words) { // a sentence ends before the colon
			return false
		}
		if strings.IndexFunc(w, unicode.IsLetter) >= 0 {
			letters = true
		}
	}
	return letters
}

// splitName takes "Name: text" apart where accept takes the name.
func splitName(s string, accept func(string) bool) (name, rest string, ok bool) {
	i := strings.IndexAny(s[:min(len(s), longestName+4)], ":：")
	if i < 1 {
		return "", s, false
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	if after, _ := utf8.DecodeRuneInString(s[i+size:]); i+size < len(s) && size == 1 && !unicode.IsSpace(after) {
		return "", s, false
	}
	name = strings.TrimSpace(s[:i])
	if !accept(name) {
		return "", s, false
	}
	return strings.Join(strings.Fields(name), " "), strings.TrimSpace(s[i+size:]), true
}

// style is how a line names its speaker.
type style uint8

const (
	bare      style = iota // Name: text
	boldColon              // **Name:** text, **Name**: text
	boldDash               // **Name** - text
	stamped                // [00:12:03] Name: text
	stampLine              // Name 00:12:03, the text below
	styles
)

// opening is the beginning of a turn: who, when, and where the text begins.
type opening struct {
	name  string
	at    time.Duration
	timed bool
	style style
	rest  int // byte offset of the text in the line
}

const stampForm = `[\[(]?(\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?)[\])]?`

var (
	boldName   = regexp.MustCompile(`^(?:\*\*|__)\s*([^*_]{1,60}?)\s*(:?)\s*(?:\*\*|__)\s*(?:[\[(](\d{1,2}:\d{2}(?::\d{2})?)[\])])?[ \t]*(:|：|-{1,2}|–|—)?[ \t]*`)
	stampFirst = regexp.MustCompile(`^` + stampForm + `[ \t]*[-–|]?[ \t]*(?:\*\*)?([^*:：]{1,60}?)(?:\*\*)?[ \t]*[:：](?:\*\*)?(?:[ \t]+|$)`)
	nameFirst  = regexp.MustCompile(`^([^:\[\](]{1,60}?)[ \t]*[\[(](\d{1,2}:\d{2}(?::\d{2})?)[\])][ \t]*[:：]?[ \t]*`)
	nameStamp  = regexp.MustCompile(`^(?:\*\*)?([^:*]{1,60}?)(?:\*\*)?(?:[ \t]{2,}|\t+|[ \t]+[|·•-][ \t]+|[ \t]+)` + stampForm + `[ \t]*$`)
	stampName  = regexp.MustCompile(`^` + stampForm + `[ \t]*[-–|]?[ \t]+([^:]{1,60}?)[ \t]*$`)
)

// opens reads the beginning of a turn from a line.
func opens(line string) (opening, bool) {
	if m := boldName.FindStringSubmatchIndex(line); m != nil {
		o := opening{name: line[m[2]:m[3]], style: boldColon, rest: m[1]}
		colon, mark := m[5] > m[4], ""
		if m[8] >= 0 {
			mark = line[m[8]:m[9]]
		}
		if m[6] >= 0 {
			o.at, o.timed = clock(line[m[6]:m[7]])
		}
		switch {
		case colon || mark == ":" || mark == "：":
		case mark != "":
			o.style = boldDash
		default:
			return opening{}, false
		}
		return o, nameShaped(o.name)
	}
	if m := stampFirst.FindStringSubmatchIndex(line); m != nil {
		o := opening{name: strings.TrimSpace(line[m[4]:m[5]]), style: stamped, rest: m[1]}
		o.at, o.timed = clock(line[m[2]:m[3]])
		return o, o.timed && nameShaped(o.name)
	}
	if m := nameFirst.FindStringSubmatchIndex(line); m != nil {
		o := opening{name: strings.Trim(line[m[2]:m[3]], " *_"), style: stamped, rest: m[1]}
		o.at, o.timed = clock(line[m[4]:m[5]])
		if o.timed && nameShaped(o.name) && !strings.HasPrefix(line[m[1]:], "(") { // else a link
			return o, true
		}
	}
	for k, form := range []*regexp.Regexp{nameStamp, stampName} {
		if m := form.FindStringSubmatch(line); m != nil && len(line) < 90 {
			name, at := m[1], m[2]
			if k == 1 {
				name, at = m[2], m[1]
			}
			o := opening{name: strings.Trim(name, " *_-|"), style: stampLine, rest: len(line)}
			o.at, o.timed = clock(at)
			if o.timed && nameShaped(o.name) {
				return o, true
			}
		}
	}
	if name, _, ok := splitName(line, nameShaped); ok {
		i := strings.IndexAny(line, ":：")
		_, size := utf8.DecodeRuneInString(line[i:])
		rest := strings.TrimLeftFunc(line[i+size:], unicode.IsSpace)
		return opening{name: name, style: bare, rest: len(line) - len(rest)}, true
	}
	return opening{}, false
}

// cast knows whom a document's lines name as speakers.
type cast struct {
	spoken   [styles]map[string]int // by style: name to how often
	labelled [styles]int            // openings that are labels
	trusted  [styles]bool           // the style names speakers, so one line is enough
	verbatim bool                   // most of the document is turns
}

// survey counts the openings of a document. blocks is the number of its bullets and paragraphs.
func survey(text string) (c cast, openings, blocks int) {
	for k := range c.spoken {
		c.spoken[k] = map[string]int{}
	}
	var total [styles]int
	after := true // a blank line, a heading or a bullet came before
	ls := newLines(text)
	for ls.next() {
		line := strings.TrimSpace(ls.text)
		if line == "" || strings.HasPrefix(line, "#") || !wordy(line) {
			after = true
			continue
		}
		item := bulletMark.FindString(ls.text)
		o, ok := opens(strings.TrimLeft(ls.text[len(item):], " \t"))
		switch {
		case !ok:
			if after || item != "" {
				blocks++
			}
		case isLabel(o.name):
			c.labelled[o.style]++
			blocks++
		default:
			c.spoken[o.style][o.name]++
			total[o.style]++
			openings++
			blocks++
		}
		after = false
	}
	spoken := 0
	for k := range c.spoken {
		repeated := 0
		for _, n := range c.spoken[k] {
			if n > 1 {
				repeated += n
			}
		}
		switch style(k) {
		case bare:
			c.trusted[k] = total[k] >= 3 && repeated*2 >= total[k] && total[k]*2 >= blocks ||
				total[k] == blocks && c.labelled[k] == 0 && roundOfTurns(text)
		case stampLine:
			c.trusted[k] = total[k] >= 2 && total[k]*3 >= blocks
		case stamped:
			c.trusted[k] = true
		default:
			c.trusted[k] = total[k] > 0 && (repeated*3 >= total[k] || total[k]*2 >= blocks)
		}
		if c.trusted[k] {
			spoken += total[k]
		}
	}
	c.verbatim = spoken > 0 && (spoken*2 >= blocks || c.trusted[stampLine])
	return c, openings, blocks
}

// speaks reports whether an opening names a speaker rather than a label or a word before a colon.
func (c *cast) speaks(o opening) bool {
	if isLabel(o.name) {
		n := 0
		for _, k := range c.spoken[o.style] {
			n += k
		}
		return o.style != bare && c.trusted[o.style] && n >= 10*c.labelled[o.style]
	}
	if c.trusted[o.style] {
		return true
	}
	return o.style != stampLine && c.spoken[o.style][o.name] >= 3 && c.known(o.name)
}

// known reports whether a trusted style names the speaker too.
func (c *cast) known(name string) bool {
	for k := range c.spoken {
		if c.trusted[k] && c.spoken[k][name] > 0 {
			return true
		}
	}
	return false
}

// wordy reports whether a line has a letter or a digit.
func wordy(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

// plainShaped reports whether most of a text is turns that name their speakers.
func plainShaped(text string) bool {
	c, _, blocks := survey(head(text))
	return c.verbatim && blocks >= 2
}
