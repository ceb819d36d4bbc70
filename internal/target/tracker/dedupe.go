package tracker

import "fmt"

// Wanted is a ticket that somebody would open.
type Wanted struct {
	// Key is what makes it the same ticket; its marker is made from it. Default:
	// its title and body.
	Key    string
	Ticket Ticket
}

// Object returns the name that the ticket has or would have.
func (w Wanted) Object() string {
	if w.Key != "" {
		return Object(w.Key)
	}
	t := w.Ticket.Normal()
	return Object(t.Title + "\n" + t.Body)
}

// Why says what became of a wanted ticket.
type Why string

// The reasons, in the order in which they are looked for.
const (
	Marked  Why = "marker"  // an issue carries its marker
	Alike   Why = "similar" // an issue, or one wanted before it, is similar enough
	TooMany Why = "cap"     // as many as may be opened are wanted already
	Fresh   Why = "new"
)

// Verdict is one wanted ticket with what becomes of it.
type Verdict struct {
	Wanted int // index
	Object string
	Why    Why // only Fresh is opened
	// Like is the most similar one: "#12", or "wanted 3" counted from one; empty
	// when there is nothing to compare with.
	Like  string
	Score int // of Like, in thousandths
}

// Rules are the limits of Dedupe.
type Rules struct {
	Threshold int // in thousandths; default DefaultThreshold, at most MaxThreshold; a lower one opens fewer
	Most      int // new tickets; zero opens none
}

// within fills in the default and the bound.
func (r Rules) within() Rules {
	if r.Threshold <= 0 {
		r.Threshold = DefaultThreshold
	}
	r.Threshold = min(r.Threshold, MaxThreshold)
	return r
}

// Note says the verdict in a sentence for the reviewer.
func (v Verdict) Note(threshold int) string {
	near := "nothing to compare with"
	if v.Like != "" {
		near = fmt.Sprintf("most similar: %s with 0.%03d, threshold 0.%03d", v.Like, v.Score, threshold)
		if v.Score >= 1000 {
			near = fmt.Sprintf("most similar: %s with 1.000, threshold 0.%03d", v.Like, threshold)
		}
	}
	switch v.Why {
	case Marked:
		return fmt.Sprintf("wanted %d is not opened: %s carries its marker", v.Wanted+1, v.Like)
	case Alike:
		return fmt.Sprintf("wanted %d is not opened: %s", v.Wanted+1, near)
	case TooMany:
		return fmt.Sprintf("wanted %d is not opened: the cap on new tickets is reached", v.Wanted+1)
	case Fresh:
		return fmt.Sprintf("%s is new: %s", v.Object, near)
	}
	return ""
}

// Dedupe decides which wanted tickets are new: not marked in an issue, open,
// closed or withdrawn; not similar to an issue that is open or was opened here,
// nor to one wanted before it; within the cap. It is pure: the same input gives
// the same verdicts in the order of wanted.
func Dedupe(wanted []Wanted, existing []Issue, r Rules) []Verdict {
	r = r.within()
	marked := map[string]int64{} // the oldest issue with the marker
	var tickets []Ticket
	var likes []string
	for _, i := range existing {
		t, marker, _ := read(i)
		if marker != "" {
			if n, ok := marked[prefix+marker]; !ok || i.Number < n {
				marked[prefix+marker] = i.Number
			}
		}
		if !i.Closed || marker != "" {
			tickets, likes = append(tickets, t), append(likes, fmt.Sprintf("#%d", i.Number))
		}
	}
	there := len(tickets)
	for i, w := range wanted {
		tickets, likes = append(tickets, w.Ticket.Normal()), append(likes, fmt.Sprintf("wanted %d", i+1))
	}
	vs := vectors(tickets)
	out := make([]Verdict, 0, len(wanted))
	opened := 0
	objects := map[string]int{}
	for i, w := range wanted {
		v := Verdict{Wanted: i, Object: w.Object(), Why: Fresh}
		for j := range there + i {
			if s := similarity(vs[there+i], vs[j]); s > v.Score || v.Like == "" {
				v.Like, v.Score = likes[j], s
			}
		}
		first, again := objects[v.Object]
		number, known := marked[v.Object]
		switch {
		case known:
			v.Why, v.Like, v.Score = Marked, fmt.Sprintf("#%d", number), 1000
		case again:
			v.Why, v.Like, v.Score = Marked, fmt.Sprintf("wanted %d", first+1), 1000
		case v.Like != "" && v.Score >= r.Threshold:
			v.Why = Alike
		case opened >= r.Most:
			v.Why = TooMany
		default:
			opened++
		}
		if !again {
			objects[v.Object] = i
		}
		out = append(out, v)
	}
	return out
}
