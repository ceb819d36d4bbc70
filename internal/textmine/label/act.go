package label

import (
	"strings"
	"unicode/utf8"
)

// Act is what the writer of a sentence does with it.
type Act string

const (
	Report Act = "report" // states what happened or how things are; the default
	Ask    Act = "ask"    // asks a question
	Want   Act = "want"   // asks for something to be done
)

// opening is how many bytes of a sentence its act is read from.
const opening = 160

// actOf classifies a sentence by its opening words and its last sign. It knows
// English and the question marks of any language.
func actOf(sentence string) Act {
	question := strings.ContainsAny(lastSign(sentence), "?？؟;")
	if lastSign(sentence) == ";" {
		question = false
	}
	var ws []string
	scan(sentence[:min(len(sentence), opening)], nil, func(t token) bool {
		ws = append(ws, strings.ReplaceAll(strings.ToLower(sentence[t.start:t.end]), "’", "'"))
		return true
	})
	for len(ws) > 1 && preamble(ws[0]) {
		ws = ws[1:]
	}
	head := strings.Join(ws, " ") + " "
	begins := func(ps ...string) bool {
		for _, p := range ps {
			if strings.HasPrefix(head, p+" ") {
				return true
			}
		}
		return false
	}
	holds := func(ps ...string) bool {
		for _, p := range ps {
			if strings.Contains(" "+head, " "+p+" ") {
				return true
			}
		}
		return false
	}
	switch {
	case holds("like to know", "want to know", "need to know", "wondering", "wonder if", "wonder why", "wonder how", "tell me why", "tell me how", "tell me what", "tell me where",
		"tell me when", "tell me if", "tell me which", "explain why", "explain how", "explain what", "explain to me", "curious", "any idea", "let me know why", "let me know how", "let me know if", "let me know when"),
		begins("can you tell me", "could you tell me", "can you explain", "could you explain", "do you", "don't you", "can i", "could i", "may i", "should i", "do i", "am i", "will i", "how", "why", "what", "where", "when", "which", "who", "how's", "what's", "whats", "where's", "is", "are", "does", "did"):
		return Ask
	case begins("i want", "i need", "we need", "we want") || !question && holds("i want", "i need", "we need", "we want"),
		holds("i'd like", "i would like", "we'd like", "we would like", "i wish", "would love", "would be nice", "would be great", "would be good",
			"would be helpful", "feature request", "can you please", "could you please", "i'd love", "please add", "it'd be nice", "it'd be great"),
		begins("please", "kindly", "can you", "could you", "would you", "will you please", "can someone", "could someone", "can we have", "help me", "help", "let me", "make it", "add", "cancel", "remove", "delete",
			"stop", "fix", "give me", "send me", "show me", "bring back", "allow", "enable", "close my", "unblock", "activate", "tell me", "explain", "turn", "play", "remind me", "wish"),
		len(ws) > 2 && orderOrThing(ws[0]) && determiner(ws[1]):
		return Want
	case question:
		return Ask
	}
	return Report
}

// frame returns the words that introduce a sentence of this kind.
func (a Act) frame() string {
	switch a {
	case Ask:
		return "Customers ask: "
	case Want:
		return "Customers want: "
	case Report:
	}
	return "Customers report: "
}

// orderOrThing reports words that open a request ("change my plan") as well as a
// statement about a thing ("change is hard").
func orderOrThing(w string) bool {
	switch w {
	case "change", "update", "refund", "reset", "set", "charge", "credit", "transfer", "order", "check", "list", "increase", "upgrade", "move", "export", "block", "open", "close":
		return true
	}
	return false
}

func determiner(w string) bool {
	switch w {
	case "a", "an", "the", "my", "our", "this", "that", "these", "those", "it", "me", "us", "all", "another", "some":
		return true
	}
	return false
}

// preamble reports words that may stand before the act without changing it.
func preamble(w string) bool {
	switch w {
	case "hi", "hello", "hey", "dear", "so", "and", "but", "also", "ok", "okay", "well", "then", "now", "just", "sorry", "there", "team", "support", "guys", "um", "uh", "oh":
		return true
	}
	return false
}

// courtesy reports whether a sentence of these words is a greeting, a closing or a thank-you.
func courtesy(words []string) bool {
	if len(words) == 0 {
		return true
	}
	switch words[0] {
	case "hi", "hello", "hey", "dear", "greetings", "thanks", "thank", "thx", "cheers", "regards", "sincerely", "best", "kind", "warm", "yours", "sent", "bye":
		if len(words) <= 5 {
			return true
		}
	case "good":
		if len(words) > 1 && len(words) <= 4 {
			switch words[1] {
			case "morning", "afternoon", "evening", "day":
				return true
			}
		}
	}
	switch strings.Join(words[:min(2, len(words))], " ") {
	case "thank you", "many thanks", "kind regards", "best regards", "looking forward", "have a", "sincerely yours", "yours sincerely", "yours faithfully", "sent from":
		return len(words) <= 12
	}
	return false
}

// leaning reports openings that need the sentence before to be understood.
func leaning(w string) bool {
	switch w {
	case "it", "its", "it's", "this", "that", "that's", "these", "those", "they", "he", "she", "but", "and", "or", "so", "because", "then", "also", "which", "however", "therefore", "otherwise", "else":
		return true
	}
	return false
}

// lastSign returns the last rune of s that is no closing quote, bracket or space.
func lastSign(s string) string {
	s = strings.TrimRight(s, " \t\r\n\"'”’»)]}」』）")
	_, w := utf8.DecodeLastRuneInString(s)
	return s[len(s)-w:]
}
