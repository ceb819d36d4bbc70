// Package ingest turns what a team has into records with their origin: tables,
// meetings, chats, mails, notes and feeds, one file or a folder that mixes them.
//
// It decides what each file is by its content first and its name second, what
// the columns of a table mean, which rows are set aside and what a reader must
// know about the data. It never drops a row in silence, never cuts what exceeds
// a limit, never changes a text other than by masking personal data in place,
// and never reaches for the network itself.
//
//	bytes -> decode (encoding) -> tabular (rows) -> columns (meaning) -> records -> redact (masks)
//	bytes -> parquet (rows) -> columns -> records -> redact
//	bytes -> transcript | chat | mail | feed | docx -> talk (what was said, by whom, when) -> records -> redact
//
// A record of a conversation is named after its file and its place in it:
// "standup.vtt#12" is turn 12, "notes.md#L40" the note on line 40, "in.mbox#3" the
// third mail, "ask.eml" a mail that is the file. Slack's messages keep channel and
// time stamp ("C061/1467331200.000100"), items of feeds the beginning of a digest of their guid.
package ingest
