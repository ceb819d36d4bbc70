package transcript

import (
	"regexp"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/ingest/talk"
)

var (
	zoomTab  = regexp.MustCompile(`^(\d{1,2}:\d{2}:\d{2})\t([^\t]{1,120}?)[ \t]*:[ \t]*\t(.*)$`)
	zoomFrom = regexp.MustCompile(`^(?:(\d{4}-\d{2}-\d{2})[ \t]+)?(\d{1,2}:\d{2}:\d{2})[ \t]+From[ \t]+(.{1,120}?)[ \t]+[tT]o[ \t]+(.{1,120}?)[ \t]*:[ \t]*(.*)$`)
	reaction = regexp.MustCompile(`(?s)^(?:Reacted to ".*" with \S+|Removed an? \S+ reaction from ".*")\s*$`)
	replying = regexp.MustCompile(`(?s)^Replying to "(.*?)"[ \t]*(?:\r\n|\r|\n)(?:\s*(?:\r\n|\r|\n))?(.*)$`)
)

// zoomShaped reports whether a text is the chat that Zoom saves beside a recording.
func zoomShaped(text string) bool {
	ls := newLines(head(text))
	for seen := 0; seen < 3 && ls.next(); {
		if strings.TrimSpace(ls.text) == "" {
			continue
		}
		if seen++; zoomTab.MatchString(ls.text) || zoomFrom.MatchString(ls.text) {
			return true
		}
	}
	return false
}

// parseZoom reads Zoom's chat. Reactions are left out and counted; a reply is
// put in the thread of the message whose beginning it repeats.
func parseZoom(text string, limits talk.Limits) (*talk.Talk, error) {
	b := &builder{limits: limits, channel: ChatChannel}
	var open *evidence.Record
	start, end := 0, 0
	flush := func() error {
		if open == nil {
			return nil
		}
		r := *open
		open = nil
		r.Text = strings.TrimSpace(text[start:end])
		return b.chat(r)
	}
	ls := newLines(text)
	for ls.next() {
		var date, at, name, to string
		from := 0
		if m := zoomTab.FindStringSubmatchIndex(ls.text); m != nil {
			at, name, from = ls.text[m[2]:m[3]], ls.text[m[4]:m[5]], m[6]
		} else if m := zoomFrom.FindStringSubmatchIndex(ls.text); m != nil {
			at, name, to, from = ls.text[m[4]:m[5]], ls.text[m[6]:m[7]], ls.text[m[8]:m[9]], m[10]
			if m[2] >= 0 {
				date = ls.text[m[2]:m[3]]
			}
		} else {
			end = ls.start + len(ls.text)
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		d, _ := clock(at)
		r := evidence.Record{Origin: evidence.Origin{Kind: talk.Message, Speaker: strings.TrimSpace(name), Line: ls.n}, Fields: []evidence.Attr{{Name: talk.At, Value: talk.Clock(d)}}}
		if day, err := time.Parse(time.DateOnly, date); err == nil {
			r.Time, r.Fields = day.Add(d), nil
		}
		if to = strings.TrimSpace(to); to != "" && !strings.EqualFold(to, "everyone") {
			r.Fields = append(r.Fields, evidence.Attr{Name: "to", Value: to})
		}
		open, start, end = &r, ls.start+from, ls.start+len(ls.text)
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return &b.talk, nil
}

// chat keeps one message of Zoom's chat.
func (b *builder) chat(r evidence.Record) error {
	if reaction.MatchString(r.Text) {
		b.note("reactions", "reactions to messages were left out", false, 0)
		return nil
	}
	if m := replying.FindStringSubmatch(r.Text); m != nil {
		quoted := strings.TrimSpace(m[1])
		r.Text = strings.TrimSpace(m[2])
		if to := b.begins(quoted); to >= 0 {
			root := &b.talk.Records[to]
			if root.Origin.Thread == "" {
				root.Origin.Thread = root.ID
			}
			r.Origin.Thread = root.Origin.Thread
		} else {
			r.Fields = append(r.Fields, evidence.Attr{Name: "reply_to", Value: quoted})
		}
	}
	if r.Text == "" {
		return nil
	}
	return b.add(r)
}

// begins returns the last message that begins with what a reply repeats of it, or -1.
func (b *builder) begins(quoted string) int {
	const farthest = 400 // messages back
	quoted = strings.Join(strings.Fields(strings.TrimRight(quoted, ".…")), " ")
	if quoted == "" {
		return -1
	}
	for i := len(b.talk.Records) - 1; i >= 0 && i > len(b.talk.Records)-farthest; i-- {
		t := b.talk.Records[i].Text
		if strings.HasPrefix(strings.Join(strings.Fields(t[:min(len(t), 4*len(quoted)+64)]), " "), quoted) {
			return i
		}
	}
	return -1
}
