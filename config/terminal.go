package config

import (
	"os"
	"strings"
)

// Terminal says what the person's terminal may be sent.
type Terminal struct {
	Colour  bool // ANSI colours, when the output is a terminal at all
	Unicode bool // characters beyond ASCII
}

// TerminalFromOS reads NO_COLOR (https://no-color.org), TERM and the locale
// from this process's environment.
func TerminalFromOS() Terminal { return terminal(os.Environ()) }

// terminal decides from an environment. A locale that is not set counts as one
// that shows Unicode: containers and CI runners set none and show it all the same.
func terminal(environ []string) Terminal {
	env := map[string]string{}
	for _, e := range environ {
		k, v, _ := strings.Cut(e, "=")
		env[k] = v
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the first that is set counts, as in POSIX
		if locale == "" {
			locale = strings.ToLower(env[name])
		}
	}
	return Terminal{
		Colour:  env["NO_COLOR"] == "" && env["TERM"] != "dumb",
		Unicode: locale == "" || strings.Contains(locale, "utf"),
	}
}
