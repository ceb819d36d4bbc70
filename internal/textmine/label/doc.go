// Package label puts words to themes: what a group of texts is called, the one
// sentence that states its problem, the quotes that stand for it, how far it can
// be trusted, and how much trouble a text expresses.
//
// It decides from the texts, the theme of each text and the signals of the
// grouping, nothing else. The same input gives the same output on every machine
// and at any GOMAXPROCS; all functions are pure and safe for concurrent use.
//
// It never groups texts, never edits a quoted word, never reads a file or a
// clock, and holds no word list of any one product or data set: its lists are
// general English. Texts in other languages get labels and quotes, too, but
// their grammar words are told only by being common to all themes, and they have no
// [Intensity]; of the acts in [State] they have the question.
//
// Offsets are bytes, relative to the text of a [Text], half open, and on the
// boundary of a UTF-8 sequence wherever the text is valid UTF-8. Phrases read no redacted
// range (Text.Skip), and a quote holds one only when there is no other.
//
//	ps, wording := label.Describe(texts, theme, k)   // phrases per theme
//	name := label.Name(ps[c])                        // "Card payment declined · fee"
//	says := label.State(central, texts, ps[c])       // Customers ask: “…”
//	p, level := label.ConfidenceWith(signals, wording[c])
package label
