package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/ingest/talk"
)

// reader reads one export.
type reader struct {
	export   Export
	limits   talk.Limits
	ws       workspace
	records  []evidence.Record
	findings map[string]*talk.Finding
	order    []string
}

// message is one entry of a day's file, as far as it is read.
type message struct {
	Type     string `json:"type"`
	Subtype  string `json:"subtype"`
	User     string `json:"user"`
	Username string `json:"username"`
	BotID    string `json:"bot_id"`
	Text     string `json:"text"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
	Replies  int    `json:"reply_count"`
	Hidden   bool   `json:"hidden"`
	Deleted  string `json:"deleted_ts"`
	Edited   *struct {
		TS string `json:"ts"`
	} `json:"edited"`
	Message *message `json:"message"` // of an edit
	Comment *struct {
		User string `json:"user"`
		Text string `json:"comment"`
	} `json:"comment"`
	Profile *struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
		Name        string `json:"name"`
	} `json:"user_profile"`
	File  *fileEntry  `json:"file"`
	Files []fileEntry `json:"files"`

	day string
}

type fileEntry struct {
	Title string `json:"title"`
	Name  string `json:"name"`
}

// channel reads the days of one channel.
func (r *reader) channel(ctx context.Context, dir string, days []string) error {
	var list []message
	at := map[string]int{} // time stamp to position
	for _, day := range days {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := r.export.Open(day)
		if err != nil {
			return err
		}
		var entries []message
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			f := r.note("broken_file", day)
			f.Warning, f.Message = true, "files could not be read and were left out"
			continue
		}
		for _, m := range entries {
			m.day = day
			r.take(m, &list, at)
		}
		if err := r.limits.Many(len(r.records) + len(list)); err != nil {
			return err
		}
	}
	slices.SortStableFunc(list, func(a, b message) int { return compareStamps(a.TS, b.TS) })
	folder := path.Base(dir)
	c := channel{id: cmp.Or(r.ws.ids[folder], folder), shown: cmp.Or(r.ws.channels[folder], "slack #"+folder), roots: map[string]bool{}}
	for _, m := range list {
		if m.ThreadTS != "" && m.ThreadTS != m.TS {
			c.roots[m.ThreadTS] = true
		}
	}
	for i := range list {
		if err := r.message(&c, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareStamps orders time stamps such as 1467331200.000100.
func compareStamps(a, b string) int {
	sa, fa, _ := strings.Cut(a, ".")
	sb, fb, _ := strings.Cut(b, ".")
	return cmp.Or(cmp.Compare(len(sa), len(sb)), cmp.Compare(sa, sb), cmp.Compare(fa, fb))
}

// take keeps an entry, or does to earlier ones what it says: an edit, a deletion, a repetition.
func (r *reader) take(m message, list *[]message, at map[string]int) {
	switch m.Subtype {
	case "message_changed":
		if m.Message == nil {
			return
		}
		day := m.day
		m = *m.Message
		m.day = day
		if i, ok := at[m.TS]; ok {
			m.day = (*list)[i].day
			(*list)[i] = m
			return
		}
	case "message_deleted":
		if i, ok := at[m.Deleted]; ok {
			(*list)[i].Subtype = "tombstone"
		}
		return
	}
	if _, again := at[m.TS]; again && m.TS != "" { // a reply that was also sent to the channel
		return
	}
	at[m.TS] = len(*list)
	*list = append(*list, m)
}

// channel is where messages are.
type channel struct {
	id, shown string
	roots     map[string]bool // time stamps of messages that were answered in a thread
}

// uploaded is how exports before 2018 write a file that somebody shared.
var uploaded = regexp.MustCompile(`(?s)^<@\w+(?:\|[^>]*)?> (?:uploaded|shared) a file: <[^>|]*(?:\|([^>]*))?>(?: and commented: (.*))?$`)

// message keeps one message, unless no person wrote it.
func (r *reader) message(c *channel, m *message) error {
	why := r.leftOut(m)
	if why == "" {
		why = r.keep(c, m)
	}
	switch why {
	case "":
	case "system_messages":
		r.note(why, "").Message = "notices of joining, leaving, topics and the like were left out"
	case "bot_messages":
		r.note(why, "").Message = "messages of bots and apps were left out"
	case "no_words":
		r.note(why, "").Message = "messages without words, such as a file without a comment, were left out"
	case "bad_time":
		f := r.note(why, m.day)
		f.Warning, f.Message = true, "messages without a readable time were left out"
	}
	return r.limits.Many(len(r.records))
}

// leftOut says why an entry is no message of a person, or "".
func (r *reader) leftOut(m *message) string {
	switch m.Subtype {
	case "", "me_message", "thread_broadcast", "reply_broadcast", "file_share", "file_comment", "file_mention":
	case "bot_message":
		return "bot_messages"
	default:
		return "system_messages"
	}
	switch {
	case m.Type != "" && m.Type != "message", m.Hidden:
		return "system_messages"
	case r.ws.people[m.User].bot, m.User == "USLACKBOT", m.BotID != "" && m.User == "":
		return "bot_messages"
	}
	return ""
}

// keep makes a record of a message. It returns why there is none, or "".
func (r *reader) keep(c *channel, m *message) string {
	sec, frac, _ := strings.Cut(m.TS, ".")
	s, err := strconv.ParseInt(sec, 10, 64)
	us, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	if err != nil || s <= 0 || s > 1<<33 {
		return "bad_time"
	}
	user, text := m.User, m.Text
	var files []string
	if m.Comment != nil && m.Subtype == "file_comment" {
		user, text = cmp.Or(m.Comment.User, user), m.Comment.Text
	} else if u := uploaded.FindStringSubmatch(text); u != nil {
		text = u[2]
	}
	for _, f := range append(m.Files, orNone(m.File)...) {
		if t := firstOf(f.Title, f.Name); t != "" {
			files = append(files, t)
		}
	}
	if text = strings.TrimSpace(r.plain(text)); text == "" {
		return "no_words"
	}
	id := c.id + "/" + m.TS
	rec := evidence.Record{
		ID: id, Text: text, Channel: c.shown, Time: time.Unix(s, us*1000).UTC(),
		Origin: evidence.Origin{Kind: talk.Message, Speaker: r.speaker(user, m)},
		Fields: []evidence.Attr{{Name: "file", Value: m.day}},
	}
	switch {
	case m.ThreadTS != "":
		rec.Origin.Thread = c.id + "/" + m.ThreadTS
	case c.roots[m.TS] || m.Replies > 0:
		rec.Origin.Thread = id
	}
	if m.Edited != nil {
		rec.Fields = append(rec.Fields, evidence.Attr{Name: "edited", Value: "yes"})
	}
	if len(files) > 0 {
		rec.Fields = append(rec.Fields, evidence.Attr{Name: "attached", Value: strings.Join(files, ", ")})
	}
	r.records = append(r.records, rec)
	return ""
}

func orNone(f *fileEntry) []fileEntry {
	if f == nil {
		return nil
	}
	return []fileEntry{*f}
}

func (r *reader) speaker(user string, m *message) string {
	if p, ok := r.ws.people[user]; ok {
		return p.name
	}
	if m.Profile != nil {
		if n := firstOf(m.Profile.DisplayName, m.Profile.RealName, m.Profile.Name); n != "" {
			return n
		}
	}
	return firstOf(m.Username, user)
}
