package mail

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/talk"
)

// The formats this package reads.
const (
	EML  = "eml"
	Mbox = "mbox"
)

// Channel is the channel of all mails.
const Channel = "mail"

var (
	// separator is a mailbox's line between mails. It is shaped like a date, because
	// text may begin a line with "From " too (RFC 4155).
	separator = regexp.MustCompile(`^From \S.*\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} +\d{1,2}:\d{2}(?::\d{2})?(?: +\S+)* +\d{4}|^From \S+ \d{4}-\d{2}-\d{2}`)
	headLine  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*)[ \t]*:`)
)

// Detect names the format of a file by its content, then by its extension. It returns "" for anything else.
func Detect(ext, raw string) string {
	lead := strings.TrimLeft(raw[:min(len(raw), 16<<10)], "\r\n\uFEFF")
	first, rest, _ := strings.Cut(lead, "\n")
	known := headers(lead)
	switch {
	case ext == "eml":
		return EML
	case ext == "mbox" || ext == "mbx":
		return Mbox
	case separator.MatchString(first) && headers(rest) >= 1:
		return Mbox
	case known >= 3 && ext != "csv" && ext != "json" && ext != "md":
		return EML
	}
	return ""
}

// headers counts the header fields of a mail that a text begins with.
func headers(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		m := headLine.FindStringSubmatch(line)
		if m == nil {
			return 0
		}
		switch strings.ToLower(m[1]) {
		case "from", "to", "date", "subject", "message-id", "received", "return-path", "mime-version", "delivered-to", "reply-to", "content-type":
			n++
		}
	}
	return n
}

// Parse reads the mails of a file. It returns an error only when none can be read or a limit is exceeded.
func Parse(format, raw string, limits talk.Limits) (*talk.Talk, error) {
	r := &reader{limits: limits, findings: map[string]int{}}
	r.talk.Format, r.talk.Small = format, format == EML
	if format == EML {
		if first, rest, _ := strings.Cut(raw, "\n"); strings.HasPrefix(first, "From ") && !headLine.MatchString(first) && looksMail(rest) {
			raw = rest // some programs save the mailbox's separator too
		}
		if err := r.mail(raw, "", 1); err != nil {
			return nil, err
		}
	} else if err := r.mbox(raw); err != nil {
		return nil, err
	}
	if len(r.talk.Records) == 0 {
		why := "no mail is in it"
		switch {
		case r.findings["unreadable_mail"] > 0:
			why = "the mail in it is malformed and cannot be read"
		case r.findings["empty_mail"] > 0:
			why = "the mail in it has neither words nor a subject"
		}
		return nil, fault.New(fault.Invalid, "ingest", "%s", why).WithMend("Save the mail again from the mail program.")
	}
	return &r.talk, nil
}

type reader struct {
	limits   talk.Limits
	talk     talk.Talk
	findings map[string]int // kind to position in the notes, from 1
}

func (r *reader) note(kind, message, where string, warning bool) {
	i := r.findings[kind] - 1
	if i < 0 {
		i = len(r.talk.Notes)
		r.findings[kind] = i + 1
		r.talk.Notes = append(r.talk.Notes, talk.Finding{Kind: kind, Message: message, Warning: warning})
	}
	n := &r.talk.Notes[i]
	n.Count++
	if where != "" && len(n.Where) < 20 {
		n.Where = append(n.Where, where)
	}
}

// mbox splits a mailbox and reads its mails.
func (r *reader) mbox(raw string) error {
	start, line, startLine, n := -1, 0, 0, 0
	take := func(end int) error {
		if start < 0 {
			return nil
		}
		n++
		return r.mail(unstuffed(raw[start:end]), strconv.Itoa(n), startLine)
	}
	for pos := 0; pos < len(raw); {
		end := len(raw)
		if i := strings.IndexByte(raw[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		line++
		if strings.HasPrefix(raw[pos:end], "From ") && separator.MatchString(raw[pos:min(end, pos+300)]) && looksMail(raw[end:]) {
			if err := take(pos); err != nil {
				return err
			}
			start, startLine = end, line+1
		}
		pos = end
	}
	if start < 0 && looksMail(raw) { // one mail without a separator
		start, startLine = 0, 1
	}
	return take(len(raw))
}

// looksMail reports whether a text begins with a header field.
func looksMail(text string) bool {
	first, _, _ := strings.Cut(text[:min(len(text), 1000)], "\n")
	return headLine.MatchString(first) || strings.HasPrefix(first, ">From ")
}

// unstuffed takes away the ">" that a mailbox puts before lines that begin with "From ".
func unstuffed(mail string) string {
	if !strings.Contains(mail, "\n>") {
		return mail
	}
	return stuffed.ReplaceAllString(mail, "$1")
}

var stuffed = regexp.MustCompile(`(?m)^>(>*From )`)

// mail reads one mail.
func (r *reader) mail(raw, id string, line int) error {
	where := "line " + strconv.Itoa(line)
	env, err := envelope(raw)
	if err != nil {
		r.note("unreadable_mail", "mails are malformed and could not be read", where, true)
		return nil
	}
	body, attached := bodyOf(env)
	own, quoted, signature := Cut(body)
	subject := clean(env.GetHeader("Subject"))
	rec := evidence.Record{ID: id, Channel: Channel, Origin: evidence.Origin{Kind: talk.Mail, Line: line, Heading: subject}}
	field := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			rec.Fields = append(rec.Fields, evidence.Attr{Name: name, Value: value})
		}
	}
	switch {
	case own != "":
		rec.Text = own
	case quoted != "":
		rec.Text, quoted = quoted, ""
		field("forwarded", "yes")
	case subject != "":
		rec.Text = subject
		field("body", "none")
	default:
		r.note("empty_mail", "mails have neither words nor a subject", where, false)
		return nil
	}
	if err := r.limits.Long(where, max(len(rec.Text), len(quoted))); err != nil {
		return err
	}
	rec.Origin.Speaker, rec.Account = sender(env)
	if rec.Time = when(env); rec.Time.IsZero() {
		r.note("bad_time", "mails have no date that can be read", where, true)
	}
	field("to", clean(env.GetHeader("To")))
	messageID := angle(env.GetHeader("Message-Id"))
	field("message_id", messageID)
	field("quoted", quoted)
	field("signature", signature)
	field("attached", strings.Join(attached, ", "))
	if automatic(env) {
		field("automatic", "yes")
	}
	if severe(env) {
		r.note("mail_defects", "mails are malformed in parts and were read as far as possible", where, false)
	}
	r.talk.Records = append(r.talk.Records, rec)
	r.talk.Links = append(r.talk.Links, talk.Link{ID: messageID, Answers: answers(env), Subject: subject})
	return r.limits.Many(len(r.talk.Records))
}

// envelope parses a mail. A panic in the parser counts as an error.
func envelope(raw string) (env *enmime.Envelope, err error) {
	defer func() {
		if p := recover(); p != nil {
			env, err = nil, fmt.Errorf("mail: %v", p)
		}
	}()
	p := enmime.NewParser(enmime.SkipMalformedParts(true), enmime.MultipartWOBoundaryAsSinglePart(true), enmime.MaxStoredPartErrors(20))
	env, err = p.ReadEnvelope(strings.NewReader(raw))
	if err == nil && headless(env) {
		err = fmt.Errorf("mail: no header")
	}
	if err == nil {
		return env, nil
	}
	// What the parser refuses as a whole may still be read once its head is in order.
	env, again := p.ReadEnvelope(strings.NewReader(repaired(raw)))
	if again != nil || headless(env) {
		return nil, err
	}
	return env, nil
}

func headless(env *enmime.Envelope) bool {
	return env.GetHeader("From") == "" && env.GetHeader("Subject") == "" && env.GetHeader("Date") == "" && env.GetHeader("To") == ""
}

// repaired returns a mail whose head has no space before its colons, and whose
// stray lines go on with the field above them.
func repaired(raw string) string {
	var b strings.Builder
	rest := raw
	for fields := 0; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		line = strings.TrimRight(line, "\r")
		if line == "" {
			break
		}
		m := headLine.FindStringSubmatch(line)
		switch {
		case m != nil:
			fields++
			b.WriteString(m[1] + ":" + line[len(m[0]):])
		case fields == 0:
			continue
		default:
			b.WriteString(" " + strings.TrimLeft(line, " \t"))
		}
		b.WriteString("\r\n")
	}
	return b.String() + "\r\n" + rest
}

// bodyOf returns the text of a mail and the names of what is attached to it.
func bodyOf(env *enmime.Envelope) (text string, attached []string) {
	text = env.Text
	if env.Root != nil && env.Root.FirstChild != nil && !strings.EqualFold(env.Root.ContentType, "multipart/alternative") {
		parts := env.Root.DepthMatchAll(func(p *enmime.Part) bool {
			return strings.EqualFold(p.ContentType, "text/plain") && p.Disposition != "attachment"
		})
		var b strings.Builder
		for _, p := range parts {
			b.Write(p.Content)
			b.WriteString("\n\n")
		}
		if len(parts) > 0 {
			text = b.String()
		}
	}
	for _, p := range slices.Concat(env.Attachments, env.Inlines) {
		if name := clean(p.FileName); name != "" && !slices.Contains(attached, name) {
			attached = append(attached, name)
		}
	}
	text = strings.ReplaceAll(strings.ReplaceAll(valid(text), "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(text, "\x00", ""), attached
}

// valid returns s as UTF-8: the parser lets bytes through that are not.
func valid(s string) string { return decode.Decode(s).String }

// clean returns a header's value on one line.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(valid(s), "\x00", "")), " ")
}

// sender returns the writer's name and address.
func sender(env *enmime.Envelope) (name, address string) {
	for _, key := range []string{"From", "Sender", "Reply-To", "Return-Path"} {
		if list, err := env.AddressList(key); err == nil && len(list) > 0 {
			a := list[0]
			return cmp.Or(clean(a.Name), clean(a.Address)), clean(a.Address)
		}
	}
	from := clean(env.GetHeader("From"))
	if before, after, ok := strings.Cut(from, "<"); ok {
		address, _, _ = strings.Cut(after, ">")
		return cmp.Or(strings.Trim(strings.TrimSpace(before), `"'`), strings.TrimSpace(address)), strings.TrimSpace(address)
	}
	return from, ""
}

// when returns the date a mail was written, in UTC, or zero.
func when(env *enmime.Envelope) time.Time {
	value := clean(env.GetHeader("Date"))
	if t, err := mail.ParseDate(value); err == nil && sane(t) {
		return t.UTC()
	}
	value, _, _ = strings.Cut(value, " (")
	if st, ok := columns.Parse(value); ok && !st.Ambiguous() && sane(st.Time(columns.MonthFirst)) {
		return st.Time(columns.MonthFirst)
	}
	return time.Time{}
}

func sane(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2200 }

// automatic reports whether a program wrote the mail: a bounce, an out-of-office note, a newsletter's receipt.
func automatic(env *enmime.Envelope) bool {
	auto := strings.ToLower(env.GetHeader("Auto-Submitted"))
	return auto != "" && auto != "no" || env.Root != nil && strings.EqualFold(env.Root.ContentType, "multipart/report")
}

func severe(env *enmime.Envelope) bool {
	return slices.ContainsFunc(env.Errors, func(e *enmime.Error) bool { return e.Severe })
}
