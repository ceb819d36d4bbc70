package config

import "testing"

func TestTerminal(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want Terminal
	}{
		{nil, Terminal{Colour: true, Unicode: true}},
		{[]string{"NO_COLOR=1"}, Terminal{Unicode: true}},
		{[]string{"NO_COLOR="}, Terminal{Colour: true, Unicode: true}},
		{[]string{"TERM=dumb"}, Terminal{Unicode: true}},
		{[]string{"LANG=C"}, Terminal{Colour: true}},
		{[]string{"LANG=C", "LC_ALL=en_US.UTF-8"}, Terminal{Colour: true, Unicode: true}},
		{[]string{"LC_ALL=POSIX", "LANG=en_US.UTF-8"}, Terminal{Colour: true}},
	} {
		if got := terminal(c.env); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.env, got, c.want)
		}
	}
}
