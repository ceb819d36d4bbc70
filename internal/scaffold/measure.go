package scaffold

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"roleos/internal/evidence"
)

// Measure is a number that a line states about something measurable.
type Measure struct {
	Metric     string  // what is measured, in the line's words
	Comparator string  // "at most", "at least", "below", "above"; "" for a bare value
	Number     string  // as written
	Value      float64 // Number as a number
	Unit       string  // as written; "" when the line names none
	Deadline   string  // last day, as 2027-03-31; "" when the line names none
	From       string  // the number it starts from, as written, in "from 18 % to 10 %"; else ""
	Measured   string  // when and where a baseline was measured, as written; may be empty
}

const (
	numberRE = `(?:[€$£]\s?)?(\d[\d,]*(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b`
	monthRE  = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	dateRE   = `(?:\d{4}-\d{2}-\d{2}|\d{1,2}\.? ` + monthRE + `,? \d{4}|` + monthRE + ` \d{1,2},? \d{4}|` + monthRE + ` \d{4}|q[1-4][ -]\d{4}|\d{4}[ -]q[1-4]|\d{4}-\d{2}|\d{4})`
)

var (
	deadlineRE = regexp.MustCompile(`(?i)[,;(]?\s*\b(?:by|until|before|no later than|due|deadline:?)\s+(?:the\s+)?(?:end of\s+)?(` + dateRE + `)\)?`)
	fromToRE   = regexp.MustCompile(`(?i)\bfrom\s+` + numberRE + `\s*(%|percent)?[\w ]{0,24}?\bto\s+` + numberRE)
	compareRE  = regexp.MustCompile(`(?i)(\bat most\b|\bno more than\b|\bnot more than\b|\bup to\b|\bbelow\b|\bunder\b|\bless than\b|\bfewer than\b|\bwithin\b|<=|≤|<|\bat least\b|\bno less than\b|\bnot less than\b|\babove\b|\bover\b|\bmore than\b|>=|≥|>|\bto\b)\s+` + numberRE)
	bareRE     = regexp.MustCompile(`(?i)(:|=|\bis\b|\bwas\b|\bare\b|\bwere\b|^)\s*` + numberRE)
	unitRE     = regexp.MustCompile(`^\s*(%|percent\b|[\pL/]+(?: [\pL/]+){0,3})`)
	parensRE   = regexp.MustCompile(`\(([^()]{2,120})\)`)
	downRE     = regexp.MustCompile(`(?i)\b(?:reduce|cut|lower|bring|shorten|drop|halve|decrease)\b`)
	upRE       = regexp.MustCompile(`(?i)\b(?:raise|increase|grow|lift|improve)\b`)
	verbRE     = regexp.MustCompile(`(?i)^(?:we |to )?(?:reduce|cut|lower|bring|shorten|drop|decrease|raise|increase|grow|lift|improve|keep|hold|get|have)\s+(?:the\s+|down\s+|our\s+)*`)
	tailRE     = regexp.MustCompile(`(?i)[\s:=,]*(?:\b(?:is|are|was|were|be|stays?|remains?|to|should|must|from|will)\b)?[\s:=,]*$`)
)

// comparators says what the words before a number mean.
var comparators = map[string]string{ //nolint:gochecknoglobals // an immutable table
	"at most": "at most", "no more than": "at most", "not more than": "at most", "up to": "at most", "within": "at most", "<=": "at most", "≤": "at most",
	"below": "below", "under": "below", "less than": "below", "fewer than": "below", "<": "below",
	"at least": "at least", "no less than": "at least", "not less than": "at least", ">=": "at least", "≥": "at least",
	"above": "above", "over": "above", "more than": "above", ">": "above",
}

