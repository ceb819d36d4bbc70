package ingest

import (
	"fmt"
	"hash/fnv"
	"strings"

	"roleos/internal/ingest/talk"
)

// said is what the notes of one meeting hold: the marks of their longer passages.
type said struct {
	name  string
	marks map[uint64]bool
}

const (
	fewestPassages = 3 // below, two notes are alike by chance
	passageWords   = 5 // shorter passages are alike in many notes
)

// passages returns the marks of what was said in a meeting. Messages and mails
// have none: they are quoted in one another as a matter of course.
func passages(t *talk.Talk) map[uint64]bool {
	marks := map[uint64]bool{}
	for i := range t.Records {
		r := &t.Records[i]
		if r.Origin.Kind != talk.Turn && r.Origin.Kind != talk.Note {
			continue
		}
		words := strings.Fields(strings.ToLower(r.Text))
		if len(words) < passageWords {
			continue
		}
		h := fnv.New64a()
		for _, w := range words {
			_, _ = h.Write([]byte(w + " "))
		}
		marks[h.Sum64()] = true
	}
	return marks
}

// sameNotes notices a second version of one meeting's notes: half of the longer
// passages of the shorter of the two stand in the other word for word.
func (s *reading) sameNotes(name string, t *talk.Talk) {
	marks := passages(t)
	if len(marks) < fewestPassages {
		return
	}
	for _, earlier := range s.notesOf {
		both := 0
		for m := range marks {
			if earlier.marks[m] {
				both++
			}
		}
		if both < fewestPassages || 2*both < min(len(marks), len(earlier.marks)) {
			continue
		}
		f := s.notes.add("same_meeting", name, warning, name, 1)
		f.Message = fmt.Sprintf("%s and %s have %s passages in common word for word: it looks like a second version of one meeting's notes. Both were read, so everything in both counts twice; leave one out.", name, earlier.name, grouped(both))
		break
	}
	s.notesOf = append(s.notesOf, said{name, marks})
}
