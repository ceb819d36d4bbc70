package columns_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/tabular"
)

func TestParseReadsTheFormsThatExportsUse(t *testing.T) {
	for cell, want := range map[string]string{
		"2026-03-04":                          "2026-03-04T00:00:00Z",
		"2026-03-04 05:06:07":                 "2026-03-04T05:06:07Z",
		"2026-03-04T05:06:07Z":                "2026-03-04T05:06:07Z",
		"2026-03-04T05:06:07.123+02:00":       "2026-03-04T03:06:07.123Z",
		"2026-03-04 05:06:07 -0500":           "2026-03-04T10:06:07Z",
		"2026-03-04 05:06:07 UTC":             "2026-03-04T05:06:07Z",
		"2026/3/4 5:06":                       "2026-03-04T05:06:00Z",
		"04.03.2026":                          "2026-03-04T00:00:00Z",
		"4.3.26, 14:05 Uhr":                   "2026-03-04T14:05:00Z",
		"3/4/2026":                            "2026-03-04T00:00:00Z",
		"3/14/2025 1:20":                      "2025-03-14T01:20:00Z",
		"25/12/2025 11:59 PM":                 "2025-12-25T23:59:00Z",
		"12/25/2025 12:05 AM":                 "2025-12-25T00:05:00Z",
		"Mar 4, 2026 5:06 PM":                 "2026-03-04T17:06:00Z",
		"4 March 2026":                        "2026-03-04T00:00:00Z",
		"04-Mar-2026 05:06":                   "2026-03-04T05:06:00Z",
		"March 4th, 2026":                     "2026-03-04T00:00:00Z",
		"4. März 2026":                        "2026-03-04T00:00:00Z",
		"4 de marzo de 2026":                  "2026-03-04T00:00:00Z",
		"4 août 2026":                         "2026-08-04T00:00:00Z",
		"Wed, 04 Mar 2026 05:06:07 GMT":       "2026-03-04T05:06:07Z",
		"Tue Oct 31 22:10:47 +0000 2017":      "2017-10-31T22:10:47Z",
		"1772600767":                          "2026-03-04T05:06:07Z",
		"1772600767000":                       "2026-03-04T05:06:07Z",
		"20260304":                            "2026-03-04T00:00:00Z",
		"46085.5":                             "2026-03-04T12:00:00Z",
		"mercredi 4 mars 2026":                "2026-03-04T00:00:00Z",
		"Wednesday, March 4, 2026 at 5:06 PM": "2026-03-04T17:06:00Z",
	} {
		st, ok := columns.Parse(cell)
		if got := st.Time(columns.MonthFirst).Format(time.RFC3339Nano); !ok || got != want {
			t.Errorf("Parse(%q) = %s, %v, want %s", cell, got, ok, want)
		}
	}
}

func TestParseRefusesWhatIsNoTime(t *testing.T) {
	for _, cell := range []string{
		"", "1", "2026", "31/31/2026", "2026-13-01", "2026-02-30", "12:30", "hello", "march", "1.2.3.4", "10.0.0.1", "may be later", "$12/25/2025",
		"123456", "99999999999", "2026-03-04 25:00:00", "555-123-4567", "Q1 2026", "5 stars", "3/4", "1-2-3-4", "v1.2.2026x", "2026-03-04 05:06 nonsense",
	} {
		if st, ok := columns.Parse(cell); ok {
			t.Errorf("Parse(%q) = %v, want no time", cell, st.Time(columns.MonthFirst))
		}
	}
}

func TestParseReadsWhatGoWrites(t *testing.T) {
	layouts := []string{time.RFC3339, time.DateTime, time.RFC1123, time.RFC1123Z, time.RubyDate, time.UnixDate, "2 Jan 2006 15:04:05", "Jan 2, 2006 3:04:05 PM", "02.01.2006 15:04:05"}
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(631152000, 4102444800).Draw(t, "unix"), 0).UTC()
		cell := want.Format(rapid.SampledFrom(layouts).Draw(t, "layout"))
		if st, ok := columns.Parse(cell); !ok || !st.Time(columns.MonthFirst).Equal(want) {
			t.Fatalf("Parse(%q) = %v, %v, want %v", cell, st.Time(columns.MonthFirst), ok, want)
		}
	})
}

func TestScoresAreRead(t *testing.T) {
	for cell, want := range map[string]float64{"4": 4, "4,5": 4.5, "4/5": 4, "5 stars": 5, "★★★☆☆": 3, "10 - extremely likely": 10, "2 – Very critical": 2, "-1": -1, "80%": 80} {
		if got, ok := columns.ParseScore(cell); !ok || got != want {
			t.Errorf("ParseScore(%q) = %v, %v, want %v", cell, got, ok, want)
		}
	}
	for _, cell := range []string{"", "good", "5 people were there", "n/a", "★ five", "1.2.3"} {
		if got, ok := columns.ParseScore(cell); ok {
			t.Errorf("ParseScore(%q) = %v, want none", cell, got)
		}
	}
}

