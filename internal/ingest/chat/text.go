package chat

import "strings"

// plain returns a message's text as a reader saw it: names for ids, the
// words of a link before its address, and &, < and > for their escapes.
// https://api.slack.com/reference/surfaces/formatting#retrieving-messages
func (r *reader) plain(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		n := strings.IndexByte(s[i:], '>')
		if n < 0 {
			break
		}
		b.WriteString(unescape(s[:i]))
		b.WriteString(unescape(r.mark(s[i+1 : i+n])))
		s = s[i+n+1:]
	}
	b.WriteString(unescape(s))
	return b.String()
}

func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// mark returns what stands for <mark> on the screen.
func (r *reader) mark(mark string) string {
	target, label, labelled := strings.Cut(mark, "|")
	switch {
	case strings.HasPrefix(target, "@"):
		if p, ok := r.ws.people[target[1:]]; ok {
			return "@" + p.name
		}
		return "@" + firstOf(strings.TrimPrefix(label, "@"), target[1:])
	case strings.HasPrefix(target, "#"):
		if n, ok := r.ws.names[target[1:]]; ok {
			return n
		}
		return "#" + firstOf(strings.TrimPrefix(label, "#"), target[1:])
	case strings.HasPrefix(target, "!subteam^"), strings.HasPrefix(target, "!date^"):
		return firstOf(label, target)
	case strings.HasPrefix(target, "!"):
		return "@" + strings.TrimPrefix(target, "!")
	case strings.HasPrefix(target, "mailto:"), strings.HasPrefix(target, "tel:"):
		_, address, _ := strings.Cut(target, ":")
		return firstOf(label, address)
	case !labelled || label == "" || strings.Contains(target, label):
		return target
	}
	return label + " (" + target + ")"
}
