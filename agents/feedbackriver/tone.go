package feedbackriver

import (
	"slices"
	"strings"
	"unicode"

	"roleos/internal/evidence"
	"roleos/internal/textmine/label"
)

// maxPraiseWords is the length up to which a text is judged: longer ones tell
// of something, and a kind word in them says little about the rest.
const maxPraiseWords = 60

// praise returns 1 when the record praises and names no trouble, wish or
// question, else 0. It reads English only, and in doubt it returns 0: praise
// taken for trouble costs a reader a line, trouble taken for praise costs the
// customer. A low rating is never praise.
func praise(r *evidence.Record) float64 {
	text := readable(r)
	if s := r.Score; s != nil && s.Max > 0 && s.Value <= 0.6*s.Max {
		return 0
	}
	if strings.Contains(text, "?") {
		return 0
	}
	if v, _ := label.Intensity(text); v > 0 {
		return 0
	}
	praised, total := false, 0
	for _, clause := range clauses(text) {
		if total += len(clause); total > maxPraiseWords {
			return 0
		}
		if len(clause) > 0 && asks(clause[0]) {
			return 0
		}
		for i, w := range clause {
			switch {
			case wants(w), denies(w) && !calm(clause, i):
				return 0
			case praises(w), likes(clause, i):
				praised = true
			}
		}
	}
	if praised {
		return 1
	}
	return 0
}

// clauses returns the words of text in lower case, by clause.
func clauses(text string) [][]string {
	text = strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	var out [][]string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!;:,\n", r) }) {
		out = append(out, strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }))
	}
	return out
}

func praises(w string) bool {
	switch w {
	case "love", "loved", "loves", "loving", "great", "excellent", "amazing", "amazed", "awesome", "perfect", "perfectly", "best", "fantastic",
		"wonderful", "brilliant", "superb", "outstanding", "fabulous", "lovely", "good", "nice", "cool", "impressive", "impressed", "incredible",
		"helpful", "useful", "enjoy", "enjoyed", "enjoying", "enjoyable", "happy", "pleased", "satisfied", "delighted", "recommend", "recommended",
		"favorite", "favourite", "easy", "fun", "beautiful", "glad", "joy", "hooked", "addicted", "flawless", "flawlessly", "smooth", "smoothly", "worth", "addictive", "convenient":
		return true
	}
	return false
}

// likes reports "I really like" and "works well", whose words alone say nothing.
func likes(clause []string, i int) bool {
	before := clause[max(0, i-2):i]
	switch clause[i] {
	case "like", "liked":
		return slices.Contains(before, "i") || slices.Contains(before, "we")
	case "well", "fine":
		return slices.ContainsFunc(before, func(w string) bool { return strings.HasPrefix(w, "work") || strings.HasPrefix(w, "run") })
	}
	return false
}

// wants reports words of a wish, a request, a turn ("but") or a shortcoming.
func wants(w string) bool {
	switch w {
	case "but", "however", "although", "though", "except", "unfortunately", "sadly", "until", "till", "yet", "unless", "while",
		"please", "pls", "plz", "wish", "wished", "hope", "hoping", "want", "wanted", "need", "needs", "needed", "should", "would", "could", "if", "suggest", "suggestion", "request",
		"add", "added", "adding", "fix", "fixed", "improve", "improved", "improvement", "change", "bring", "option", "feature", "lack", "lacks", "lacking", "missing", "miss",
		"slow", "bug", "bugs", "buggy", "ads", "ad", "expensive", "price", "bad", "worse", "worst", "hate", "annoying", "confusing", "difficult", "hard", "disappointed", "disappointing",
		"used", "instead", "anymore", "longer", "uninstall", "uninstalled", "uninstalling", "delete", "deleted", "refund", "cancel", "subscription", "paid", "waste", "poor", "terrible", "horrible", "useless", "stuck", "problem", "problems", "issue", "issues", "complaint", "complaints":
		return true
	}
	return false
}

// denies reports a negation.
func denies(w string) bool {
	switch w {
	case "not", "no", "never", "cannot", "without", "hardly", "nothing", "dont", "doesnt", "didnt", "isnt", "wasnt", "wont", "cant":
		return true
	}
	return strings.HasSuffix(w, "n't")
}

// calm reports that the negation at i is itself praise: "no doubt",
// "never fails".
func calm(clause []string, i int) bool {
	return i+1 < len(clause) && slices.Contains([]string{"doubt", "fails", "disappoints"}, clause[i+1])
}

// asks reports words that begin a question.
func asks(w string) bool {
	switch w {
	case "how", "why", "what", "when", "where", "which", "who", "can", "could", "do", "does", "did", "is", "are", "will":
		return true
	}
	return false
}
