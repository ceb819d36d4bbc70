package clock_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"roleos/internal/clock"
)

func workdays() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
}

func everyDay() []time.Weekday { return append(workdays(), time.Saturday, time.Sunday) }

func calendar(t testing.TB, zone string, days []time.Weekday, open, shut int, holidays ...string) clock.Calendar {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	var off []clock.Date
	for _, h := range holidays {
		d, err := clock.ParseDate(h)
		if err != nil {
			t.Fatal(err)
		}
		off = append(off, d)
	}
	c, err := clock.New(z, days, open, shut, off)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(t testing.TB, cal clock.Calendar, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, cal.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDeadlinesFallInWorkingTime(t *testing.T) {
	office := func(t *testing.T) clock.Calendar {
		return calendar(t, "Europe/Berlin", workdays(), 9*60, 17*60, "2026-12-25", "2027-01-01")
	}
	wholeDays := func(t *testing.T) clock.Calendar {
		return calendar(t, "Europe/Berlin", workdays(), 0, clock.Midnight, "2026-12-25", "2027-01-01")
	}
	allDays := func(zone string) func(*testing.T) clock.Calendar {
		return func(t *testing.T) clock.Calendar { return calendar(t, zone, everyDay(), 0, clock.Midnight) }
	}
	for _, c := range []struct {
		name string
		cal  func(*testing.T) clock.Calendar
		from string
		add  time.Duration
		want string
	}{
		{"a day on a Friday ends on Monday", wholeDays, "2026-11-20 16:00", 24 * time.Hour, "2026-11-23 16:00"},
		{"on a Saturday it begins on Monday", wholeDays, "2026-11-21 12:00", 24 * time.Hour, "2026-11-24 00:00"},
		{"a holiday and a weekend do not count", wholeDays, "2026-12-24 18:00", 24 * time.Hour, "2026-12-28 18:00"},
		{"office hours: eight of them are a day", office, "2026-11-20 16:00", 8 * time.Hour, "2026-11-23 16:00"},
		{"office hours: before they open", office, "2026-11-23 06:30", time.Hour, "2026-11-23 10:00"},
		{"office hours: after they close", office, "2026-11-23 19:00", time.Hour, "2026-11-24 10:00"},
		{"the last minute of a day belongs to it", office, "2026-11-23 16:00", time.Hour, "2026-11-23 17:00"},
		{"clocks go forward: the day has 23 hours", allDays("Europe/Berlin"), "2026-03-28 12:00", 24 * time.Hour, "2026-03-29 13:00"},
		{"clocks go back: the day has 25 hours", allDays("Europe/Berlin"), "2026-10-24 12:00", 24 * time.Hour, "2026-10-25 11:00"},
		{"clocks go forward between two office days: nine is nine", office, "2026-03-27 09:00", 8*time.Hour + time.Minute, "2026-03-30 09:01"},
		{"a zone half an hour off", allDays("Asia/Kolkata"), "2026-03-28 12:00", 24 * time.Hour, "2026-03-29 12:00"},
		{"a day that begins at one because midnight is skipped", allDays("America/Santiago"), "2026-09-05 23:00", 2 * time.Hour, "2026-09-06 02:00"},
		{"nothing is at once", office, "2026-11-21 12:00", 0, "2026-11-21 12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal := c.cal(t)
			from, want := instant(t, cal, c.from), instant(t, cal, c.want)
			got := cal.Add(from, c.add)
			if !got.Equal(want) {
				t.Errorf("due %s, want %s", got.In(cal.Zone()), want)
			}
			if back := cal.Between(from, got); back != c.add {
				t.Errorf("between them are %s, want %s", back, c.add)
			}
		})
	}
}

func TestACalendarThatMeansNothingIsRefused(t *testing.T) {
	for name, f := range map[string]func() error{
		"no zone":           func() error { _, err := clock.New(nil, workdays(), 0, 60, nil); return err },
		"no day":            func() error { _, err := clock.New(time.UTC, nil, 0, 60, nil); return err },
		"hours turned over": func() error { _, err := clock.New(time.UTC, workdays(), 60, 60, nil); return err },
		"a ninth day":       func() error { _, err := clock.New(time.UTC, []time.Weekday{8}, 0, 60, nil); return err },
	} {
		if f() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	var always clock.Calendar
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	if got := always.Add(at, 24*time.Hour); !got.Equal(at.Add(24 * time.Hour)) {
		t.Errorf("in the zero calendar every hour counts, got %s", got)
	}
}

func promise(started time.Time) clock.Clock {
	return clock.Clock{
		ID: "ck-1", Draft: "fs-1", On: "published", Expect: "acknowledged", Role: "architect", Within: 24 * time.Hour, Working: true,
		Remind: []time.Duration{12 * time.Hour, 20 * time.Hour}, Escalate: []time.Duration{0, 24 * time.Hour}, Started: started,
	}
}

func keys(as []clock.Action) []string {
	var out []string
	for _, a := range as {
		out = append(out, a.Key)
	}
	return out
}

func TestWhatFallsDue(t *testing.T) {
	cal := calendar(t, "Europe/Berlin", workdays(), 0, clock.Midnight)
	start := instant(t, cal, "2026-11-20 16:00") // a Friday; due on Monday at 16:00
	pausedOver := func(from, to string) func(clock.Clock) clock.Clock {
		return func(c clock.Clock) clock.Clock {
			c, err := c.Pause(instant(t, cal, from), "person:ada", "the client is away")
			if err != nil {
				t.Fatal(err)
			}
			if to != "" {
				if c, err = c.Resume(instant(t, cal, to)); err != nil {
					t.Fatal(err)
				}
			}
			return c
		}
	}
	metAt := func(at string) func(clock.Clock) clock.Clock {
		return func(c clock.Clock) clock.Clock { return c.Stop(instant(t, cal, at), clock.Met, "person:bo") }
	}
	same := func(c clock.Clock) clock.Clock { return c }
	for _, c := range []struct {
		name string
		with func(clock.Clock) clock.Clock
		now  string
		want []string
	}{
		{"nothing on the same day", same, "2026-11-20 23:00", nil},
		{"nothing over the weekend", same, "2026-11-22 23:00", nil},
		{"the first reminder at half time", same, "2026-11-23 04:00", []string{"reminder-1"}},
		{"on the dot is in time", same, "2026-11-23 16:00", []string{"reminder-1", "reminder-2"}},
		{"then it is late", same, "2026-11-23 16:01", []string{"reminder-1", "reminder-2", "breach-1", "escalation-1"}},
		{"a day later the next one hears", same, "2026-11-24 16:01", []string{"reminder-1", "reminder-2", "breach-1", "escalation-1", "escalation-2"}},
		{"paused over a day", pausedOver("2026-11-23 00:00", "2026-11-24 00:00"), "2026-11-24 15:00", []string{"reminder-1", "reminder-2"}},
		{"paused and not resumed", pausedOver("2026-11-23 05:00", ""), "2027-11-23 05:00", []string{"reminder-1"}},
		{"met in time", metAt("2026-11-23 15:00"), "2026-12-23 15:00", nil},
		{"met late: the evidence stays, nobody is told any more", metAt("2026-11-23 18:00"), "2026-12-23 15:00", []string{"breach-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := keys(clock.Decide(instant(t, cal, c.now), cal, c.with(promise(start))))
			if !slices.Equal(got, c.want) {
				t.Errorf("due: %v, want %v", got, c.want)
			}
		})
	}
}

func TestPausesNeedAReasonAndOneEnd(t *testing.T) {
	now := time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)
	c := promise(now)
	if _, err := c.Pause(now, "person:ada", " "); err == nil {
		t.Error("a pause without a reason is accepted")
	}
	if _, err := c.Resume(now); err == nil {
		t.Error("what runs was resumed")
	}
	p, err := c.Pause(now, "person:ada", "holidays")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pause(now, "person:ada", "again"); err == nil {
		t.Error("paused twice")
	}
	if _, ok := p.Due(clock.Calendar{}); ok {
		t.Error("a paused clock knows its deadline")
	}
	if _, err := p.Stop(now, clock.Met, "person:bo").Pause(now, "person:ada", "late"); err == nil {
		t.Error("an ended clock was paused")
	}
	if len(c.Pauses) != 0 {
		t.Error("the clock itself was changed")
	}
}

// Whatever the calendar: working time added and measured again is the same, more
// of it ends later, and its end never lies in time that does not count.
func TestWorkingTimeAddsUp(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		open := rapid.IntRange(0, clock.Midnight-30).Draw(t, "open")
		shut := rapid.IntRange(open+30, clock.Midnight).Draw(t, "close")
		days := rapid.SliceOfNDistinct(rapid.SampledFrom(everyDay()), 1, 7, func(d time.Weekday) time.Weekday { return d }).Draw(t, "days")
		cal, err := clock.New(zone, days, open, shut, nil)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "from"), 0)
		d := time.Duration(rapid.Int64Range(1, 200*3600).Draw(t, "seconds")) * time.Second
		at := cal.Add(from, d)
		if got := cal.Between(from, at); got != d {
			t.Fatalf("%s + %s = %s, but between them are %s", from.In(zone), d, at.In(zone), got)
		}
		if later := cal.Add(from, d+time.Second); !later.After(at) {
			t.Fatalf("a second more ends at %s, not after %s", later, at)
		}
		if got := cal.Between(at.Add(-time.Second), at); got != time.Second {
			t.Fatalf("the second before %s counts %s", at.In(zone), got)
		}
	})
}

// However a clock is paused, resumed and swept: it never does an action twice,
// and when it has run its working time out, it has done every one.
func TestEveryActionComesOnce(t *testing.T) {
	cal := calendar(t, "Europe/Berlin", workdays(), 9*60, 17*60)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "start"), 0)
		c := promise(now)
		seen := map[string]int{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 72).Draw(t, "hours")) * time.Hour)
			switch rapid.IntRange(0, 2).Draw(t, "act") {
			case 0:
				if p, err := c.Pause(now, "person:ada", "why not"); err == nil {
					c = p
				}
			case 1:
				if p, err := c.Resume(now); err == nil {
					c = p
				}
			}
			for _, a := range clock.Decide(now, cal, c) {
				seen[a.Key]++
				c = c.Did(a.Key)
			}
		}
		if p, err := c.Resume(now); err == nil {
			c = p
		}
		for _, a := range clock.Decide(now.AddDate(0, 2, 0), cal, c) {
			seen[a.Key]++
			c = c.Did(a.Key)
		}
		if _, more := c.Next(cal); more || len(seen) != 5 {
			t.Fatalf("done: %v, of five", seen)
		}
		for k, n := range seen {
			if n != 1 {
				t.Fatalf("%s came %d times", k, n)
			}
		}
	})
}
