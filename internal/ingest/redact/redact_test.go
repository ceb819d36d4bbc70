package redact_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"roleos/internal/ingest/redact"
)

func TestPersonalDataIsMaskedInPlace(t *testing.T) {
	cases := map[string]string{
		"write to jane@x.com please":                          "write to [mail****] please",
		"jane.doe+shop@mail.example.co.uk.":                   "[mail**************************].",
		"a@b.co":                                              "[mail]",
		"<jürgen@müller.de>":                                  "<[mail************]>",
		"call +49 30 1234567 now":                             "call [phone*******] now",
		"+44 (0)20 7946 0958":                                 "[phone************]",
		"(977) 625-2661":                                      "[phone*******]",
		"977-625-2661 x4":                                     "[phone********]",
		"1-800-555-0199":                                      "[phone*******]",
		"986.291.2294x751":                                    "[phone*********]",
		"0171 1234567":                                        "[phone*****]",
		"06 12 34 56 78":                                      "[phone*******]",
		"030/1234567":                                         "[phone****]",
		"my phone number is 3348917502":                       "my phone number is [phone***]",
		"call me at 69 987 88 37":                             "call me at [phone*****]",
		"card 4556156821609393 was":                           "card [card**********] was",
		"card 4556-1568-2160-9393.":                           "card [card*************].",
		"amex 3782 822463 10005":                              "amex [card***********]",
		"IBAN DE89 3704 0044 0532 0130 00":                    "IBAN [iban*********************]",
		"pay gb82west12345698765432":                          "pay [iban****************]",
		"from 58.74.121.78 today":                             "from [ip********] today",
		"from 2001:db8::8a2e:370:7334,":                       "from [ip*******************],",
		"key sk-proj-a8Fk29dKq03LmZx81Tb7":                    "key [key***********************]",
		"token ghp_16C7e42F292c6912E7710c838347Ae178B4a.":     "token [key***********************************].",
		"AKIAIOSFODNN7EXAMPLE":                                "[key***************]",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-m": "[key**********************************************]",
		"api_key=9f8a7b6c5d4e3f2a1b0c":                        "api_key=[key***************]",
		"password: hunter2x9q":                                "password: [key*****]",
		"reach the server 203.0.113.77 from":                  "reach the server [ip********] from",
		"Server: 203.0.113.77":                                "Server: [ip********]",
		"whatsapp 203.0.113.77 is":                            "whatsapp [ip********] is",
		"driver 203.0.113.77, csv 203.0.113.7":                "driver [ip********], csv [ip*******]",
		"card 4111\u00a01111\u00a01111\u00a01111.":            "card [card****************].",
		"4111.1111.1111.1111":                                 "[card*************]",
		"4111 1111\n1111 1111":                                "[card*************]",
		"4111\r\n1111\r\n1111\r\n1111":                        "[card****************]",
		"card4111111111111111end":                             "card[card**********]end",
		"card_4111111111111111_":                              "card_[card**********]_",
		"pan,4111111111111111,":                               "pan,[card**********],",
		"jane\uff20x.com":                                     "[mail******]",
		"postgres://u:p4ss@host/db":                           "postgres://[key*]@host/db",
		"https://bob:hunter2/x@host.com":                      "https://[key********]@host.com",
		"two: a@b.io, c@d.io":                                 "two: [mail], [mail]",
	}
	for in, want := range cases {
		got, masks := redact.Text(in)
		if got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, want)
		}
		if len(masks) == 0 {
			t.Errorf("Text(%q) reports no mask", in)
		}
	}
}

func TestWhatIsNotPersonalDataStays(t *testing.T) {
	for _, in := range []string{
		"order 3348917502 is late", "Order ID: 3348917502", "ticket #100234567890", "on 2024-01-05 at 10:30:15", "01.02.2024 12:30",
		"3/14/2025 1:20", "from 12/27/1986 to 12/1/1977", "1998-06-28 14:48:14", "it cost $1,234,567.89", "10 000 000 EUR", "1.234.567,89",
		"version 1.2.3.4 crashed", "v10.0.0.1", "Chrome 91.0.4472.124", "at 127.0.0.1", "std::vector<int>", "12:30:45", "aa:bb:cc:dd:ee:ff",
		"@115712 thanks", "pkg@1.2.3", "user@localhost", "1234 5678 9012 3456", "4556156821609394", "3.14159265358979", "SKU 0012-34567-890A",
		"pi is 0.123456789", "gp:AOqpTOEW40L9WXqCjzq04bqaZImgMdzlczxIF3_ibs8uLg", "9c5b94b1-35ad-49bb-b118-8e8fc24abf80",
		"sk-this-is-a-long-hyphenated-word", "the token expired yesterday", "my password is not accepted", "DE00 1234 5678 9012 3456 78",
		"I paid 200 300 times", "100 200 3000 units", "07/2023 - 08/2024", "call 3 times in 2024", "ISBN 978-3-16-148410-0", "1 2 3 4 5 6 7 8 9",
		"POINT (-73.88182509318824 40.65651333701598)", "37°36'37.8\"N 121°2'17.9\"W", "iphone 12 256 5125", "I recall 12345678", "ver 1.2.3.4", "see Build: 1.2.3.4", "https://host:8080/a@b", "0.4111111111111111", "50% of 10,000,000",
		"", "plain words only", "https://example.org/a/b?c=12345678901234",
	} {
		if got, masks := redact.Text(in); got != in || masks != nil {
			t.Errorf("Text(%q) = %q, want it unchanged", in, got)
		}
	}
}

