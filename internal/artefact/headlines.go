package artefact

import (
	"fmt"
	"strings"
)

const maxHeadlines = 5

// headlines says in at most five sentences what a reader should take away, what
// weighs most first: a reader with room for three still sees the alert.
func (b *builder) headlines() {
	s := &b.out
	say := func(numbers []string, format string, args ...any) {
		if len(s.Summary.Headlines) < maxHeadlines {
			s.Summary.Headlines = append(s.Summary.Headlines, Headline{Text: fmt.Sprintf(format, args...), Numbers: numbers})
		}
	}
	if h, ok := s.Coverage(); ok {
		say(h.Numbers, "%s", h.Text)
	}
	if len(s.Themes) == 0 {
		return
	}
	alert := func(i int) {
		if i < len(s.Alerts) {
			at := fmt.Sprintf("/alerts/%d", i)
			say([]string{at + "/share", at + "/share_before"}, "%s", s.Alerts[i].Statement)
		}
	}
	t := s.Themes[0]
	largest := []string{"/themes/0/count", "/summary/records", "/themes/0/share"}
	size := fmt.Sprintf("%d of %s (%s)", t.Count, records(s.Summary.Records), percent(t.Share))
	if s.Issues[0].ThemeID == t.ID {
		say(largest, "“%s” is the largest theme and comes first in priority: %s.", t.Label, size)
		alert(0)
	} else {
		numbers, why := b.reason()
		say(numbers, "“%s” comes first in priority: %s.", s.Issues[0].Title, why)
		alert(0)
		say(largest, "“%s” is the largest theme: %s.", t.Label, size)
	}
	alert(1)
	if i, j, ok := b.strongestOver(); ok {
		c := s.Themes[i].Segments[j]
		at := fmt.Sprintf("/themes/%d/segments/%d", i, j)
		say([]string{at + "/share", at + "/rest_share"}, "“%s” weighs more for %s %s: %s of its records, %s of the others.",
			s.Themes[i].Label, c.Segment, c.Value, percent(c.Share), percent(c.RestShare))
	}
	switch n := s.Summary.NeedCheck; {
	case n == 1 && len(s.Themes) == 1:
		say([]string{"/summary/need_check"}, "A person has to check the theme: its records may not belong together.")
	case n == 1:
		say([]string{"/summary/need_check"}, "A person has to check 1 of %d themes: its records may not belong together.", len(s.Themes))
	case n > 1:
		say([]string{"/summary/need_check"}, "A person has to check %d of %d themes: their records may not belong together.", n, len(s.Themes))
	}
}

// Coverage says how many of the rows that were read s speaks for, when enough of
// them had no text that a finding warns of it.
func (s *FeedbackSynthesis) Coverage() (Headline, bool) {
	h, empty, warned := Headline{Numbers: []string{"/summary/records"}}, 0, false
	for i, f := range s.Findings {
		if f.Kind == "empty_text" {
			empty += f.Count
			warned = warned || f.Severity == "warning"
			h.Numbers = append(h.Numbers, fmt.Sprintf("/findings/%d/count", i))
		}
	}
	verb := "have"
	if empty == 1 {
		verb = "has"
	}
	n := s.Summary.Records
	h.Text = fmt.Sprintf("Speaks for %d of %d rows: the other %d %s no text.", n, n+empty, empty, verb)
	return h, warned && empty > 0
}

// reason says in words why the first issue is first: its size, and the factor in
// which it is furthest above the other issues.
func (b *builder) reason() (numbers []string, why string) {
	s := &b.out
	first := s.Issues[0]
	best, most := "", 0.0
	for k, f := range first.Factors {
		mean := 0.0
		for _, is := range s.Issues {
			mean += is.Factors[k].Value / float64(len(s.Issues))
		}
		if above := f.Weight * (f.Value - mean); above > most && f.Name != FactorReach && f.Name != FactorConfidence {
			best, most = f.Name, above
		}
	}
	for i, t := range s.Themes {
		if t.ID != first.ThemeID {
			continue
		}
		at := fmt.Sprintf("/themes/%d", i)
		numbers = []string{at + "/share"}
		parts := []string{percent(t.Share) + " of the records"}
		switch best {
		case FactorIntensity:
			parts = append(parts, fmt.Sprintf("with strong words of trouble (%.2f of 1)", t.Intensity))
			numbers = append(numbers, at+"/intensity")
		case FactorSegmentWeight:
			parts = append(parts, "from segments that weigh more")
		}
		why = strings.Join(parts, " ")
		if t.Trend != nil && t.Trend.Direction == Rising {
			why += " and rising"
		}
	}
	return numbers, why
}

func records(n int) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}

func (b *builder) strongestOver() (theme, cell int, ok bool) {
	least := 1.0
	for i, t := range b.out.Themes {
		for j, c := range t.Segments {
			if c.Verdict == Over && c.P < least {
				theme, cell, ok, least = i, j, true, c.P
			}
		}
	}
	return theme, cell, ok
}
