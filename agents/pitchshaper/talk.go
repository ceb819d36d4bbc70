package pitchshaper

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"roleos/internal/artefact/brief"
	"roleos/internal/artefact/pitch"
	"roleos/internal/evidence"
	"roleos/internal/scaffold"
)

// How people say it when they talk.
var (
	sayAppetite = regexp.MustCompile(`(?i)\b(?:appetite|worth|time-?box(?:ed)?|budget|spend|give (?:it|this|ourselves|us)|(?:i|we)(?:'d| would| could| should| can) (?:only )?give|no more than|at most|max(?:imum)?(?: of)?|cap(?:ped)? (?:it |this )?at|not longer than)\b`)
	timeSpan    = regexp.MustCompile(`(?i)\b(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[ -](weeks?|days?|months?|cycles?|sprints?|quarters?)\b`)
	sayKill     = regexp.MustCompile(`(?i)\b(?:we|let's|i'd|i would|should)\b[^.?!]{0,20}\b(?:stop|kill|drop|abandon|walk away|pull the plug)\b[^.?!]{0,80}\b(?:if|when|unless)\b|\bif\b[^.?!]{3,120}\b(?:we|let's)\b[^.?!]{0,15}\b(?:stop|kill|drop|abandon|walk away|pull the plug)\b`)
	sayNoGo     = regexp.MustCompile(`(?i)\b(?:out of scope|no-go|won't do|we won't|we will not|we're not going to|we are not going to|let's not|we leave out|not part of (?:this|it))\b`)
	sayHole     = regexp.MustCompile(`(?i)\b(?:rabbit hole|could get lost|could get stuck|the hard part|the tricky part|biggest risk|nobody knows how|not sure how we|hard to get right|edge cases?)\b`)
	sayOption   = regexp.MustCompile(`(?i)\b(?:we could|what if we|how about|i(?:'d| would) (?:suggest|propose)|i (?:suggest|propose)|my proposal|option [a-d1-4]\b|one way (?:is|would be))`)
)

// around is how many records before and after one may name its subject for it.
const around = 3

// most is how many parts of one sort are taken from talk.
const most = 12

// hear takes from talk what is said about the problem in set phrases.
func hear(p *pitch.ShapedPitch, records []evidence.Record, about map[string]bool) {
	for i := range records {
		r := &records[i]
		near := false
		for j := max(0, i-around); j <= min(len(records)-1, i+around) && !near; j++ {
			near = records[j].Source == r.Source && scaffold.Shared(about, scaffold.Words(records[j].Text)) > 0
		}
		if !near {
			continue
		}
		for _, span := range sentences(r.Text) {
			q, ok := r.Quote(span.Start, span.End)
			if !ok || evidence.CheckQuote(r, q) != nil {
				continue
			}
			sort(p, r, q)
		}
	}
}

// sort puts one sentence where its words say; a question states nothing.
func sort(p *pitch.ShapedPitch, r *evidence.Record, q evidence.Quote) {
	who := r.Origin.Speaker
	part := func(list *[]pitch.Part, prefix string) {
		if len(*list) < most {
			*list = append(*list, pitch.Part{ID: brief.NewID(prefix, q.RecordID, q.Text), Text: brief.OneLine(q.Text), Quote: &q, Who: who})
		}
	}
	asks := strings.HasSuffix(q.Text, "?")
	switch {
	case sayKill.MatchString(q.Text) && !asks:
		part(&p.Kill, "k")
	case sayNoGo.MatchString(q.Text) && !asks:
		part(&p.NoGos, "ng")
	case sayHole.MatchString(q.Text):
		part(&p.RabbitHoles, "rh")
	case sayAppetite.MatchString(q.Text) && timeSpan.MatchString(q.Text) && !asks && len(p.Appetites) < most:
		m := timeSpan.FindStringSubmatch(q.Text)
		v, ok := evidence.ParseNumber(m[1])
		a, isTime := pitch.NewAppetite(scaffold.Measure{Number: m[1], Value: v, Unit: m[2]})
		if ok && isTime {
			a.ID, a.Says, a.Quote, a.Who = brief.NewID("ap", q.RecordID, q.Text), q.Text, &q, who
			p.Appetites = append(p.Appetites, a)
		}
	case sayOption.MatchString(q.Text):
		part(&p.Elements, "o")
	}
}

// sentences returns the spans of a text's sentences, without the space around them.
func sentences(text string) []evidence.Span {
	var out []evidence.Span
	start := 0
	cut := func(end int) {
		s := text[start:end]
		from := start + len(s) - len(strings.TrimLeft(s, " \t\r\n"))
		to := start + len(strings.TrimRight(s, " \t\r\n"))
		if from < to {
			out = append(out, evidence.Span{Start: from, End: to})
		}
		start = end
	}
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRuneInString(text[i:])
		i += w
		next, _ := utf8.DecodeRuneInString(text[i:])
		if r == '\n' || (r == '.' || r == '!' || r == '?') && (i == len(text) || next == ' ' || next == '\n') {
			cut(i)
		}
	}
	cut(len(text))
	return out
}
