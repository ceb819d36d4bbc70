// Package transcript reads what was said in a meeting: WebVTT, SRT, Zoom's chat,
// "Name: text" in its many spellings, transcripts in JSON, and Markdown notes.
//
// It decides who speaks, which lines are one turn and when it was said. The text
// of a turn is the file's own, byte for byte, except that the lines of several
// cues are joined by a space. It never guesses a speaker and never turns an
// offset into a date that the file does not state.
package transcript
