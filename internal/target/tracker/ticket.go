package tracker

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Limits of a ticket. Redmine takes 255 characters of a title, GitHub 256 and
// 65,536 of a text; the rest is for the marker.
const (
	MaxTitle  = 250    // characters
	MaxText   = 60_000 // bytes
	MaxLabels = 10
	MaxLabel  = 50 // characters
)

const prefix = "issue/"

// Ticket is the part of an issue that is ours. As a change's body it is this
// type's JSON; Closed is left out there.
type Ticket struct {
	Title  string   `json:"title"`
	Body   string   `json:"body"`
	Labels []string `json:"labels,omitempty"`
	Closed bool     `json:"closed,omitempty"`
}

// Normal returns the ticket as a tracker would give it back: one line of title,
// newlines alone, no blank ends, labels sorted and once each.
func (t Ticket) Normal() Ticket {
	t.Title = strings.Join(strings.Fields(strings.ToValidUTF8(t.Title, "\uFFFD")), " ")
	t.Body = strings.ToValidUTF8(strings.ReplaceAll(strings.ReplaceAll(t.Body, "\r\n", "\n"), "\r", "\n"), "\uFFFD")
	lines := strings.Split(t.Body, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	t.Body = strings.Trim(strings.Join(lines, "\n"), "\n")
	labels := make([]string, 0, len(t.Labels))
	for _, l := range t.Labels {
		labels = append(labels, strings.Join(strings.Fields(strings.ToValidUTF8(l, "\uFFFD")), " "))
	}
	slices.Sort(labels)
	t.Labels = slices.Compact(labels)
	if len(t.Labels) == 0 {
		t.Labels = nil
	}
	return t
}

// Bytes returns the ticket's normal form as a change's body.
func (t Ticket) Bytes() []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(t.Normal()); err != nil {
		return nil // strings and booleans can be written
	}
	return bytes.TrimSpace(buf.Bytes())
}

// parse reads a change's body. It refuses what a tracker would give back changed.
func parse(raw []byte) (Ticket, error) {
	var t Ticket
	bad := func(format string, args ...any) (Ticket, error) {
		return Ticket{}, fault.New(fault.Invalid, "tracker.ticket", "the ticket cannot be opened: "+format, args...)
	}
	if err := guardrails.DecodeStrict(raw, 2*MaxText, &t); err != nil {
		return bad("it is not {title, body, labels}: %v", err)
	}
	n := t.Normal()
	switch {
	case t.Title == "" || utf8.RuneCountInString(t.Title) > MaxTitle:
		return bad("a title has 1 to %d characters", MaxTitle)
	case len(t.Body) > MaxText:
		return bad("a body has at most %d bytes, this one %d", MaxText, len(t.Body))
	case len(t.Labels) > MaxLabels:
		return bad("it has more than %d labels", MaxLabels)
	case n.Title != t.Title || n.Body != t.Body || !slices.Equal(n.Labels, t.Labels):
		return bad("it is not in normal form (one line of title, no blank ends, labels sorted)")
	case guardrails.Visible(t.Title) != t.Title:
		return bad("its title has a character that hides something")
	case strings.Contains(t.Body, mark) || strings.Contains(t.Body, labelMark) || strings.ContainsRune(t.Body, 0):
		return bad("its body has a marker or a zero byte in it")
	}
	for _, l := range t.Labels {
		if l == "" || utf8.RuneCountInString(l) > MaxLabel || strings.ContainsAny(l, ",[]") || guardrails.Visible(l) != l {
			return bad("%.60q is no label", l)
		}
	}
	return n, nil
}

const (
	mark = "[roleos:" // begins the line that names a ticket inside an issue
	// labelMark begins the line in which a tracker without labels keeps them.
	labelMark = "[labels:"
)

var lastLine = regexp.MustCompile(`(?:^|\n)\[roleos:([a-z]{2}-[0-9a-f-]{16,60})( withdrawn)?\]\s*$`)

// marked returns the issue's text for the ticket.
func marked(body, marker string, withdrawn bool) string {
	if marker == "" {
		return body
	}
	if withdrawn {
		marker += " withdrawn"
	}
	return strings.TrimPrefix(body+"\n\n"+mark+marker+"]", "\n\n")
}

// read takes an issue apart: the ticket, its marker, and whether it was withdrawn.
func read(i Issue) (t Ticket, marker string, withdrawn bool) {
	text := strings.ReplaceAll(i.Text, "\r\n", "\n")
	if m := lastLine.FindStringSubmatchIndex(text); m != nil {
		marker, withdrawn = text[m[2]:m[3]], m[4] >= 0
		text = text[:m[0]]
	}
	return Ticket{Title: i.Title, Body: text, Labels: i.Labels, Closed: i.Closed}.Normal(), marker, withdrawn
}

// state returns what stands for the ticket in a change set.
func (t Ticket) state() guardrails.State {
	b := t.Bytes()
	return guardrails.State{Digest: guardrails.Digest(b), Body: b}
}

// Object returns the name of the ticket with this key, the same for equal keys.
// The key is whatever makes two tickets the same to the one who opens them.
func Object(key string) string { return prefix + "rt-" + guardrails.Digest([]byte(key))[:24] }

// Numbered returns the name of an issue that is there and was not opened here.
func Numbered(number int64) string { return prefix + strconv.FormatInt(number, 10) }

var objects = regexp.MustCompile(`^issue/(?:(rt-[0-9a-f]{24})|([1-9][0-9]{0,17}))$`)

// name takes an object's name apart: a marker or a number.
func name(object string) (marker string, number int64, err error) {
	m := objects.FindStringSubmatch(object)
	if m == nil {
		return "", 0, fault.New(fault.Invalid, "tracker.name", "%.100q is neither issue/<marker> nor issue/<number>", object)
	}
	if m[1] != "" {
		return m[1], 0, nil
	}
	number, err = strconv.ParseInt(m[2], 10, 64)
	return "", number, err
}
