package wording

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roleos/internal/evidence"
)

// Bounds of what a model may write around a quote.
const (
	maxLabelWords, maxLabelRunes   = 7, 60
	maxBeforeWords, maxBeforeRunes = 20, 140
	maxQuoteRunes                  = 400
)

// vocabulary counts how many of a group's records say a word, by its beginning.
type vocabulary struct {
	held    map[string]int
	records int
}

func vocabularyOf(records []*evidence.Record) vocabulary {
	texts := make([]string, len(records))
	for i, r := range records {
		texts[i] = Unmasked(r)
	}
	return vocabularyIn(texts)
}

func vocabularyIn(texts []string) vocabulary {
	v := vocabulary{held: map[string]int{}, records: len(texts)}
	for _, t := range texts {
		once := map[string]bool{}
		for _, w := range words(t) {
			if b := beginning(w); !once[b] {
				once[b] = true
				v.held[b]++
			}
		}
	}
	return v
}

// Unmasked returns the record's text with its masks as spaces.
func Unmasked(r *evidence.Record) string {
	b := []byte(r.Text)
	for _, m := range r.Masks {
		for i := max(m.Start, 0); i < min(m.End, len(b)); i++ {
			b[i] = ' '
		}
	}
	return string(b)
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
}

// endings are cut off a word, the longest first.
//
//nolint:gochecknoglobals // an immutable table
var endings = strings.Fields("ings ing ies ied es ed s")

// beginning cuts a word's ending, so that "exports" and "exporting" are what
// "export" is, and "transfers" what "transfer" is.
func beginning(w string) string {
	for _, e := range endings {
		if s, ok := strings.CutSuffix(w, e); ok && utf8.RuneCountInString(s) >= 4 {
			w = s
			break
		}
	}
	if rs := []rune(w); len(rs) > 5 {
		return string(rs[:max(5, len(rs)-3)])
	}
	return w
}

// amounts are words that claim a number. What they say is for figures to say.
//
//nolint:gochecknoglobals // an immutable table
var amounts = strings.Fields(`
all always any both countless couple double doubled dozen dozens each entire entirely every everybody everyone few
fewer fewest fifth first fourth half halves handful hardly hundred hundreds increasing increasingly largest least less
majority many million millions minority more most mostly much multiple nearly never nobody none numerous often once
overwhelming overwhelmingly percent percentage quarter rarely rising second seldom seven several share single six
smallest some sometimes ten thousand thousands third three triple twelve twenty twice two typical typically unanimous
usually vast whole one four five eight nine eleven thirty forty fifty sixty seventy eighty ninety growing declining
alle beide einige etliche halb halbe häufig hälfte immer jede jeder kein keine mehr mehrere mehrheit meist meiste
meisten niemand oft prozent selten tausend tausende viel viele wenige zahlreiche`)

// plain are words that a sentence around a quote needs and that claim nothing.
//
//nolint:gochecknoglobals // an immutable table
var plain = strings.Fields(`
a about after again also an and are as ask asked asking asks at be because been before being but by can cannot complain
complains could customer customers describe describes did do does explain explains feedback find finds for from get gets
had has have how in into is issue it its like mention mentions need needs no not of on or our out over people person
problem question report reported reports request requests say saying says so than that the their them they this to
trouble try trying unable under up user users want wants was were what when where whether which while who why will wish
with without work works would wonder wonders write writes
aber als auf aus bei bitten das dass dem den der des die ein eine einem einen es für fragen haben ihr im in ist kunden
leute man melden mit möchten nach nicht sagen schreiben sich sie sind über um und von warum was wenn wie wollen wünschen
zu zum zur`)

// free reports what stands in the way of a model's own words: s may hold no
// digit, no amount, no mark-up, no address, and no word that neither the records
// nor a plain sentence have. share is how much of its other words the records
// must hold.
func (v vocabulary) free(s string, share float64) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("is no valid text")
	}
	for _, r := range s {
		switch {
		case unicode.IsDigit(r) || unicode.IsNumber(r):
			return fmt.Errorf("holds a number that no figure backs")
		case !unicode.IsPrint(r), strings.ContainsRune("<>[]{}|\\`*_#@\"“”„«»", r):
			return fmt.Errorf("holds %q, which has no place in a name or sentence", r)
		}
	}
	if low := strings.ToLower(s); strings.Contains(low, "://") || strings.Contains(low, "www.") {
		return fmt.Errorf("holds an address")
	}
	own, held, stray := 0, 0, ""
	for _, w := range words(s) {
		switch {
		case slices.Contains(amounts, w):
			return fmt.Errorf("claims an amount (%q) that no figure backs", w)
		case slices.Contains(plain, w):
			continue
		}
		own++
		if v.held[beginning(w)] > 0 {
			held++
		} else if stray == "" {
			stray = w
		}
	}
	if float64(held) < share*float64(own) {
		return fmt.Errorf("holds %q, which the records do not", stray)
	}
	return nil
}

// label checks a group's name. Two thirds of its words have to be the records'
// own, since a name may draw together what several records say; and one of them
// that of two records, so that no single record names a group.
func (v vocabulary) label(s string) error {
	n := len(strings.Fields(s))
	switch {
	case n == 0:
		return fmt.Errorf("is empty")
	case n > maxLabelWords || utf8.RuneCountInString(s) > maxLabelRunes:
		return fmt.Errorf("is longer than %d words", maxLabelWords)
	}
	if err := v.free(s, 0); err != nil { // says more than what the records lack
		return err
	}
	content := false
	for _, w := range words(s) {
		content = content || v.held[beginning(w)] >= min(2, v.records) && !slices.Contains(plain, w)
	}
	if !content {
		return fmt.Errorf("has no word that the records share")
	}
	return v.free(s, 2.0/3)
}

// before checks the words before a quote: each of them plain or the records' own.
func (v vocabulary) before(s string) error {
	if len(strings.Fields(s)) > maxBeforeWords || utf8.RuneCountInString(s) > maxBeforeRunes {
		return fmt.Errorf("is longer than %d words", maxBeforeWords)
	}
	return v.free(s, 1)
}

// quote finds a model's quote in its record, word for word.
func quote(r *evidence.Record, text string) (evidence.Quote, error) {
	if utf8.RuneCountInString(text) > maxQuoteRunes {
		return evidence.Quote{}, fmt.Errorf("is longer than %d characters", maxQuoteRunes)
	}
	span, ok := evidence.Locate(r.Text, strings.TrimSpace(text))
	if !ok {
		return evidence.Quote{}, fmt.Errorf("does not stand in the record word for word")
	}
	if r.Masked(span.Start, span.End) {
		return evidence.Quote{}, fmt.Errorf("touches what is masked")
	}
	q, ok := r.Quote(span.Start, span.End)
	if !ok {
		return q, fmt.Errorf("does not stand in the record word for word")
	}
	return q, evidence.CheckQuote(r, q)
}
