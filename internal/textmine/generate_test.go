package textmine

import (
	"strings"

	"roleos/internal/textmine/vec"
)

// generate returns n texts about the given number of subjects. Each subject has its own words and templates; texts
// repeat, drop, swap and misspell words, so that few are equal. Texts from base, where there are any, are perturbed
// instead.
func generate(n, subjects int, seed uint64, base []Doc) []Doc {
	r := vec.NewRand(seed)
	syllables := strings.Fields("ba co di fu ge ha jo ki lu me no pa qua ri so tu ve wi xa yo zu bren cla dro fli gra")
	word := func() string {
		w := ""
		for range 2 + r.IntN(2) {
			w += syllables[r.IntN(len(syllables))]
		}
		return w
	}
	fill := strings.Fields("please my the not when for again today still why")
	common := make([]string, 200)
	for i := range common {
		common[i] = word()
	}
	subject := make([][]string, subjects)
	for i := range subject {
		for range 8 {
			subject[i] = append(subject[i], word())
		}
	}
	docs := make([]Doc, n)
	for i := range docs {
		var words []string
		if len(base) > 0 {
			words = strings.Fields(base[r.IntN(len(base))].Text)
		} else {
			s := subject[r.IntN(subjects)]
			for range 4 + r.IntN(8) {
				switch r.IntN(5) {
				case 0:
					words = append(words, fill[r.IntN(len(fill))])
				case 1:
					words = append(words, common[r.IntN(len(common))])
				default:
					words = append(words, s[r.IntN(len(s))])
				}
			}
		}
		docs[i].Text = perturb(r, words, common)
	}
	return docs
}

func perturb(r *vec.Rand, words, common []string) string {
	out := make([]string, 0, len(words)+1)
	for _, w := range words {
		switch r.IntN(24) {
		case 0: // dropped
		case 1: // misspelt
			if len(w) > 3 {
				k := 1 + r.IntN(len(w)-2)
				w = w[:k] + w[k+1:]
			}
			out = append(out, w)
		case 2:
			out = append(out, w, common[r.IntN(len(common))])
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
