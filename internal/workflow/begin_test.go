package workflow

import (
	"testing"
	"time"
)

func discover(t *testing.T) Definition {
	t.Helper()
	all, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	d, err := Find(all, "discover")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestARunBeginsByItselfOncePerOccasion(t *testing.T) {
	d, day := discover(t), 24*time.Hour
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	ran := func(id string, ago time.Duration, status RunStatus, in Input) Run {
		return Run{ID: id, Definition: d, Input: in, CreatedAt: now.Add(-ago), State: State{Status: status}}
	}
	weekly := Occasions{Cycle: 7 * day}
	spike := Occasions{Alerts: true, Draft: "fs-1", Patterns: []string{"spiking | export | 2026-W44"}}
	both := Occasions{Cycle: 7 * day, Alerts: true, Draft: spike.Draft, Patterns: spike.Patterns}
	more := Occasions{Alerts: true, Draft: "fs-2", Patterns: append([]string{"emerging | lineage | 2026-W45"}, spike.Patterns...)}
	cycle, knowing := Input{Trigger: OnCycle}, Input{Trigger: OnCycle, Patterns: spike.Patterns}
	for name, c := range map[string]struct {
		o       Occasions
		runs    []Run
		trigger string // "": nothing upcoming
		now     bool
	}{
		"nothing is set":                         {Occasions{}, nil, "", false},
		"the first cycle":                        {weekly, nil, OnCycle, true},
		"a cycle that is not due":                {weekly, []Run{ran("wf-1", 3*day, RunDone, cycle)}, OnCycle, false},
		"a cycle that is due":                    {weekly, []Run{ran("wf-1", 7*day, RunDone, cycle)}, OnCycle, true},
		"due, and the one before waits":          {weekly, []Run{ran("wf-1", 8*day, RunOpen, cycle)}, OnCycle, false},
		"due, and the one before stopped":        {weekly, []Run{ran("wf-1", 8*day, RunStopped, cycle)}, OnCycle, false},
		"due, and the one before was cancelled":  {weekly, []Run{ran("wf-1", 8*day, RunCancelled, cycle)}, OnCycle, true},
		"an alert":                               {spike, nil, OnAlert, true},
		"an alert that a run knew of":            {spike, []Run{ran("wf-1", day, RunDone, knowing)}, "", false},
		"an alert that a person began a run for": {spike, []Run{ran("wf-1", day, RunDone, Input{Trigger: OnAlert, Of: "fs-1"})}, "", false},
		"one alert more":                         {more, []Run{ran("wf-1", day, RunDone, knowing)}, OnAlert, true},
		"an alert while a run is open":           {more, []Run{ran("wf-1", day, RunOpen, knowing)}, OnAlert, false},
		"an alert goes before a cycle":           {both, nil, OnAlert, true},
	} {
		b, ok := d.Upcoming(c.o, c.runs, now)
		if ok != (c.trigger != "") || b.Input.Trigger != c.trigger || ok && b.Now(now) != c.now {
			t.Errorf("%s: %v %+v", name, ok, b)
		}
	}
	first, _ := d.Upcoming(weekly, nil, now)
	again, _ := d.Upcoming(weekly, nil, now.Add(time.Hour))
	next, _ := d.Upcoming(weekly, []Run{ran(first.ID, 7*day, RunDone, cycle)}, now)
	if first.ID != again.ID || first.ID == next.ID {
		t.Errorf("ids %s, %s, then %s", first.ID, again.ID, next.ID)
	}
	one, _ := d.Upcoming(spike, nil, now)
	daily := spike
	daily.Draft = "fs-2" // tomorrow's synthesis reports the same pattern
	if two, _ := d.Upcoming(daily, nil, now); one.ID != two.ID {
		t.Errorf("the same pattern in another draft: %s, %s", one.ID, two.ID)
	}
}