func TestColumnNameIsContext(t *testing.T) {
	if got, _ := redact.Cell("2095257564", redact.NamesPhone("Contact Phone Number")); got != "[phone***]" {
		t.Errorf("in a phone column: %q", got)
	}
	if got, _ := redact.Cell("2095257564", redact.NamesPhone("Order Number")); got != "2095257564" {
		t.Errorf("in an order column: %q", got)
	}
}

func TestPseudonymIsStableAndDistinct(t *testing.T) {
	a, b := redact.Pseudonym("Jane@x.com"), redact.Pseudonym("jane@x.com ")
	if a != b || len(a) != 13 || !strings.HasPrefix(a, "acct-") {
		t.Errorf("Pseudonym = %q and %q", a, b)
	}
	if a == redact.Pseudonym("joe@x.com") {
		t.Error("two accounts share a pseudonym")
	}
	if !redact.IsMail(" jane@x.com ") || redact.IsMail("to jane@x.com") || redact.IsMail("jane") {
		t.Error("IsMail is wrong")
	}
}

// check states what every masking keeps: length, the bytes outside, order.
func check(t interface{ Fatalf(string, ...any) }, in string) {
	got, masks := redact.Text(in)
	if len(got) != len(in) {
		t.Fatalf("%d bytes became %d: %q", len(in), len(got), in)
	}
	at := 0
	for _, m := range masks {
		if m.Start < at || m.End <= m.Start || m.End > len(in) {
			t.Fatalf("masks out of order: %v in %q", masks, in)
		}
		if got[at:m.Start] != in[at:m.Start] {
			t.Fatalf("bytes outside a mask changed: %q to %q", in, got)
		}
		for i := m.Start; i < m.End; i++ {
			if got[i] >= 0x80 {
				t.Fatalf("mask is not ASCII: %q", got)
			}
		}
		at = m.End
	}
	if got[at:] != in[at:] {
		t.Fatalf("bytes after the last mask changed: %q to %q", in, got)
	}
	if utf8.ValidString(in) && !utf8.ValidString(got) {
		t.Fatalf("masking broke the encoding: %q to %q", in, got)
	}
}

func TestMasksKeepLengthAndEverythingElse(t *testing.T) {
	piece := rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("ab 0123456789+-./()@:_=äßé漢")), 0, 20, -1),
		rapid.SampledFrom([]string{"jane@x.com", "+49 30 1234567", "4556156821609393", "58.74.121.78", "sk-a8Fk29dKq03LmZx81Tb7", "DE89370400440532013000", " call me ", "ä", "x751"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), ""))
	})
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"", "jane@x.com", "call +49 30 1234567", "4556156821609393", "::1 2001:db8::1", "a@b.c.", "-----BEGIN RSA PRIVATE KEY-----", "\xff@\xfe.aa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestMeasuredOnSyntheticSentences(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", "pii", "presidio_generated_small.json"))
	if err != nil {
		t.Skip("SKIPPED: the personal-data test set is not here")
	}
	var set []struct {
		Text  string `json:"full_text"`
		Spans []struct {
			Kind  string `json:"entity_type"`
			Value string `json:"entity_value"`
			Start int    `json:"start_position"`
			End   int    `json:"end_position"`
		} `json:"spans"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"PHONE_NUMBER": redact.Phone, "CREDIT_CARD": redact.Card, "IP_ADDRESS": redact.IP, "EMAIL_ADDRESS": redact.Email, "IBAN_CODE": redact.IBAN}
	found, wanted, masked, right := 0, 0, 0, 0
	for _, s := range set {
		got, masks := redact.Text(s.Text)
		masked += len(masks)
		runes := []rune(s.Text)
		for _, sp := range s.Spans {
			kind, covered := kinds[sp.Kind]
			if !covered {
				continue
			}
			wanted++
			start := len(string(runes[:sp.Start]))
			end := start + len(sp.Value)
			hit := false
			for _, m := range masks {
				if m.Kind == kind && m.Start <= start && m.End >= end {
					hit = true
				}
			}
			if hit {
				found++
				right++
			} else {
				t.Logf("missed %s %q in %q, gave %q", sp.Kind, sp.Value, s.Text, got)
			}
		}
		for _, m := range masks {
			real := false
			for _, sp := range s.Spans {
				start := len(string(runes[:sp.Start]))
				real = real || m.Start < start+len(sp.Value) && start < m.End && kinds[sp.Kind] == m.Kind
			}
			if !real {
				t.Logf("masked %s %q, which is not labelled, in %q", m.Kind, s.Text[m.Start:m.End], s.Text)
			}
		}
	}
	t.Logf("recall %d of %d, precision %d of %d masks", found, wanted, right, masked)
	if found*10 < wanted*9 || right*10 < masked*9 {
		t.Errorf("recall %d/%d or precision %d/%d is below nine in ten", found, wanted, right, masked)
	}
}

// A megabyte that is made to be slow takes about as long as any other.
func BenchmarkHostile(b *testing.B) {
	for name, piece := range map[string]string{
		"mails": "a@b.co ", "groups": "11 ", "calls": "call 11 11 ", "colons": "a1:", "at": "@", "keys": "token:a1b2c3d4 ", "begin": "-----BEGIN PRIVATE KEY", "digits": "1",
	} {
		b.Run(name, func(b *testing.B) {
			s := strings.Repeat(piece, 1<<20/len(piece))
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				redact.Text(s)
			}
		})
	}
}

func BenchmarkText(b *testing.B) {
	texts := map[string]string{
		"plain":  "The export times out again when I pick more than one region and the dashboard stays empty.",
		"digits": "Order 3348917502 from 2024-01-05 cost 1,234.50 and was late by 12 days, ticket 99120.",
		"data":   "Please call me at +49 30 1234567 or write to jane.doe@example.com about card 4556 1568 2160 9393.",
	}
	for name, s := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				redact.Text(s)
			}
		})
	}
}
