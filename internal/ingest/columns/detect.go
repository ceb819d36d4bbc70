package columns

import (
	"math"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/ingest/tabular"
)

// Detect decides what each column means. given comes from a person and goes
// first, saved second, the name third, the content last. It returns an Invalid
// fault when given or saved name a role or column that does not exist. A
// layout without text has Text -1; what to do then is the caller's decision.
func (p *Profile) Detect(given, saved map[string]string) (*Layout, error) {
	l := &Layout{
		Columns: make([]Assigned, len(p.cols)),
		Text:    -1, Nearest: -1, Title: -1, ID: -1, Time: -1, Channel: -1, Score: -1, Account: -1,
	}
	d := detector{Profile: p, layout: l, closed: map[Role]bool{}, names: make([][]string, len(p.cols))}
	for i, c := range p.cols {
		l.Columns[i] = Assigned{Name: c.Name, Role: Field, Filled: p.stats[i].filled, Sample: tabular.Head(p.stats[i].first)}
		d.names[i] = parts(c.Original())
	}
	for _, m := range []struct {
		why     string
		mapping map[string]string
	}{{"given", given}, {"saved", saved}} {
		byRole, err := resolve(m.mapping, p.cols)
		if err != nil && m.why == "saved" {
			continue // the mapping was saved for another header
		}
		if err != nil {
			return nil, err
		}
		for _, role := range mappable {
			cols, ok := byRole[role]
			if !ok || d.closed[role] {
				continue
			}
			if len(cols) > 1 && role != Segment {
				return nil, fault.New(fault.Invalid, "ingest", "--map %s takes one column", role)
			}
			for _, i := range cols {
				d.take(role, i, m.why)
			}
			d.closed[role] = true
		}
	}
	d.best(ID, d.idScore)
	d.best(Time, d.timeScore)
	d.best(Score, d.scoreScore)
	d.best(Text, d.textScore)
	d.best(Channel, d.channelScore)
	d.best(Account, d.accountScore)
	d.best(Title, d.titleScore)
	if l.Text < 0 && l.Title >= 0 && !d.closed[Text] && l.Columns[l.Title].Why != "given" {
		i := l.Title
		l.Title = -1
		d.take(Text, i, "name")
	}
	d.segments()
	d.nearest()
	l.Others = slices.DeleteFunc(l.Others, func(i int) bool { return !d.free(i) })
	if l.ID >= 0 {
		l.Rejected = nil
	}
	l.Rejected = slices.DeleteFunc(l.Rejected, func(r Doubt) bool { return !d.free(r.Column) })
	if l.Score >= 0 {
		s := &p.stats[l.Score]
		low, high, whole := s.low, s.high, s.decimals == 0
		if s.numbers == 0 {
			for v := range s.values {
				if x, ok := ParseScore(v); ok {
					high = max(high, x)
				}
			}
		}
		l.Scale = scaleOf(d.names[l.Score], low, high, whole)
	}
	for i := range l.Columns {
		if s := &p.stats[i]; s.exponent > 0 && (l.ID == i || idWords.match(d.names[i]) >= 2 || s.exponent*2 > s.filled) {
			l.Damaged = append(l.Damaged, i)
		}
		if l.Columns[i].Role == Field {
			l.Fields = append(l.Fields, i)
		}
	}
	return l, nil
}

type detector struct {
	*Profile
	layout *Layout
	names  [][]string
	closed map[Role]bool // settled by a mapping
}

func (d *detector) free(i int) bool { return d.layout.Columns[i].Role == Field }

func (d *detector) take(role Role, i int, why string) {
	c := &d.layout.Columns[i]
	c.Role, c.Why = role, why
	switch role {
	case Text:
		d.layout.Text = i
	case Title:
		d.layout.Title = i
	case ID:
		d.layout.ID = i
	case Time:
		d.layout.Time = i
	case Channel:
		d.layout.Channel = i
	case Score:
		d.layout.Score = i
	case Account:
		d.layout.Account = i
	case Segment:
		d.layout.Segments = append(d.layout.Segments, i)
	case Field:
	}
}

// best gives the role to the free column with the highest score above 0, the first of equals.
func (d *detector) best(role Role, score func(i int) (float64, string)) {
	if d.closed[role] {
		return
	}
	at, most, why := -1, 0.0, ""
	type other struct {
		i int
		s float64
	}
	var others []other
	for i := range d.cols {
		if !d.free(i) || d.stats[i].filled == 0 {
			continue
		}
		s, w := score(i)
		if s > 0 {
			others = append(others, other{i, s})
		}
		if s > most {
			at, most, why = i, s, w
		}
	}
	if at < 0 {
		return
	}
	d.take(role, at, why)
	if role == Text {
		slices.SortStableFunc(others, func(a, b other) int {
			switch {
			case a.s > b.s:
				return -1
			case a.s < b.s:
				return 1
			}
			return 0
		})
		for _, o := range others {
			if o.i != at {
				d.layout.Others = append(d.layout.Others, o.i)
			}
		}
	}
}

// nearest finds the column with the longest texts of words.
func (d *detector) nearest() {
	most := -1.0
	for i := range d.stats {
		s := &d.stats[i]
		if s.filled == 0 {
			continue
		}
		score := s.wordsEach() * share(s.letters, s.bytes)
		if s.stamps*2 > s.filled || s.numbers*2 > s.filled {
			score = 0
		}
		if d.layout.Columns[i].Role == ID || personal.match(d.names[i]) > 0 {
			score /= 4
		}
		if score > most {
			d.layout.Nearest, most = i, score
		}
	}
}

