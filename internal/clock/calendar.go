package clock

import (
	"fmt"
	"time"
)

// Date is a day in a calendar's zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns t's day in t's zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads 2026-12-25.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	return DateOf(t), err
}

// String writes the date as ParseDate reads it.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// midday stands far from every change of the clocks.
func (d Date) midday(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, zone)
}

// Calendar says which time counts. In the zero value every hour of every day
// does. It is a plain value; copy it, never change its map.
type Calendar struct {
	zone        *time.Location
	days        [7]bool // by time.Weekday
	open, close int     // minutes since midnight, by the clock on the wall
	holidays    map[Date]bool
}

// Midnight is the end of a day in minutes; 0 is its beginning.
const Midnight = 24 * 60

// New returns the calendar in which the hours from open to close (minutes since
// midnight on the wall, 0 to Midnight) of the given days count, holidays excepted.
func New(zone *time.Location, days []time.Weekday, open, close int, holidays []Date) (Calendar, error) {
	c := Calendar{zone: zone, open: open, close: close, holidays: make(map[Date]bool, len(holidays))}
	switch {
	case zone == nil:
		return Calendar{}, fmt.Errorf("the calendar has no time zone")
	case len(days) == 0:
		return Calendar{}, fmt.Errorf("the calendar has no working day")
	case open < 0 || close > Midnight || open >= close:
		return Calendar{}, fmt.Errorf("the working hours end before they begin")
	}
	for _, d := range days {
		if d < time.Sunday || d > time.Saturday {
			return Calendar{}, fmt.Errorf("%d is no day of the week", d)
		}
		c.days[d] = true
	}
	for _, h := range holidays {
		c.holidays[h] = true
	}
	return c, nil
}

// Zone returns the calendar's zone, UTC for the zero value.
func (c Calendar) Zone() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

// farthest bounds the search for working time, in days: a calendar of nothing
// but holidays must not be searched for ever.
const farthest = 20 * 366

// Add returns the instant at which d of working time has passed since from. When
// d is not over zero it is from. A calendar without that much working time in
// twenty years gives the end of them.
func (c Calendar) Add(from time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return from
	}
	if c.zone == nil {
		return from.Add(d)
	}
	day := DateOf(from.In(c.zone))
	for range farthest {
		open, shut := c.hours(day)
		if open.Before(from) {
			open = from
		}
		if span := shut.Sub(open); span > 0 {
			if d <= span {
				return open.Add(d).UTC()
			}
			d -= span
		}
		day = DateOf(day.midday(c.zone).AddDate(0, 0, 1))
	}
	return day.midday(c.zone).UTC()
}

// Between returns the working time from one instant to another; 0 when to is not later.
func (c Calendar) Between(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	if c.zone == nil {
		return to.Sub(from)
	}
	var sum time.Duration
	day := DateOf(from.In(c.zone))
	for range farthest {
		open, shut := c.hours(day)
		if !open.Before(to) && !shut.Equal(open) {
			break
		}
		if open.Before(from) {
			open = from
		}
		if to.Before(shut) {
			shut = to
		}
		if shut.After(open) {
			sum += shut.Sub(open)
		}
		if noon := day.midday(c.zone); noon.Sub(to) > 24*time.Hour {
			break
		}
		day = DateOf(day.midday(c.zone).AddDate(0, 0, 1))
	}
	return sum
}

// hours returns when the day's working time begins and ends; equal when it has none.
func (c Calendar) hours(d Date) (open, shut time.Time) {
	noon := d.midday(c.zone)
	if !c.days[noon.Weekday()] || c.holidays[d] {
		return noon, noon
	}
	open, shut = c.at(d, c.open), c.at(d, c.close)
	if shut.Before(open) {
		shut = open
	}
	return open, shut
}

// at returns the instant at which the wall shows the minute of the day. A minute
// that the clocks skip is the instant at which they skip it.
func (c Calendar) at(d Date, minute int) time.Time {
	if minute == Midnight {
		d, minute = DateOf(d.midday(c.zone).AddDate(0, 0, 1)), 0
	}
	t := time.Date(d.Year, d.Month, d.Day, minute/60, minute%60, 0, 0, c.zone)
	wanted := time.Date(d.Year, d.Month, d.Day, minute/60, minute%60, 0, 0, time.UTC)
	y, m, day := t.Date()
	switch shown := time.Date(y, m, day, t.Hour(), t.Minute(), 0, 0, time.UTC); {
	case shown.Before(wanted):
		_, t = t.ZoneBounds()
	case shown.After(wanted):
		t, _ = t.ZoneBounds()
	}
	return t
}
