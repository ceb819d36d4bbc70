// Package discourse reads what people said to each other: it cuts turns into
// sentences, says what each sentence does (asks, promises, proposes, decides,
// assigns, worries, wonders), who said it, who is for and against what, and
// where two of them stand against each other.
//
// It decides by general linguistic cues alone (modality, person, performatives,
// question form, idioms of minutes, place in the conversation), names the cue of
// everything it reports and gives it a score. It never reads files, never keeps a
// statement that does not stand in a turn word for word, never merges two people
// on a bare first name that several share, and never settles a conflict.
package discourse
