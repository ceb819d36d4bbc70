package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones of the world, on machines that have none installed
)

// Handoff says which time counts between two roles, and who hears of lateness.
type Handoff struct {
	Calendar Calendar `mapstructure:"calendar"`
	Escalate Escalate `mapstructure:"escalate"`
}

// Calendar is the workspace's working time, as it was written. Its methods give
// what it means.
type Calendar struct {
	Zone     string `mapstructure:"zone"`
	Days     string `mapstructure:"days"`
	Hours    string `mapstructure:"hours"`
	Holidays string `mapstructure:"holidays"`
}

// Escalate says where reminders, breaches and escalations go.
type Escalate struct {
	File       string `mapstructure:"file"`        // below the workspace unless absolute
	Webhook    string `mapstructure:"webhook"`     // an address
	SecretFile string `mapstructure:"secret_file"` // below the workspace unless absolute
}

// Location returns the calendar's zone.
func (c Calendar) Location() (*time.Location, error) { return time.LoadLocation(c.Zone) }

// Weekdays returns the working days, in the order of a week that begins on Monday.
func (c Calendar) Weekdays() []time.Weekday {
	days, _ := weekdays(c.Days)
	return days
}

// OpenClose returns the working hours in minutes since midnight.
func (c Calendar) OpenClose() (open, shut int) {
	open, shut, _ = hours(c.Hours)
	return open, shut
}

// Dates returns the holidays, as 2026-12-25 each.
func (c Calendar) Dates() []string {
	if c.Holidays == None {
		return nil
	}
	return strings.Fields(strings.ReplaceAll(c.Holidays, ",", " "))
}

func zone() kind {
	return kind{
		bound: "a time zone of the IANA database, such as Europe/Berlin", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			_, err := time.LoadLocation(s)
			return check(s, err == nil && s != "" && s != "Local")
		},
	}
}

// weekdays reads "mon-fri" or "sun,mon,wed-thu".
func weekdays(s string) ([]time.Weekday, bool) {
	names := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	var on [7]bool
	for part := range strings.SplitSeq(strings.ReplaceAll(s, " ", ""), ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, to := slices.Index(names, first), slices.Index(names, last)
		if from < 0 || to < 0 {
			return nil, false
		}
		for i := from; ; i = (i + 1) % 7 {
			if on[i] {
				return nil, false
			}
			on[i] = true
			if i == to {
				break
			}
		}
	}
	var out []time.Weekday
	for i, is := range on {
		if is {
			out = append(out, time.Weekday((i+1)%7))
		}
	}
	return out, true
}

func dayList() kind {
	return kind{
		bound: "days of the week (mon to sun), ranges and commas, such as mon-fri", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			_, ok := weekdays(s)
			return check(s, ok)
		},
	}
}

// hours reads "09:00-17:30"; 24:00 is the end of the day.
func hours(s string) (open, shut int, ok bool) {
	m := regexp.MustCompile(`^(\d\d):([0-5]\d) ?- ?(\d\d):([0-5]\d)$`).FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	open, shut = n[0]*60+n[1], n[2]*60+n[3]
	return open, shut, open < shut && shut <= 24*60
}

func hourRange() kind {
	return kind{
		bound: "hours from 00:00 to 24:00, such as 09:00-17:30", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			_, _, ok := hours(s)
			return check(s, ok)
		},
	}
}

// maxHolidays bounds the list of holidays.
const maxHolidays = 1000

func dateList() kind {
	return kind{
		bound: fmt.Sprintf("at most %d dates with commas between them, such as 2026-12-25,2027-01-01", maxHolidays), accepts: []shape{aText},
		parse: func(s string) (any, error) {
			all := Calendar{Holidays: s}.Dates()
			bad := slices.ContainsFunc(all, func(d string) bool { _, err := time.Parse(time.DateOnly, d); return err != nil })
			return check(s, len(all) > 0 && len(all) <= maxHolidays && !bad)
		},
	}
}

// webAddress is where messages are posted to: https, or http without TLS for a
// machine of one's own.
func webAddress() kind {
	return kind{
		bound: "an https address; http only for a machine of your own network", accepts: []shape{aText}, secret: true,
		parse: func(s string) (any, error) {
			u, err := url.Parse(s)
			return check(s, err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && printable(s) && len(s) <= 2000)
		},
	}
}
