package label

import (
	"slices"
	"strings"
)

// sign is a sort of trouble that words can express.
type sign uint8

const (
	noSign   sign = iota
	failure       // something does not do what it should
	blocked       // the writer cannot go on
	loss          // money or data is gone or wrong
	urgency       // it cannot wait
	again         // it was reported before, or keeps happening
	anger         // the writer says what they feel, or that they leave
	positive      // turns into failure when negated: "not working"
	signs
)

// first is what the first word of a sort adds to the score, as a probability;
// each further one adds half of the one before.
func (s sign) first() float64 {
	return [signs]float64{0, 0.30, 0.34, 0.36, 0.34, 0.26, 0.40, 0.30}[s]
}

// maxTroubleWords bounds the words that Intensity returns.
const maxTroubleWords = 12

// Intensity returns how strongly text expresses trouble, in 0..1, and the words
// that made the score, as they stand in the text, in order. Sorts of trouble
// (failure, being blocked, loss, urgency, repetition, anger) add up as independent
// signs: 1 - Π(1-wᵢ). A negation turns a sign off ("no problem") or on ("not
// working"). Exclamation marks and capitals strengthen words and count nothing alone.
// It knows English; for texts in other languages it returns 0 and no words.
func Intensity(text string) (float64, []string) {
	ws, plain := readWords(text)
	if !plain {
		return 0, nil
	}
	calm := 1.0
	var seen [signs]int
	var found []string
	add := func(s sign, from, to int) {
		w := s.first()
		for range min(seen[s], 6) {
			w /= 2
		}
		seen[s]++
		calm = float64(calm * (1 - w))
		if len(found) < maxTroubleWords {
			found = append(found, strings.ToValidUTF8(text[ws[from].start:ws[to].end], "\uFFFD"))
		}
	}
	shouted := 0
	for i := 0; i < len(ws); i++ {
		if ws[i].caps {
			shouted++
		}
		if s, n := idiom(ws[i:]); n > 0 {
			if s != noSign {
				add(s, i, i+n-1)
			}
			i += n - 1
			continue
		}
		s := signOf(ws[i])
		neg := negatedBy(ws, i)
		switch {
		case s == noSign:
		case s == positive && neg >= 0:
			add(failure, neg, i)
		case s == positive, neg >= 0:
		default:
			add(s, i, i)
		}
	}
	if len(found) == 0 {
		return 0, nil
	}
	if n := strings.Count(text[:wholeRunes(text, maxScan)], "!"); n > 0 {
		calm = float64(calm * (1 - float64(0.06*float64(min(n, 3)))))
		found = append(found, strings.Repeat("!", min(n, 3)))
	}
	if shouted >= 2 && 2*shouted >= len(ws) || shouted >= 3 {
		calm = float64(calm * 0.85)
		found = append(found, "CAPITALS")
	}
	return 1 - calm, found
}

// spoken is a word as Intensity reads it.
type spoken struct {
	start, end int
	low        string
	head, caps bool
}

// readWords returns the words of text and whether they look like English.
func readWords(text string) ([]spoken, bool) {
	out := make([]spoken, 0, min(len(text)/4+1, 64))
	english, ascii := 0, true
	scan(text, nil, func(t token) bool {
		raw := text[t.start:t.end]
		low := strings.ReplaceAll(strings.ToLower(raw), "’", "'")
		w := spoken{start: t.start, end: t.end, low: low, head: t.head}
		w.caps = len(raw) >= 4 && raw != low && !mask(low) && raw == strings.ToUpper(raw)
		for i := range len(low) {
			ascii = ascii && low[i] < 0x80
		}
		if plainEnglish(low) {
			english++
		}
		out = append(out, w)
		return len(out) < 2000
	})
	if len(out) == 0 {
		return nil, false
	}
	if len(out) <= 4 {
		return out, ascii
	}
	return out, 8*english >= len(out)
}

// plainEnglish reports frequent words that few other languages share.
func plainEnglish(w string) bool {
	switch w {
	case "the", "my", "i", "is", "to", "it", "and", "of", "you", "your", "have", "has", "had", "this", "that", "for", "not", "with", "but", "are", "been", "when", "why", "how", "what", "can", "cannot",
		"be", "did", "does", "there", "from", "they", "we", "our", "which", "would", "should", "could", "get", "got", "still", "please", "i'm", "i've", "it's", "again", "every", "after", "because", "if", "just", "by", "out", "up", "any", "its":
		return true
	}
	return strings.HasSuffix(w, "n't")
}

// negatedBy returns the index of the word that negates ws[i], or -1: a negation
// up to three words before it in the same clause.
func negatedBy(ws []spoken, i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if ws[j+1].head {
			return -1
		}
		switch w := ws[j].low; {
		case isNegation(w), w == "nothing", w == "none", w == "nor", w == "hardly", w == "stopped", w == "stops":
			return j
		case w == "and", w == "but", w == "then", w[0] >= '0' && w[0] <= '9':
			return -1 // numbers may be somebody's: they are not shown
		}
	}
	return -1
}

