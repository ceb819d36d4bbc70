package roles

import (
	"slices"
	"time"
)

// Cadence says how often something is given.
type Cadence string

// grace is how long an input may be late before it is called past its cadence:
// what is due daily and came yesterday evening is not stale this morning.
const grace = 24 * time.Hour

// cycle is the length of a "per cycle" cadence: six weeks, as in Shape Up
// (https://basecamp.com/shapeup/2.2-chapter-08).
const cycle = 42 * 24 * time.Hour

const day = 24 * time.Hour

// cadence is one cadence with its period; none means that it comes when it comes.
type cadence struct {
	name   Cadence
	period time.Duration
}

// cadences from the shortest to the longest. Months and quarters count as their
// longest.
func cadences() []cadence {
	return []cadence{
		{"continuous", day},
		{"daily", day},
		{"weekly", 7 * day},
		{"biweekly", 14 * day},
		{"monthly", 31 * day},
		{"per-cycle", cycle},
		{"quarterly", 92 * day},
		{"yearly", 366 * day},
		{"per-release", 0},
		{"on-demand", 0},
	}
}

// Cadences returns the names that a declaration may use.
func Cadences() []string {
	var out []string
	for _, c := range cadences() {
		out = append(out, string(c.name))
	}
	return out
}

// Period returns the time between two; false for one that follows no clock.
func (c Cadence) Period() (time.Duration, bool) {
	all := cadences()
	i := slices.IndexFunc(all, func(x cadence) bool { return x.name == c })
	if i < 0 || all[i].period == 0 {
		return 0, false
	}
	return all[i].period, true
}

// Past returns by how much something of that age is past its cadence and its day
// of grace; false when it is not.
func (c Cadence) Past(age time.Duration) (time.Duration, bool) {
	period, ok := c.Period()
	if !ok || age <= period+grace {
		return 0, false
	}
	return age - period, true
}
