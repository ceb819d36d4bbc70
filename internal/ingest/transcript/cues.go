package transcript

import (
	"crypto/sha256"
	"encoding/hex"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/talk"
)

// One turn takes the cues that follow one another from one speaker, until a
// pause of turnPause or until it is turnBytes long and a sentence has ended.
const (
	turnPause = 8 * time.Second
	turnBytes = 1200
)

var (
	srtStart  = regexp.MustCompile(`^\d+[ \t]*\r?\n\d{1,2}:\d{2}:\d{2}[,.]\d{1,3}[ \t]*-->`)
	timeLine  = regexp.MustCompile(`^\s*(\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,3})?)\s*-->\s*(\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,3})?)`)
	voiceTag  = regexp.MustCompile(`<v(?:\.[^\s>]*)?[ \t]+([^>]*)>`)
	markupTag = regexp.MustCompile(`</?(?:v|c|i|b|u|lang|ruby|rt|font)(?:[.\s][^>]*)?>|<\d{1,3}:\d{2}(?::\d{2})?[.,]\d{3}>|\{\\an?\d\}`)
)

// cue is one timed piece of a caption file, or the part of one that one voice says.
type cue struct {
	from, to time.Duration
	line     int
	speaker  string
	tagged   bool // the file marks the speaker with a voice tag
	text     string
}

// parseCues reads WebVTT and SRT.
func parseCues(text string, limits talk.Limits) (*talk.Talk, error) {
	cues := readCues(text)
	if len(cues) == 0 {
		return nil, fault.New(fault.Invalid, "ingest", "no captions with times are in it").
			WithMend("Export the transcript again; lines such as 00:01:02.000 --> 00:01:04.000 are expected.")
	}
	nameSpeakers(cues)
	cues = slices.DeleteFunc(cues, func(c cue) bool { return c.text == "" })
	b := &builder{limits: limits, channel: Channel}
	sum := sha256.New()
	for i := 0; i < len(cues); {
		c := cues[i]
		var said strings.Builder
		said.WriteString(c.text)
		end := c.to
		j := i + 1
		for ; j < len(cues); j++ {
			next := cues[j]
			if next.speaker != c.speaker || next.from-end > turnPause || said.Len() >= turnBytes && ends(cues[j-1].text) {
				break
			}
			said.WriteByte(' ')
			said.WriteString(next.text)
			end = max(end, next.to)
		}
		sum.Write([]byte(c.from.String()))
		rec := evidence.Record{
			Text:   said.String(),
			Origin: evidence.Origin{Kind: talk.Turn, Speaker: c.speaker, Line: c.line},
			Fields: []evidence.Attr{{Name: talk.At, Value: talk.Clock(c.from)}, {Name: talk.Until, Value: talk.Clock(end)}},
		}
		if err := b.add(rec); err != nil {
			return nil, err
		}
		i = j
	}
	b.talk.Beats = strconv.Itoa(b.turns) + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
	return &b.talk, nil
}

// ends reports whether a text ends a sentence.
func ends(s string) bool {
	s = strings.TrimRight(s, ` "')]”’`)
	return strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "。")
}

// readCues returns the cues with text, in the order of the file. What stands
// between them (headers, notes, styles, numbers) is passed over.
func readCues(text string) []cue {
	var cues []cue
	lines := newLines(text)
	for lines.next() {
		m := timeLine.FindStringSubmatch(lines.text)
		if m == nil {
			continue
		}
		from, ok1 := clock(m[1])
		to, ok2 := clock(m[2])
		if !ok1 || !ok2 {
			continue
		}
		c := cue{from: from, to: to}
		for lines.next() {
			if strings.TrimSpace(lines.text) == "" {
				break
			}
			if timeLine.MatchString(lines.text) { // the blank line between two cues is missing
				lines.back()
				break
			}
			if c.line == 0 {
				c.line = lines.n
			}
			if c.text != "" {
				c.text += "\n"
			}
			c.text += lines.text
		}
		cues = append(cues, voices(c)...)
	}
	return cues
}

// voices splits a cue where another voice begins and takes the markup out.
func voices(c cue) []cue {
	tags := voiceTag.FindAllStringSubmatchIndex(c.text, -1)
	if tags == nil {
		c.text = plainCue(c.text)
		if c.text == "" {
			return nil
		}
		return []cue{c}
	}
	var out []cue
	add := func(speaker, text string, tagged bool, line int) {
		if text = plainCue(text); text != "" {
			out = append(out, cue{from: c.from, to: c.to, line: line, speaker: speaker, tagged: tagged, text: text})
		}
	}
	add("", c.text[:tags[0][0]], false, c.line)
	for i, t := range tags {
		end := len(c.text)
		if i+1 < len(tags) {
			end = tags[i+1][0]
		}
		speaker := strings.Join(strings.Fields(html.UnescapeString(c.text[t[2]:t[3]])), " ")
		add(speaker, c.text[t[1]:end], true, c.line+strings.Count(c.text[:t[0]], "\n"))
	}
	return out
}

// plainCue takes tags out of a cue's text and joins its lines.
func plainCue(s string) string {
	if strings.ContainsAny(s, "<{") {
		s = markupTag.ReplaceAllString(s, "")
	}
	if strings.Contains(s, "&") {
		s = strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
	}
	return strings.Join(strings.Fields(s), " ")
}

// nameSpeakers takes "Name: text" apart where the file spells its speakers so:
// at least half of the cues without a voice tag begin with what looks like a name.
// What stands before a colon three times is a name there in small letters too.
// A cue without a name then goes on with the speaker before it.
func nameSpeakers(cues []cue) {
	named, bare := 0, 0
	often := map[string]int{}
	for _, c := range cues {
		if c.tagged {
			continue
		}
		bare++
		if name, _, ok := splitName(c.text, namePossible); ok {
			if often[name]++; nameShaped(name) {
				named++
			}
		}
	}
	isName := func(s string) bool {
		return nameShaped(s) || namePossible(s) && often[strings.Join(strings.Fields(s), " ")] >= 3
	}
	if bare == 0 || named*2 < bare {
		return
	}
	last := ""
	for i := range cues {
		c := &cues[i]
		if c.tagged {
			last = c.speaker
			continue
		}
		if name, rest, ok := splitName(c.text, isName); ok {
			c.speaker, c.text = name, rest
			last = name
		} else {
			c.speaker = last
		}
	}
}