// idiom returns the sort and the number of words of a fixed phrase that ws begins
// with, or 0 words. The sort noSign means that the phrase is harmless.
func idiom(ws []spoken) (sign, int) {
	if len(ws) < 2 || ws[1].head {
		return noSign, 0
	}
	second, third, fourth := ws[1].low, "", ""
	if len(ws) > 2 && !ws[2].head {
		third = ws[2].low
		if len(ws) > 3 && !ws[3].head {
			fourth = ws[3].low
		}
	}
	oneOf := func(words ...string) bool { return slices.Contains(words, second) }
	switch ws[0].low {
	case "no":
		switch {
		case oneOf("problem", "problems", "issue", "issues", "rush", "worries"):
			return noSign, 2
		case second == "access":
			return blocked, 2
		case second == "refund":
			return loss, 2
		}
	case "not":
		switch {
		case second == "urgent":
			return noSign, 2
		case second == "able" && third == "to":
			return blocked, 3
		}
	case "error":
		if second == "free" {
			return noSign, 2
		}
	case "locked", "signed", "logged", "kicked":
		if second == "out" {
			return blocked, 2
		}
	case "unable":
		if second == "to" {
			return blocked, 2
		}
	case "won't", "wont", "doesn't", "doesnt", "didn't", "didnt":
		if second == "let" {
			return blocked, 2
		}
	case "can't", "cant", "cannot":
		if oneOf("access", "log", "get") {
			return blocked, 2
		}
	case "charged":
		if second == "twice" {
			return loss, 2
		}
	case "double":
		if second == "charged" {
			return loss, 2
		}
	case "out":
		if second == "of" && third == "pocket" {
			return loss, 3
		}
	case "without":
		if second == "my" && (third == "permission" || third == "consent" || third == "knowledge") {
			return loss, 3
		}
	case "as":
		if second == "soon" && third == "as" && fourth == "possible" {
			return urgency, 4
		}
	case "right":
		if oneOf("away", "now") {
			return urgency, 2
		}
	case "at":
		if second == "once" {
			return urgency, 2
		}
	case "a":
		if second == "rush" {
			return urgency, 2
		}
	case "over":
		if second == "and" && third == "over" {
			return again, 3
		}
	case "time":
		if second == "and" && third == "again" {
			return again, 3
		}
	case "still":
		if oneOf("not", "no", "waiting", "pending", "nothing") {
			return again, 2
		}
	case "once", "yet":
		if second == "again" {
			return again, 2
		}
	case "second", "third", "every":
		if second == "time" {
			return again, 2
		}
	case "many", "several", "multiple":
		if second == "times" {
			return again, 2
		}
	case "keeps":
		if second == "happening" {
			return again, 2
		}
	case "fed":
		if second == "up" {
			return anger, 2
		}
	case "waste":
		if second == "of" {
			return anger, 2
		}
	case "let":
		if second == "down" {
			return anger, 2
		}
	case "had":
		if second == "enough" {
			return anger, 2
		}
	}
	return noSign, 0
}

// root returns w without its common endings. It is no stemmer, and a good deal
// cheaper than one: signOf lists what it leaves.
func root(w string) string {
	for _, end := range [...]string{"ingly", "edly", "ing", "ies", "ed", "es", "s", "ly", "e"} {
		if r, ok := strings.CutSuffix(w, end); ok && len(r) >= 3 {
			if n := len(r); n > 3 && r[n-1] == r[n-2] {
				r = r[:n-1]
			}
			return r
		}
	}
	return w
}

// signOf returns the sort of trouble a single word expresses. The cases are roots.
func signOf(w spoken) sign {
	switch w.low {
	case "cancel", "cancelling", "canceling", "cancellation", "delete", "deleting", "block", "blocking", "lock", "wipe", "break", "reject", "refuse", "disable":
		// Plain forms are requests as often as complaints.
		return noSign
	case "keeps":
		return again
	case "hate", "hates", "hated":
		return anger
	}
	switch root(w.low) {
	case "fail", "failur", "broken", "brok", "break", "error", "bug", "buggy", "crash", "declin", "reject", "cancel", "wrong", "incorrect", "revert", "freez", "froz", "frozen", "stuck", "hang", "timeout", "corrupt", "glitch",
		"useles", "unusabl", "faulty", "defect", "defectiv", "problem", "issu", "malfunction", "outag", "disconnect", "delay", "slow", "unreliabl", "inaccurat", "outdat":
		return failure
	case "block", "unabl", "lock", "cannot", "refus", "deny", "deni", "suspend", "disabl", "inaccessibl", "prevent", "strand":
		return blocked
	case "lost", "los", "stolen", "stol", "steal", "theft", "fraud", "fraudulent", "scam", "unauthoris", "unauthoriz", "hack", "compromis", "overcharg", "disappear", "vanish", "miss", "mis", "swallow", "wip", "delet":
		return loss
	case "urgent", "asap", "emergency", "emergenci", "immediat", "critical", "deadlin", "desperat", "hurry":
		return urgency
	case "repeat", "constant", "everytim":
		return again
	case "terribl", "terrib", "horribl", "awful", "worst", "unacceptabl", "ridiculou", "frustrat", "angry", "annoy", "disappoint", "upset", "furiou", "outrag", "outrageou", "disgrac", "disgraceful", "disgust", "pathetic", "nightmar", "rubbish",
		"worr", "worry", "worri", "scar", "panic":
		return anger
	case "work", "load", "open", "arriv", "receiv", "show", "respond", "refund", "recogni", "recognis", "recogniz", "accept", "process", "proces", "updat", "appear", "connect", "sync", "log", "acces", "access", "complet", "respons", "through":
		return positive
	}
	return noSign
}
