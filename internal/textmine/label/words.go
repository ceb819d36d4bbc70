package label

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// kind says what part a word may play in a phrase.
type kind uint8

const (
	content  kind = iota
	function      // never at an edge of a phrase, never in its key
	weak          // a content word too general for an edge
	negation      // may open a phrase, never close it; "not" in the key
	number        // inside a phrase only
)

// word is what the dictionary knows of one spelling.
type word struct {
	text string // lower case
	stem int32  // index into dict.stems
	kind kind
	tail bool // a content word that must not close a phrase
	part bool // the second part of a verb
	long bool // has at least three letters, or is one sign of a solid script
	// How texts write it inside a clause, where capitals mean something.
	inside, upper, title int32
}

// dict interns words and stems. The zero value is not ready; see newDict.
type dict struct {
	ids    map[string]int32
	words  []word
	stemID map[string]int32
	stems  []string
	not    int32
	buf    []byte
}

func newDict() *dict {
	d := &dict{ids: map[string]int32{}, stemID: map[string]int32{}}
	d.not = d.stem("not")
	return d
}

func (d *dict) stem(s string) int32 {
	id, ok := d.stemID[s]
	if !ok {
		id = int32(len(d.stems))
		d.stems = append(d.stems, s)
		d.stemID[s] = id
	}
	return id
}

// id returns the number of the spelling s, whatever its case.
func (d *dict) id(s string) int32 {
	b := d.buf[:0]
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 {
			ascii = false
			break
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	d.buf = b
	if !ascii {
		return d.intern(strings.ReplaceAll(strings.ToLower(s), "’", "'"))
	}
	if id, ok := d.ids[string(b)]; ok {
		return id
	}
	return d.intern(string(b))
}

// note counts how the word id is written in a text.
func (d *dict) note(id int32, s string) {
	w := &d.words[id]
	w.inside++
	if s[0] < 0x80 && (s[0] < 'A' || s[0] > 'Z') {
		return
	}
	first, n := utf8.DecodeRuneInString(s)
	if !unicode.IsUpper(first) {
		return
	}
	if rest := s[n:]; rest != "" && rest == strings.ToUpper(rest) {
		w.upper++
	} else {
		w.title++
	}
}

// written returns the word as most texts write it: "ATM", "Paris", "refund".
func (w *word) written() string {
	switch {
	case 2*w.upper > w.inside:
		return strings.ToUpper(w.text)
	case 2*(w.upper+w.title) > w.inside:
		return sentenceCase(w.text)
	}
	return w.text
}

func (d *dict) intern(low string) int32 {
	if id, ok := d.ids[low]; ok {
		return id
	}
	id := int32(len(d.words))
	w := word{text: low, kind: kindOf(low), tail: danglingWord(low), part: particle(low)}
	base, _, _ := strings.Cut(low, "'")
	if w.stem = d.not; w.kind != negation {
		w.stem = d.stem(stemOf(base))
	}
	n := 0
	for _, r := range base {
		n++
		if solidRune(r) {
			n = 3
		}
	}
	w.long = n >= 3
	d.words = append(d.words, w)
	d.ids[low] = id
	return id
}

// stemOf stems a lower-case word when it is plain ASCII letters; the stemmer
// knows English only.
func stemOf(w string) string {
	if len(w) > 40 {
		return w
	}
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return w
		}
	}
	return english.Stem(w, true)
}

// keyOf returns what the lower-case word w adds to the key of a phrase: its stem,
// "not" for a negation, nothing for a function word or one that is too general.
func keyOf(w string) string {
	switch kindOf(w) {
	case negation:
		return "not"
	case content, number:
		base, _, _ := strings.Cut(w, "'")
		return stemOf(base)
	case function, weak:
	}
	return ""
}

func kindOf(w string) kind {
	if w == "" {
		return function
	}
	if w[0] >= '0' && w[0] <= '9' {
		return number
	}
	if isNegation(w) {
		return negation
	}
	base, _, cut := strings.Cut(w, "'")
	if functionWord(base) || cut && base == "" || mask(base) {
		return function
	}
	if weakWord(base) || adverb(base) {
		return weak
	}
	return content
}

// mask reports whether w stands for something blacked out in the export: "xxxx".
func mask(w string) bool { return len(w) > 1 && strings.Trim(w, "x") == "" }

func isNegation(w string) bool {
	switch w {
	case "not", "no", "never", "cannot", "without", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "cant",
		"couldnt", "shouldnt", "wouldnt", "hasnt", "havent", "hadnt":
		return true
	}
	return strings.HasSuffix(w, "n't")
}

