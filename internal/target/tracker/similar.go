package tracker

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// The similarity, in thousandths, from which on a wanted ticket counts as one
// that is there. The default lies between what rewordings of one issue reach and
// what different issues of one product do not; the tests print both. Where many
// issues are close to one another it takes some for the same that are not: the
// reviewer sees the score, and a workspace may raise it up to the largest.
const (
	DefaultThreshold = 200
	MaxThreshold     = 400
)

// stop are words that say little about what a ticket is about.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a about after again all also am an and any are as at be because been before being but by can could
		customer customers did do does doing don even ever every feedback for from get gets getting got had has have having he her here him his
		how i if in into is it its just like lot me more most much my no nor not now of off on one only or other our out over people please
		really same she should so some still such than that the their them then there these they thing things this those to too up us use
		user users using very want was way we were what when where which while who why will with would you your`) {
		m[w] = true
	}
	return m
}()

// words splits a text into lower-case words without the stop words.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(all, func(w string) bool { return stop[w] || len(w) < 2 })
}

// about returns what a ticket is about beside its title: the lines it quotes,
// where it has some, because the words around them are the same in every ticket
// of one aggregator; else all of its body.
func about(t Ticket) string {
	var quoted []string
	for line := range strings.Lines(t.Body) {
		if q, ok := strings.CutPrefix(line, ">"); ok {
			quoted = append(quoted, q)
		}
	}
	if quoted == nil {
		return t.Body
	}
	return strings.Join(quoted, "\n")
}

// features counts a ticket's words and the three to five letters in a row
// within them. The title counts twice. Words begin with "=", so that no run of
// letters is taken for one.
func features(t Ticket) map[string]float64 {
	f := map[string]float64{}
	for _, w := range append(words(t.Title), words(t.Title+" "+about(t))...) {
		f["="+w]++
		r := []rune(" " + w + " ")
		for n := 3; n <= 5; n++ {
			for i := 0; i+n <= len(r); i++ {
				f[string(r[i:i+n])]++
			}
		}
	}
	return f
}

// vector is a ticket as weighted features in the order of their names, so that
// sums come out the same everywhere.
type vector struct {
	words, parts []weighted
}

type weighted struct {
	name   string
	weight float64
}

// vectors weighs each ticket's features by how rare they are among all of them
// (1 + ln count, times 1 + ln of the inverse share) and scales each to length one.
func vectors(tickets []Ticket) []vector {
	counts := make([]map[string]float64, len(tickets))
	in := map[string]int{}
	for i, t := range tickets {
		counts[i] = features(t)
		for name := range counts[i] {
			in[name]++
		}
	}
	n := float64(len(tickets))
	out := make([]vector, len(tickets))
	for i, f := range counts {
		for name, count := range f {
			w := weighted{name, (1 + math.Log(count)) * (1 + math.Log((1+n)/float64(1+in[name])))}
			if name[0] == '=' {
				out[i].words = append(out[i].words, w)
			} else {
				out[i].parts = append(out[i].parts, w)
			}
		}
		unit(out[i].words)
		unit(out[i].parts)
	}
	return out
}

func unit(v []weighted) {
	slices.SortFunc(v, func(a, b weighted) int { return strings.Compare(a.name, b.name) })
	sum := 0.0
	for _, w := range v {
		sum += float64(w.weight * w.weight) // the conversion keeps every machine from fusing the two steps
	}
	if sum == 0 {
		return
	}
	for i := range v {
		v[i].weight /= math.Sqrt(sum)
	}
}

func dot(a, b []weighted) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i].name, b[j].name); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			sum += float64(a[i].weight * b[j].weight)
			i++
			j++
		}
	}
	return sum
}

// similarity returns the mean of the two cosines in thousandths, 0 to 1000.
func similarity(a, b vector) int {
	return int(math.Round(500 * (dot(a.words, b.words) + dot(a.parts, b.parts))))
}
