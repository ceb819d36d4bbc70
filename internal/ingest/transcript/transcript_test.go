package transcript_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/evidence"
	"roleos/internal/ingest/talk"
	"roleos/internal/ingest/transcript"
)

// brief writes a record on one line: "id speaker @at (thread): text".
func brief(records []evidence.Record) string {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(r.ID)
		for _, f := range r.Fields {
			fmt.Fprintf(&b, " %s=%s", f.Name, f.Value)
		}
		if r.Origin.Thread != "" {
			fmt.Fprintf(&b, " (%s)", r.Origin.Thread)
		}
		if r.Origin.Heading != "" {
			fmt.Fprintf(&b, " [%s]", r.Origin.Heading)
		}
		fmt.Fprintf(&b, " %s: %s\n", r.Origin.Speaker, strings.ReplaceAll(r.Text, "\n", "⏎"))
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ name, ext, format, text, want string }{
		{
			"voice tags, also in the middle of a cue", "vtt", transcript.VTT,
			"WEBVTT - sample\n\nNOTE made up\n\nSTYLE\n::cue{}\n\nid-1\n00:00:01.000 --> 00:00:03.500 align:start\n<v.loud Ada Sample>We need <i>one</i> export &amp; a filter.</v>\n<v Bo Sample>No,\ntwo.</v>\n\n01:00:00.000 --> 01:00:02.000\n<v Bo Sample>Later.</v>\n",
			"1 at=00:00:01 until=00:00:03 Ada Sample: We need one export & a filter.\n2 at=00:00:01 until=00:00:03 Bo Sample: No, two.\n3 at=01:00:00 until=01:00:02 Bo Sample: Later.\n",
		},
		{
			"names before a colon, a cue without one goes on", "vtt", transcript.VTT,
			"WEBVTT\n\n1\n00:01.000 --> 00:02.000\nAda Sample (PM): Hello: all\n\n2\n00:02.000 --> 00:04.000\nand welcome.\n\n3\n00:05.000 --> 00:06.000\nbo.eth: Hi.\n",
			"1 at=00:00:01 until=00:00:04 Ada Sample (PM): Hello: all and welcome.\n2 at=00:00:05 until=00:00:06 bo.eth: Hi.\n",
		},
		{
			"no speakers at all", "vtt", transcript.VTT,
			"WEBVTT\n\n00:01.000 --> 00:02.000\nThe plan is this: we go.\n\n00:30.000 --> 00:31.000\nAnd then we stop.\n",
			"1 at=00:00:01 until=00:00:02 : The plan is this: we go.\n2 at=00:00:30 until=00:00:31 : And then we stop.\n",
		},
		{
			"SubRip, without the name", "txt", transcript.SRT,
			"1\r\n00:00:01,000 --> 00:00:02,000\r\nAda: We sell it.\r\n\r\n2\r\n00:00:02,500 --> 00:00:04,000\r\nBo: To whom?\r\n",
			"1 at=00:00:01 until=00:00:02 Ada: We sell it.\n2 at=00:00:02 until=00:00:04 Bo: To whom?\n",
		},
		{
			"Zoom's chat with a reply and a reaction", "txt", transcript.Zoom,
			"00:01:34\tAda Sample:\tCan we have two exports,\r\none each?\r\n00:02:10\tBo:\tReacted to \"Can we have two exp...\" with 👍\r\n00:02:21\tBo:\tReplying to \"Can we have two exp...\"\r\n\r\nNo, one.\r\n00:02:30\tCy:\tReplying to \"gone\"\n\nWell.",
			"1 at=00:01:34 (1) Ada Sample: Can we have two exports,\r⏎one each?\n2 at=00:02:21 (1) Bo: No, one.\n3 at=00:02:30 reply_to=gone Cy: Well.\n",
		},
		{
			"Zoom's saved chat", "txt", transcript.Zoom,
			"14:05:03 From  Ada Sample  to  Everyone : hi\n2026-02-03 14:06:03 From Bo To Ada Sample(Direct Message):\n\tjust us\n",
			"1 at=14:05:03 Ada Sample: hi\n2 to=Ada Sample(Direct Message) Bo: just us\n",
		},
		{
			"plain names", "txt", transcript.Plain,
			"Ada: We need an export. \nBo: Why: for whom?\nAda: For finance.\nIt is urgent.\n\nBo: Fine.\n",
			"1 Ada: We need an export.\n2 Bo: Why: for whom?\n3 Ada: For finance.⏎It is urgent.\n4 Bo: Fine.\n",
		},
		{
			"stamped names", "txt", transcript.Plain,
			"[00:12:03] Ada Sample: We need it.\n[00:12:09] Bo: No.\nCy (00:12:11): Yes.\n",
			"1 at=00:12:03 Ada Sample: We need it.\n2 at=00:12:09 Bo: No.\n3 at=00:12:11 Cy: Yes.\n",
		},
		{
			"names above the text", "txt", transcript.Plain,
			"Ada Sample  0:03\nWe need it by May.\n\nBo Sample  1:02:10\nWe cannot.\nNot by May.\n\nAnd not by June.\n",
			"1 at=00:00:03 Ada Sample: We need it by May.\n2 at=01:02:10 Bo Sample: We cannot.⏎Not by May.⏎⏎And not by June.\n",
		},
		{
			"notes in Markdown", "md", transcript.Markdown,
			"---\ntags: x\n---\n# Sync\n### Date: Friday, Oct 2 2020, 14:00 UTC\n\n## [Pricing](https://example.org)\n[Timestamp: 3:15](https://example.org)\n\n**Ada:** We take the flat fee.\n\n**Bo**: And the seats?\n\n**Status:** open\n\n- [ ] Bo asks finance\n- [x] done\n  with it\n\n| who | what |\n|---|---|\n| Bo | asks |\n\n```\ncode\n```\nPara one\ngoes on.\n\n** **\n\n## Next\n**Ada**:\n* send it\n",
			"1 at=00:03:15 [Pricing] Ada: We take the flat fee.\n2 at=00:03:15 [Pricing] Bo: And the seats?\nL14 at=00:03:15 [Pricing] : **Status:** open\nL16 at=00:03:15 done=no [Pricing] : Bo asks finance\nL17 at=00:03:15 done=yes [Pricing] : done⏎  with it\nL20 at=00:03:15 [Pricing] : | who | what |\nL22 at=00:03:15 [Pricing] : | Bo | asks |\nL27 at=00:03:15 [Pricing] : Para one⏎goes on.\nL34 at=00:03:15 [Next] Ada: send it\n",
		},
		{
			"sales notes: words before a colon are no speakers", "txt", transcript.Notes,
			"Call with Acme about the renewal of their contract in May.\n\nBudget: they have forty thousand for it this year.\n\nRisk: the export is too slow for their finance team.\n",
			"L1 : Call with Acme about the renewal of their contract in May.\nL3 : Budget: they have forty thousand for it this year.\nL5 : Risk: the export is too slow for their finance team.\n",
		},
		{
			"JSON as some tools write it", "json", transcript.JSON,
			`{"meta":{"speakers":["a"]},"meeting_transcripts":[` + "\n" + `{"speaker":"Ada","content":"We need it."},` + "\n" + `{"speaker":"Bo","content":"{vocalsound}"},{"speaker":"Bo","content":" "},{"speaker":"Cy","content":"Why ?"}]}`,
			"1 Ada: We need it.\n2 Bo: {vocalsound}\n4 Cy: Why ?\n",
		},
		{
			"JSON with milliseconds", "json", transcript.JSON,
			`[{"speaker":1,"text":"One thing.","start":0},{"speaker":2,"text":"Another.","start":3723000}]`,
			"1 at=00:00:00 Speaker 1: One thing.\n2 at=01:02:03 Speaker 2: Another.\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			format := transcript.Detect(c.ext, c.text)
			if format != c.format {
				t.Fatalf("Detect = %q, want %q", format, c.format)
			}
			got, err := transcript.Parse(format, c.text, talk.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, brief(got.Records)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatIsNoTalkIsLeftToOthers(t *testing.T) {
	for _, c := range []struct{ name, ext, text string }{
		{"table", "csv", "speaker,text\nAda,We need it\n"},
		{"table in a text file", "txt", "id\ttext\n1\tone thing they said\n2\tanother thing\n"},
		{"one text a line", "txt", "the export is slow\nthe import is slow\nnothing works\n"},
		{"JSON of tickets", "json", `[{"id":1,"author":"ada","text":"the export is slow"}]`},
		{"JSON lines", "jsonl", `{"speaker":"Ada","text":"one"}` + "\n"},
		{"semicolons", "txt", "id;text;plan;when\n\n1;the export is slow for all of us;pro;2026-01-01\n"},
	} {
		if f := transcript.Detect(c.ext, c.text); f != "" {
			t.Errorf("%s: taken for %s", c.name, f)
		}
	}
}

func TestDateOfAMeetingIsTakenFromTheNotes(t *testing.T) {
	for text, want := range map[string]string{
		"# A\n### Meeting Date/Time: Friday, March 29, 2019 14:00 UTC\nwe met": "2019-03-29 14:00",
		"**Date:** 2026-03-01\n\nwe met":                                       "2026-03-01 00:00",
		"- When: Thursday 15 August 2019 at 22:00 UTC\n- we met":               "2019-08-15 22:00",
		"# A\nDate: Friday, Feb 5th, 2020 14:00 UTC\n\nwe met":                 "2020-02-05 14:00",
		"Date: 3/4/2026\n\nwe met":                                             "0001-01-01 00:00",
		"The date: nobody knows\n\nwe met":                                     "0001-01-01 00:00",
	} {
		got, err := transcript.Parse(transcript.Markdown, text, talk.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Records[len(got.Records)-1].Time.Format("2006-01-02 15:04"); s != want {
			t.Errorf("%q is dated %s, want %s", text, s, want)
		}
	}
}

func TestLimitsRefuse(t *testing.T) {
	for name, l := range map[string]talk.Limits{"more messages": {Items: 1}, "more than 4 bytes": {TextBytes: 4}} {
		for _, c := range [][2]string{{transcript.Plain, "Ada: one thing\nBo: two things\nAda: three\n"}, {transcript.VTT, "00:01.000 --> 00:02.000\n<v A>one thing\n\n00:03.000 --> 00:04.000\n<v B>two things\n"}} {
			if _, err := transcript.Parse(c[0], c[1], l); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error = %v, want %q in it", c[0], err, name)
			}
		}
	}
}

// FuzzParse asks that every text is read or refused, and that what the plain
// forms give stands in the file as it is.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>one <b>thing</b>\n", "1\n00:00:01,000 --> 00:00:02,000\nAda: one\n", "00:01:34\tAda:\thi\n00:01:35\tBo:\tReplying to \"hi\"\n\nyes",
		"**Ada:** one\n- [ ] two\n# h\n| a | b |\n", "Ada: one\nBo: two\nAda: three\nBo: four", "[{\"speaker\":\"a\",\"text\":\"b\",\"start\":1e300}]", "> q\n>> r\n---\nx\n===\n```\n", "Ada  0:03\nhi\n\nBo  0:04\nyo",
	} {
		for _, ext := range []string{"vtt", "srt", "txt", "md", "json"} {
			f.Add(ext, s)
		}
	}
	f.Fuzz(func(t *testing.T, ext, text string) {
		text = strings.ToValidUTF8(text, "?")
		format := transcript.Detect(ext, text)
		if format == "" {
			return
		}
		got, err := transcript.Parse(format, text, talk.Limits{Items: 10_000, TextBytes: 1 << 16})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range got.Records {
			if r.Text == "" || seen[r.ID] {
				t.Fatalf("record %q: %q", r.ID, r.Text)
			}
			seen[r.ID] = true
			if format != transcript.VTT && format != transcript.SRT && format != transcript.JSON && !strings.Contains(text, r.Text) {
				t.Fatalf("%q is not in the file", r.Text)
			}
		}
	})
}