func (d *detector) idScore(i int) (float64, string) {
	s, name := &d.stats[i], d.names[i]
	if share(s.bytes, s.filled) > 120 || share(s.spaced, s.filled) > 0.05 || share(s.filled, d.sample) < 0.8 || share(s.mails, s.filled) > 0.5 || s.decimals > s.exponent {
		return 0, ""
	}
	if accountWords.match(name) >= 2 && len(name) > 0 && name[len(name)-1] == "id" && idWords.match(name) < 3 {
		return 0, "" // customer id, user id: who, not which record
	}
	unique := s.unique()
	m := idWords.match(name)
	need := 0.8
	if s.filled < 10 {
		need = 0.5
	}
	switch {
	case m >= 2 && unique < need:
		d.layout.Rejected = append(d.layout.Rejected, Doubt{Column: i, What: "its values repeat"})
		if s.exponent > 0 {
			d.layout.Rejected[len(d.layout.Rejected)-1].What = "a spreadsheet rounded its values"
		}
		return 0, ""
	case m == 3:
		return 100 + unique, "name"
	case m == 2 && name[len(name)-1] == "id" || m == 2 && name[len(name)-1] == "key":
		return 80 + unique, "name"
	case m == 2:
		return 60 + unique, "name"
	case accountWords.match(name) > 0 || d.timeLike(i) || s.filled < 5 || unique < 0.999:
		return 0, ""
	case s.integers == s.filled && i > 0:
		return 0, "" // a column of different numbers can be anything
	case s.integers == s.filled || s.numbers == 0 && share(s.bytes, s.filled) <= 40 && s.wordsEach() < 1.2 && s.hasDigits():
		return 10, "content"
	}
	return 0, ""
}

// hasDigits reports whether all of a few values have a digit, as identifiers do.
func (s *stats) hasDigits() bool {
	for v := range s.values {
		if !slices.ContainsFunc([]byte(v), func(c byte) bool { return c >= '0' && c <= '9' }) {
			return false
		}
	}
	return true
}

func (d *detector) timeLike(i int) bool {
	s := &d.stats[i]
	return share(s.dates, s.filled) >= 0.9
}

func (d *detector) timeScore(i int) (float64, string) {
	s, name := &d.stats[i], d.names[i]
	early, late := timeWords.match(name), lateTimeWords.match(name)
	full := share(s.filled, d.sample)
	switch {
	case share(s.stamps, s.filled) < 0.7 || max(early, late) < 2 && share(s.stamps, s.filled) < 0.9:
		return 0, ""
	case late >= 2:
		return 30 + full, "name"
	case early >= 2:
		return 40 + 10*float64(early) + full, "name"
	case early == 1 && d.timeLike(i):
		return 45 + full, "name"
	case d.timeLike(i):
		return 10 + full, "content"
	}
	return 0, ""
}

func (d *detector) scoreScore(i int) (float64, string) {
	s, name := &d.stats[i], d.names[i]
	m := scoreWords.match(name)
	if m == 0 && s.numbers == s.filled && s.high <= 10 && asksForScore(name) {
		m = 2
	}
	if m == 0 || len(s.values) > 110 && s.decimals == 0 {
		return 0, ""
	}
	good := 0
	for v, n := range s.values {
		if _, ok := ParseScore(v); ok {
			good += n
		}
	}
	if share(good, s.filled) < 0.7 || s.numbers > 0 && (s.high > 100 || s.low < -100) {
		return 0, ""
	}
	return float64(10*m) + share(s.filled, d.sample), "name"
}

func (d *detector) textScore(i int) (float64, string) {
	s, name := &d.stats[i], d.names[i]
	if share(s.numbers, s.filled) > 0.5 || share(s.stamps, s.filled) > 0.5 || share(s.mails, s.filled) > 0.5 {
		return 0, ""
	}
	m := textWords.match(name)
	if len(name) > 1 && neverText[name[len(name)-1]] {
		m = 0
	}
	mass := math.Log2(1 + float64(s.fresh))
	varied := s.unique() >= 0.3 || len(s.values) > 200
	if m > 0 && (s.unique() >= 0.05 || len(s.values) > maxSegmentValues) && (s.wordsEach() >= 1.5 || m == 3) && (len(s.values) >= 3 || s.filled < 10) {
		return mass + 2*float64(m), "name"
	}
	least := 4.0
	if strings.HasSuffix(strings.TrimSpace(d.cols[i].Name), "?") {
		least = 2 // answers to a question that is written out
	}
	switch {
	case !varied || s.filled < 2 || s.wordsEach() < least || personal.match(name) > 0 && len(name) <= 3:
		return 0, ""
	case share(s.letters, s.bytes) < 0.55 || share(s.lowers, s.letters) < 0.5:
		return 0, "" // addresses, coordinates, codes
	}
	return mass, "content"
}

func (d *detector) titleScore(i int) (float64, string) {
	s := &d.stats[i]
	m := titleWords.match(d.names[i])
	if m < 2 || share(s.numbers, s.filled) > 0.5 || s.unique() < 0.1 && s.filled > 20 || s.wordsEach() < 1.5 {
		return 0, ""
	}
	return float64(10 * m), "name"
}
