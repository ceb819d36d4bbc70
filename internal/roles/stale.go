package roles

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Found is a file that holds an input.
type Found struct {
	What    string    // the input's name: front matter kind, else the file's name
	Path    string    // as people know it
	Updated time.Time // front matter date, else when the file was last changed
	Stated  bool      // Updated is what the file says about itself

	kind bool // What is what the file says about itself
}

// HeadBytes is how much of a file Describe wants to see.
const HeadBytes = 4096

// Describe says which input a file holds and of when it is, from its name, the
// first HeadBytes of its text and the time it was last changed. Front matter
// counts first:
//
//	---
//	kind: strategy
//	date: 2026-10-01
//	---
func Describe(file string, head []byte, changed time.Time) Found {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	f := Found{What: wordsOf(strings.TrimSuffix(base, path.Ext(base))), Path: file, Updated: changed}
	matter, ok := frontMatter(head)
	if !ok {
		return f
	}
	var m map[string]any
	if yaml.Unmarshal(matter, &m) != nil {
		return f // somebody else's front matter
	}
	if kind, ok := m["kind"].(string); ok && idForm.MatchString(kind) {
		f.What, f.kind = kind, true
	}
	for _, key := range []string{"date", "updated", "as_of"} {
		text := fmt.Sprint(m[key])
		for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime} {
			if at, err := time.Parse(layout, text); err == nil {
				f.Updated, f.Stated = at, true
				return f
			}
		}
	}
	return f
}

// frontMatter returns what stands between two lines of three dashes at the top.
func frontMatter(head []byte) ([]byte, bool) {
	head = bytes.ReplaceAll(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(head, []byte("---\n"))
	if !ok {
		return nil, false
	}
	matter, _, ok := bytes.Cut(rest, []byte("\n---"))
	return matter, ok
}

// wordsOf makes an input's name of a file's: "Q3 Strategy_v2" is q3-strategy-v2.
func wordsOf(name string) string {
	return strings.Trim(strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-"), "-")
}

// holds reports whether the file is one of the input: of its kind, or named
// after it with something in front or behind, as strategy-2026.
func (f Found) holds(what string) bool {
	return f.What == what || strings.HasPrefix(f.What, what+"-") || strings.HasSuffix(f.What, "-"+what)
}

// Newest returns the newest file that holds the input.
func Newest(all []Found, what string) (Found, bool) {
	var best Found
	there := false
	for _, f := range all {
		if f.holds(what) && (!there || f.Updated.After(best.Updated) || (f.Updated.Equal(best.Updated) && f.Path < best.Path)) {
			best, there = f, true
		}
	}
	return best, there
}

// Stale returns a finding for each file among those used that holds an input of
// the role and is past its cadence. It is what a draft has to say about what it
// was made from.
func Stale(r Role, used []Found, now time.Time) []Finding {
	var out []Finding
	for _, f := range used {
		i := slices.IndexFunc(r.ContextIn, func(in Input) bool { return f.holds(in.What) })
		if i < 0 {
			continue
		}
		if late, ok := r.ContextIn[i].Cadence.Past(now.Sub(f.Updated)); ok {
			out = append(out, stale(r, r.ContextIn[i], f, now, late))
		}
	}
	return out
}

func stale(r Role, in Input, f Found, now time.Time, late time.Duration) Finding {
	says, from := "was last changed", strings.TrimPrefix(strings.TrimPrefix(string(in.From), "role:"), "source:")
	if f.Stated {
		says = "is of"
	}
	return Finding{
		Kind: "stale", Weight: Problem, Role: r.ID, What: in.What, File: f.Path,
		Message: fmt.Sprintf("%s %s %s, %s ago; %s comes %s from %s, so it is %s late",
			f.Path, says, f.Updated.Format("2 January 2006"), Days(now.Sub(f.Updated)), in.What, in.Cadence, from, Days(late)),
		Mend: fmt.Sprintf("Ask %s for the current one.", from),
	}
}

// Days says a duration in whole days, at least one.
func Days(d time.Duration) string {
	n := max(int(d/day), 1)
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// documents are the names of context documents that describe a situation rather
// than hold what people said.
//
//nolint:gochecknoglobals // an immutable table
var documents = []string{
	"strategy", "priorities", "constraints", "baseline", "baselines", "measures", "success-measures", "dependencies", "ethics", "exclusions",
	"assumptions", "team-input", "appetite", "options", "quality-metrics", "usage-analytics", "live-product", "platform-state",
	"exploration-findings", "priority-decisions", "cycle-learnings",
}

// conversations are kinds that front matter may name and that are no documents.
//
//nolint:gochecknoglobals // an immutable table
var conversations = []string{"meeting", "meeting-notes", "minutes", "notes", "transcript", "interview", "chat", "mail"}

// Document reports whether the file is a document that one role gives another:
// its front matter names a kind, or its name is that of one, with at most a date
// or a version beside it.
func (f Found) Document() bool {
	if f.kind {
		return !slices.Contains(conversations, f.What)
	}
	words := slices.DeleteFunc(strings.Split(f.What, "-"), func(w string) bool { return strings.ContainsAny(w, "0123456789") })
	return slices.Contains(documents, strings.Join(words, "-"))
}
