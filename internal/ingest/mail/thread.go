package mail

import (
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"roleos/internal/ingest/talk"
)

var (
	messageID = regexp.MustCompile(`<([^<>\s]+)>`)
	reply     = regexp.MustCompile(`(?i)^\s*(?:(?:re|aw|sv|antw|fwd?|wg|tr|rv)(?:\[\d+\])?\s*[:：]\s*)+`)
	listTag   = regexp.MustCompile(`^\s*\[[^\]]{1,40}\]\s*`)
)

// angle returns the id between angle brackets, or the value itself.
func angle(v string) string {
	if m := messageID.FindStringSubmatch(v); m != nil {
		return m[1]
	}
	return clean(v)
}

// answers returns the ids of the mails that a mail says it follows, the first of the thread first.
func answers(env *enmime.Envelope) []string {
	var out []string
	for _, v := range []string{env.GetHeader("References"), env.GetHeader("In-Reply-To")} {
		for _, m := range messageID.FindAllStringSubmatch(v, -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// Threads returns for each mail the position of the first mail of its thread, its
// own where it stands alone. Mails belong together by the ids they name; one that
// names none, but answers by its subject ("Re: ..."), follows the first mail with that subject.
func Threads(links []talk.Link) []int {
	up := make([]int, len(links))
	for i := range up {
		up[i] = i
	}
	root := func(i int) int {
		for up[i] != i {
			up[i] = up[up[i]]
			i = up[i]
		}
		return i
	}
	join := func(a, b int) {
		a, b = root(a), root(b)
		up[max(a, b)] = min(a, b)
	}
	ids := map[string]int{} // of mails that are here, and of mails that are only named
	for i, l := range links {
		for _, id := range append([]string{l.ID}, l.Answers...) {
			if id == "" {
				continue
			}
			if j, ok := ids[id]; ok {
				join(i, j)
			} else {
				ids[id] = i
			}
		}
	}
	subjects := map[string]int{}
	for i, l := range links {
		bare := Subject(l.Subject)
		if bare == "" {
			continue
		}
		j, ok := subjects[bare]
		if !ok {
			subjects[bare] = i
			continue
		}
		if len(l.Answers) == 0 && reply.MatchString(l.Subject) {
			join(i, j)
		}
	}
	for i := range up {
		up[i] = root(i)
	}
	return up
}

// Subject returns a subject without "Re:", "Fwd:" and a mailing list's tag, in lower case.
func Subject(s string) string {
	for {
		t := listTag.ReplaceAllString(reply.ReplaceAllString(s, ""), "")
		if t == s {
			return strings.ToLower(strings.Join(strings.Fields(s), " "))
		}
		s = t
	}
}
