package mail

import (
	"regexp"
	"strings"
)

var (
	original    = regexp.MustCompile(`(?i)^[ \t]*-{2,}[ \t]*(?:original message|original appointment|forwarded message|forwarded by .*|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original|messaggio originale|oorspronkelijk bericht)[ \t]*-*[ \t]*$`)
	attribution = regexp.MustCompile(`(?is)^(?:on|am|le|el|il|op|den|at)\b.{4,300}\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|skrev)\b.{0,120}:[ \t]*$|^[^\n]{2,120}<[^<>\s]+@[^<>\s]+>[^\n]{0,40}\b(?:wrote|writes|schrieb|a écrit|escribió)[ \t]*:[ \t]*$`)
	quotedHead  = regexp.MustCompile(`(?i)^[ \t]*\*?(?:from|von|de|da)\*?[ \t]*:`)
	quotedSent  = regexp.MustCompile(`(?i)^[ \t]*\*?(?:sent|date|gesendet|datum|envoyé|enviado|inviato|fecha)\*?[ \t]*:`)
	quotedTo    = regexp.MustCompile(`(?i)^[ \t]*\*?(?:to|an|à|para|a|subject|betreff|objet|asunto)\*?[ \t]*:`)
	rule        = regexp.MustCompile(`^[ \t]*_{10,}[ \t]*$`)
	device      = regexp.MustCompile(`(?i)^[ \t]*(?:sent from (?:my|mail for|outlook)\b|get outlook for |von meinem .{2,30} gesendet|envoyé de(?:puis)? mon |enviado desde mi )`)
)

// longestSignature is how many lines may follow "-- ".
const longestSignature = 20

// Cut parts a mail's body into what its writer wrote, what they quoted and what
// they signed with. Every line with words is in exactly one of the three, as it is.
func Cut(body string) (own, quoted, signature string) {
	lines := strings.Split(body, "\n")
	const mine, theirs, sign = 0, 1, 2
	kind := make([]int, len(lines))
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch n := quotes(lines, i); {
		case original.MatchString(line), rule.MatchString(line) && header(lines, i+1), header(lines, i):
			for j := i; j < len(lines); j++ {
				kind[j] = theirs
			}
			i = len(lines)
		case n > 0: // an attribution of n lines
			for j := i; j < i+n; j++ {
				kind[j] = theirs
			}
			if next := after(lines, i+n); next < len(lines) && !isQuote(lines[next]) {
				for j := i; j < len(lines); j++ { // quoted without marks, to the end
					kind[j] = theirs
				}
				i = len(lines)
			} else {
				i += n - 1
			}
		case isQuote(line):
			kind[i] = theirs
		}
	}
	cutSignature(lines, kind, mine, sign)
	parts := [3][]string{}
	for i, line := range lines {
		parts[kind[i]] = append(parts[kind[i]], strings.TrimRight(line, " \t"))
	}
	return tidy(parts[mine]), tidy(parts[theirs]), tidy(parts[sign])
}

func isQuote(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), ">") }

// quotes returns how many lines from i on say who is quoted next: "On Monday Ada wrote:".
func quotes(lines []string, i int) int {
	if strings.TrimSpace(lines[i]) == "" || isQuote(lines[i]) {
		return 0
	}
	text := strings.TrimSpace(lines[i])
	for n := 1; n <= 3 && i+n <= len(lines); n++ {
		if n > 1 {
			next := strings.TrimSpace(lines[i+n-1])
			if next == "" {
				return 0
			}
			text += " " + next
		}
		if strings.HasSuffix(text, ":") && attribution.MatchString(text) {
			return n
		}
	}
	return 0
}

// header reports whether the head of a quoted mail begins at line i: From, Sent and To within six lines.
func header(lines []string, i int) bool {
	i = after(lines, i)
	if i >= len(lines) || !quotedHead.MatchString(lines[i]) {
		return false
	}
	sent, to := false, false
	for j := i + 1; j < len(lines) && j < i+6; j++ {
		sent = sent || quotedSent.MatchString(lines[j])
		to = to || quotedTo.MatchString(lines[j])
	}
	return sent && to
}

// after returns the first line from i on that is not blank.
func after(lines []string, i int) int {
	for i < len(lines) && strings.TrimSpace(lines[i]) == "" {
		i++
	}
	return i
}

// cutSignature marks the lines of a signature: from "-- " on, or what a phone adds as the last line.
func cutSignature(lines []string, kind []int, mine, sign int) {
	for i, line := range lines {
		if kind[i] != mine || line != "-- " && strings.TrimRight(line, " \t") != "--" {
			continue
		}
		end := i
		for end < len(lines) && kind[end] == mine {
			end++
		}
		if end-i > longestSignature {
			continue
		}
		for ; i < end; i++ {
			kind[i] = sign
		}
		return
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if kind[i] != mine || strings.TrimSpace(lines[i]) == "" {
			continue
		}
		if device.MatchString(lines[i]) {
			kind[i] = sign
		}
		return
	}
}

// tidy joins lines, without blank ones at the ends and with at most one between others.
func tidy(lines []string) string {
	var out []string
	for _, l := range lines {
		if strings.TrimSpace(l) == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		if strings.TrimSpace(l) == "" {
			l = ""
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