// ParseMeasure reads the measure that a line states: "Contacts about pending
// transfers: at most 10 % by 2027-03-31", "Cut refund contacts from 18 % to 10 %
// by end of Q1 2027", "Share of failed payments: 2.4 % (August 2026, ledger)".
// It returns false for a line that states no number. What a line leaves out
// stays empty.
func ParseMeasure(line string) (Measure, bool) {
	var m Measure
	rest := line
	if d := deadlineRE.FindStringSubmatchIndex(rest); d != nil {
		m.Deadline = lastDay(rest[d[2]:d[3]])
		if m.Deadline != "" {
			rest = rest[:d[0]] + "\x00" + rest[d[1]:]
		}
	}
	var metric string
	var numberEnd int
	if f := fromToRE.FindStringSubmatchIndex(rest); f != nil {
		m.From, m.Number = rest[f[2]:f[3]], rest[f[6]:f[7]]
		m.Comparator = direction(rest[:f[0]])
		metric, numberEnd = rest[:f[0]], f[7]
	} else if c := comparison(rest); c != nil {
		word := strings.ToLower(rest[c[2]:c[3]])
		m.Comparator = comparators[word]
		if word == "to" {
			m.Comparator = direction(rest[:c[0]])
		}
		m.Number = rest[c[4]:c[5]]
		metric, numberEnd = rest[:c[0]], c[5]
	} else if b := bareRE.FindStringSubmatchIndex(rest); b != nil {
		m.Number = rest[b[4]:b[5]]
		metric, numberEnd = rest[:b[2]], b[5]
	} else {
		return Measure{}, false
	}
	var ok bool
	if m.Value, ok = evidence.ParseNumber(m.Number); !ok {
		return Measure{}, false
	}
	if u := unitRE.FindStringSubmatch(rest[numberEnd:]); u != nil {
		m.Unit = unit(u[1])
	}
	if p := parensRE.FindStringSubmatch(rest[numberEnd:]); p != nil {
		m.Measured = strings.TrimSpace(p[1])
	}
	metric = tailRE.ReplaceAllString(metric, "")
	metric = verbRE.ReplaceAllString(metric, "")
	m.Metric = strings.Trim(metric, " \t:=,;-–—*")
	return m, true
}

// comparison returns the first comparator with a number; "to" counts only after
// a verb that says which way.
func comparison(s string) []int {
	for _, c := range compareRE.FindAllStringSubmatchIndex(s, -1) {
		if !strings.EqualFold(s[c[2]:c[3]], "to") || direction(s[:c[0]]) != "" {
			return c
		}
	}
	return nil
}

// direction returns the comparator that a verb of change implies.
func direction(s string) string {
	switch {
	case downRE.MatchString(s):
		return "at most"
	case upRE.MatchString(s):
		return "at least"
	}
	return ""
}

// unit keeps the words of a unit up to the first that begins something else.
func unit(s string) string {
	if s == "%" || strings.EqualFold(s, "percent") {
		return "%"
	}
	var out []string
	for _, w := range strings.Fields(s) {
		switch strings.ToLower(w) {
		case "by", "until", "before", "from", "and", "or", "in", "within", "on", "with", "for", "is", "are", "was", "were", "at", "of", "to", "but", "when", "if", "as", "no", "not", "than":
			return strings.Join(out, " ")
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// lastDay returns the last day of what a date names, as 2006-01-02; "" when it names none.
func lastDay(s string) string {
	t := strings.ToLower(strings.NewReplacer(",", "", ".", "").Replace(strings.TrimSpace(s)))
	if len(t) == 4 {
		t += "-12"
	}
	var year, quarter int
	for _, form := range []string{"q%d %d", "q%d-%d"} {
		if n, err := fmt.Sscanf(t, form, &quarter, &year); err == nil && n == 2 {
			return endOf(year, quarter*3)
		}
	}
	for _, form := range []string{"%d q%d", "%d-q%d"} {
		if n, err := fmt.Sscanf(t, form, &year, &quarter); err == nil && n == 2 {
			return endOf(year, quarter*3)
		}
	}
	for _, layout := range []string{"2006-01-02", "2 January 2006", "2 Jan 2006", "January 2 2006", "Jan 2 2006"} {
		if d, err := time.Parse(layout, strings.Replace(t, "sept ", "sep ", 1)); err == nil {
			return d.Format(time.DateOnly)
		}
	}
	for _, layout := range []string{"January 2006", "Jan 2006", "2006-01"} {
		if d, err := time.Parse(layout, strings.Replace(t, "sept ", "sep ", 1)); err == nil {
			return endOf(d.Year(), int(d.Month()))
		}
	}
	return ""
}

func endOf(year, month int) string {
	if month < 1 || month > 12 || year < 1900 || year > 9999 {
		return ""
	}
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
