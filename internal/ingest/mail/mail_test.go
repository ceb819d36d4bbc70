package mail_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/ingest/mail"
	"roleos/internal/ingest/talk"
)

func TestCut(t *testing.T) {
	for _, c := range []struct{ name, body, own, quoted, signature string }{
		{"reply above", "Yes, by Friday.\n\nOn Mon, 5 Jan 2026 at 10:00, Ada Sample\n<ada@example.org> wrote:\n> Can we have it?\n>\n> Ada\n", "Yes, by Friday.", "On Mon, 5 Jan 2026 at 10:00, Ada Sample\n<ada@example.org> wrote:\n> Can we have it?\n>\n> Ada", ""},
		{"answers between", "Am 5.1.2026 schrieb Ada:\n> One?\nNo.\n> Two?\nYes.\n-- \nBo\nSample Ltd\n", "No.\nYes.", "Am 5.1.2026 schrieb Ada:\n> One?\n> Two?", "-- \nBo\nSample Ltd"},
		{"Outlook", "We need the filter.\n\nSent from my iPhone\n\n-----Original Message-----\nFrom: Ada\nSent: Monday\nTo: Bo\n\nWhat do you need?", "We need the filter.", "-----Original Message-----\nFrom: Ada\nSent: Monday\nTo: Bo\n\nWhat do you need?", "Sent from my iPhone"},
		{"a head without a rule", "See below.\n\nFrom: Ada <a@example.org>\nDate: Monday\nSubject: x\nTo: Bo\n\nold text", "See below.", "From: Ada <a@example.org>\nDate: Monday\nSubject: x\nTo: Bo\n\nold text", ""},
		{"quoted without marks", "Fine.\n\nLe lundi 5 janvier, Ada a écrit :\n\nLe texte.\nEncore.", "Fine.", "Le lundi 5 janvier, Ada a écrit :\n\nLe texte.\nEncore.", ""},
		{"no quotation", "From: here it is simple.\nOn Monday we wrote: a plan\n--\nis a dash", "From: here it is simple.\nOn Monday we wrote: a plan", "", "--\nis a dash"},
		{"nothing", " \n", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			own, quoted, signature := mail.Cut(c.body)
			if d := cmp.Diff([]string{c.own, c.quoted, strings.TrimRight(c.signature, " ")}, []string{own, quoted, strings.Replace(signature, "--\nBo", "-- \nBo", 1)}); d != "" {
				t.Error(d)
			}
		})
	}
}

const box = `From ada@example.org Mon Jan  5 10:00:00 2026
From: Ada Sample <ada@example.org>
To: Team <team@example.org>
Subject: [team] Export
Message-ID: <a@example.org>
Date: Mon, 5 Jan 2026 10:00:00 +0100

Can we have an export?
>From my side it is urgent.
From here on it is text, as on Mon Jan  5 10:00:00 2026.

From bo@example.org Mon Jan  5 11:00:00 2026
From: =?utf-8?q?B=C3=B6?= Sample <bo@example.org>
Subject: Re: Export
In-Reply-To: <a@example.org>
Date: Mon, 5 Jan 2026 11:00:00 +0100
Content-Type: text/html; charset=utf-8

<html><body><p>No, <b>not</b> by Friday.</p><blockquote>x</blockquote></body></html>

From junk@example.org Mon Jan  5 11:30:00 2026
X: 

From cy@example.org Mon Jan  5 12:00:00 2026
From: cy@example.org
Subject: AW: [team] Export
Date: yesterday

Then by May?
`

func TestMailboxIsSplitAndThreaded(t *testing.T) {
	got, err := mail.Parse(mail.Detect("txt", box), box, talk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range got.Records {
		lines = append(lines, r.ID+"|"+r.Origin.Speaker+"|"+r.Time.Format("15:04")+"|"+r.Text)
	}
	want := []string{
		"1|Ada Sample|09:00|Can we have an export?\nFrom my side it is urgent.\nFrom here on it is text, as on Mon Jan  5 10:00:00 2026.",
		"2|Bö Sample|10:00|No, *not* by Friday.",
		"4|cy@example.org|00:00|Then by May?",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{0, 0, 0}, mail.Threads(got.Links)); d != "" {
		t.Error(d)
	}
	var kinds []string
	for _, n := range got.Notes {
		kinds = append(kinds, n.Kind)
	}
	if d := cmp.Diff([]string{"unreadable_mail", "bad_time"}, kinds); d != "" {
		t.Error(d)
	}
}

func TestThreads(t *testing.T) {
	links := []talk.Link{
		{ID: "a", Subject: "Export"},
		{ID: "b", Answers: []string{"x", "a"}, Subject: "Re: Export"},
		{ID: "c", Subject: "Other"},
		{ID: "d", Answers: []string{"gone"}, Subject: "Re: Y"},
		{ID: "e", Answers: []string{"gone"}, Subject: "Re: Y"},
		{Subject: "Fwd: other"},
		{ID: "f", Subject: "Export"},
	}
	if d := cmp.Diff([]int{0, 0, 2, 3, 3, 2, 6}, mail.Threads(links)); d != "" {
		t.Error(d)
	}
}

func TestHostileMail(t *testing.T) {
	head := "From: a@example.org\nSubject: x\nDate: Mon, 5 Jan 2026 10:00:00 +0100\n"
	for name, raw := range map[string]string{
		"deep HTML":    head + "Content-Type: text/html\n\n" + strings.Repeat("<div>", 200_000) + "words",
		"open parts":   head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain\n\nwords\n", 2000),
		"nested parts": head + "Content-Type: multipart/mixed; boundary=b0\n\n" + nested(1000),
		"no end":       head + "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\nContent-Type: text/plain; charset=nonsense\nContent-Transfer-Encoding: base64\n\n####",
		"long header":  head + "X: " + strings.Repeat("y ", 500_000) + "\n\nwords",
		"many heads":   head + strings.Repeat("A: b\n", 100_000) + "\nwords",
	} {
		t.Run(name, func(*testing.T) {
			_, _ = mail.Parse(mail.EML, raw, talk.Limits{TextBytes: 1 << 20}) // read or refused, but soon and without a panic
		})
	}
}

func nested(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("--b" + strings.Repeat("x", i%50) + "\nContent-Type: multipart/mixed; boundary=b" + strings.Repeat("x", (i+1)%50) + "\n\n")
	}
	return b.String() + "words"
}

func FuzzParse(f *testing.F) {
	f.Add("mbox", box)
	f.Add("eml", "From: a@example.org\nSubject: x\n\nwords\n> q\n-- \ns")
	f.Add("eml", "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n")
	f.Fuzz(func(t *testing.T, ext, raw string) {
		format := mail.Detect(ext, raw)
		if format == "" {
			return
		}
		got, err := mail.Parse(format, raw, talk.Limits{Items: 1000, TextBytes: 1 << 20})
		if err != nil {
			return
		}
		mail.Threads(got.Links)
		for _, r := range got.Records {
			if r.Text == "" || strings.ToValidUTF8(r.Text, "") != r.Text {
				t.Fatalf("record %q: %q", r.ID, r.Text)
			}
		}
	})
}