// detect profiles a table written as lines of cells separated by "|".
func detect(t *testing.T, header string, line func(i int) string, n int) *columns.Layout {
	t.Helper()
	var cols []tabular.Column
	for name := range strings.SplitSeq(header, "|") {
		cols = append(cols, tabular.Column{Name: name})
	}
	p := columns.NewProfile(cols)
	for i := range n {
		p.Add(strings.Split(line(i), "|"))
	}
	l, err := p.Detect(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNamesInFourLanguages(t *testing.T) {
	line := func(i int) string {
		return strings.Join([]string{
			"T" + strings.Repeat("1", i%7+1) + string(rune('a'+i%26)) + string(rune('a'+i/26)), "2026-01-0" + string(rune('1'+i%9)),
			[]string{"mail", "chat"}[i%2], []string{"a", "b", "c"}[i%3], string(rune('0' + i%11%10)), "Firma " + string(rune('A'+i%20)), "words " + strings.Repeat("x", i) + " that differ each time",
		}, "|")
	}
	for _, header := range []string{
		"ticket_id|created_at|channel|plan|nps|customer|message",
		"Ticketnummer|Erstellt am|Kanal|Tarif|Bewertung|Kunde|Nachricht",
		"Référence|Date de création|Canal|Forfait|Note globale|Client|Commentaire",
		"Referencia|Fecha|Canal|Categoría|Puntuación|Cliente|Comentario",
		"ticket.id|ticket.createdAt|ticket.source|user.plan|survey.score|user.company|ticket.body",
	} {
		l := detect(t, header, line, 60)
		if l.ID != 0 || l.Time != 1 || l.Channel != 2 || len(l.Segments) != 1 || l.Segments[0] != 3 || l.Score != 4 || l.Account != 5 || l.Text != 6 {
			t.Errorf("%s: %+v", header, l.Columns)
		}
	}
}

func TestStructuredDataHasNoText(t *testing.T) {
	l := detect(t, "account|street address|amount|status|point", func(i int) string {
		return strings.Join([]string{"A" + strings.Repeat("9", i%9), strings.Repeat("1", i%4+1) + " NORTH STREET WEST SIDE " + string(rune('A'+i%26)), "12.5", []string{"open", "closed"}[i%2], "POINT (-73.88 40.65)"}, "|")
	}, 80)
	if l.Text >= 0 {
		t.Errorf("text = %s", l.Columns[l.Text].Name)
	}
	if l.Nearest < 0 {
		t.Error("no column to suggest")
	}
}

func TestLabelsThatHardlyRepeatAreNoSegment(t *testing.T) {
	l := detect(t, "category|text", func(i int) string {
		return "label " + strings.Repeat("a", i%60) + "|a text with number " + strings.Repeat("b", i)
	}, 200)
	if len(l.Segments) != 0 {
		t.Errorf("60 labels in 200 rows became a segment")
	}
}

func TestWrongMappingNamesWhatThereIs(t *testing.T) {
	p := columns.NewProfile([]tabular.Column{{Name: "id"}, {Name: "my text", Aliases: []string{"Q1"}}, {Name: "it's"}})
	p.Add([]string{"1", "words of theirs", "x"})
	_, err := p.Detect(map[string]string{"body": "my text", "text": "gone", "segment": "lost,id"}, nil)
	want := `--map: no such role: "body"; no such column: "lost" (for segment), "gone" (for text)` +
		"\nRoles are text, title, id, time, segment, channel, score, account.\nColumns are id, 'my text', 'it'\\''s'."
	if err == nil || err.Error() != want { // all at once: nobody wants to be told one by one
		t.Errorf("%v", err)
	}
	l, err := p.Detect(map[string]string{"text": "q1"}, nil)
	if err != nil || l.Text != 1 || l.Columns[1].Why != "given" {
		t.Errorf("by alias: %v %+v", err, l)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-03-04T05:06:07Z", "3/4/2026 5 PM", "4. März 2026", "1772600767.5", "+", "a:b", "1:2:3:4", "-", "00/00/0000", "gmt+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if st, ok := columns.Parse(s); ok {
			for _, o := range []columns.Order{columns.MonthFirst, columns.DayFirst} {
				if y := st.Time(o).Year(); y < 1899 || y > 2201 {
					t.Errorf("Parse(%q) = year %d", s, y)
				}
			}
		}
		columns.Forced(s)
		columns.ParseScore(s)
	})
}