// functionWord reports the words that carry grammar, not meaning, and the small
// talk around a message. Words such as "up", "off" and "out" are not among them:
// they make verbs ("top up", "log out").
func functionWord(w string) bool {
	switch w {
	case "a", "an", "the", "i", "me", "my", "mine", "myself", "we", "our", "ours", "us", "you", "your", "yours", "he", "him", "his", "she", "her",
		"it", "its", "they", "them", "their", "this", "that", "these", "those", "there", "here", "who", "whom", "whose", "which", "what", "whatever",
		"when", "where", "why", "how", "am", "is", "are", "was", "were", "be", "been", "being", "do", "does", "did", "doing", "done", "have", "has", "had",
		"having", "will", "would", "shall", "should", "can", "could", "may", "might", "must", "ought", "to", "of", "in", "on", "at", "for", "from", "by",
		"with", "as", "into", "onto", "about", "than", "and", "or", "but", "if", "so", "then", "because", "while", "though", "although", "since",
		"until", "till", "just", "very", "really", "too", "also", "please", "pls", "plz", "hi", "hello", "hey", "dear", "thanks", "thank", "thx", "im", "ive", "id",
		"ill", "youre", "theyre", "whats", "thats", "theres", "gonna", "wanna", "some", "any", "such", "s", "t", "d", "ll", "ve", "re", "m", "o", "y", "u", "ok", "okay",
		"via", "per", "etc", "eg", "ie", "guys", "folks", "quite", "rather", "let", "lets", "during", "between", "both", "each", "every", "either", "either's", "yet", "ever":
		return true
	}
	return false
}

// weakWord reports verbs and adverbs so general that a phrase should neither
// begin nor end with one.
func weakWord(w string) bool {
	switch w {
	case "get", "gets", "got", "getting", "gotten", "want", "wants", "wanted", "need", "needs", "needed", "know", "knows", "tell", "tells", "told", "say",
		"says", "said", "help", "helps", "make", "makes", "made", "making", "use", "used", "using", "uses", "thing", "things", "something", "anything",
		"everything", "nothing", "someone", "somebody", "anyone", "still", "now", "like", "likes", "after", "before", "go", "goes", "going", "gone", "went", "try", "tries", "tried", "trying",
		"find", "finding", "found", "think", "thinks", "thought", "seem", "seems", "seemed", "see", "sees", "saw", "seen", "look", "looks", "looking", "give", "gives", "gave", "given", "giving", "put", "take", "takes",
		"took", "taken", "come", "comes", "came", "coming", "keep", "keeps", "kept", "ask", "asks", "asked", "asking", "explain", "understand", "believe", "wonder", "wondering", "mean", "means", "show", "shows",
		"happen", "happens", "happened", "way", "ways", "lot", "lots", "bit", "kind", "sort", "possible", "able", "however", "maybe", "perhaps", "actually", "already", "again", "only", "even", "much", "many",
		"more", "most", "other", "others", "another", "same", "own", "well", "good", "right", "sure", "one", "ones", "two", "all", "ago", "recently", "currently", "today", "yesterday", "tomorrow", "certain", "different", "various", "specific", "particular",
		"figure", "hoping", "hope", "wish", "supposed", "regarding", "concerning", "issue", "issues", "problem", "problems", "question", "questions":
		return true
	}
	return false
}

// adverb reports words in -ly that say how, not what.
func adverb(w string) bool {
	if len(w) < 6 || !strings.HasSuffix(w, "ly") {
		return false
	}
	switch w {
	case "family", "supply", "assembly", "weekly", "monthly", "yearly", "hourly", "anomaly", "monopoly", "butterfly", "italy", "friendly":
		return false
	}
	return true
}

// particle reports the second part of verbs such as "top up" and "log out". A
// phrase neither begins with one nor ends just before one.
func particle(w string) bool {
	switch w {
	case "up", "off", "out", "down", "back", "away":
		return true
	}
	return false
}

// danglingWord reports content words that leave a phrase hanging when they close it.
func danglingWord(w string) bool {
	switch w {
	case "over", "under", "onto", "through", "against", "within", "around", "near", "few", "several", "first", "last", "next", "new", "long", "how's":
		return true
	}
	return false
}

// breaksPhrase reports function words that a phrase does not reach across: they open a clause or need a subject that
// the phrase would leave out ("card if I live", "long do transfers", "salary be received").
func breaksPhrase(w string) bool {
	switch w {
	case "i", "im", "ive", "id", "ill", "you", "he", "she", "we", "they", "who", "whom", "whose", "which", "what", "when", "where", "why", "how",
		"if", "but", "because", "so", "then", "than", "while", "though", "although", "since", "until", "till",
		"be", "am", "do", "does", "did", "can", "could", "will", "would", "shall", "should", "may", "might", "must", "there", "here", "some", "any":
		return true
	}
	return false
}
