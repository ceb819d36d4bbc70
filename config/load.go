package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"roleos/internal/fault"
)

// reviewMode can only be tightened by a later layer: nobody lifts the team's
// rule from their own environment.
const reviewMode = "review.mode"

// envPrefix starts every environment variable that is a setting.
const envPrefix = "ROLEOS_"

// testPrefix starts variables that only tests read; they are no settings.
const testPrefix = "ROLEOS_TEST_"

// targetPrefix starts variables that hold what a declared target has to keep to
// itself; they are no settings and are never shown.
const targetPrefix = "ROLEOS_TARGET_"

// Options says where settings come from.
type Options struct {
	Workspace string            // folder of the workspace; "" means the current one
	Environ   []string          // as os.Environ gives it; of two with one name the last counts
	Flags     map[string]string // key name -> value, for flags that were really given
	User      string            // operating-system user, for the default principal; "" means "local"
}

// Origins says for every key where its value came from: "default",
// "roleos.yaml:3:7", "ROLEOS_LOG_LEVEL" or "--log-level".
type Origins map[string]string

// FromOS returns options for a workspace with this process's environment and user.
// It is the only place that reads them.
func FromOS(workspace string, flags map[string]string) Options {
	o := Options{Workspace: workspace, Environ: os.Environ(), Flags: flags}
	if u, err := user.Current(); err == nil {
		o.User = u.Username
	}
	return o
}

// Load returns the settings of a workspace and where each came from.
//
// The error is a fault.Invalid that names everything that is wrong, each with
// its place; nothing is guessed or skipped. An environment variable that is set
// but empty counts as not set. Load reads one file and writes none; it is safe
// for concurrent use.
func Load(o Options) (Config, Origins, error) {
	dir, err := filepath.Abs(o.Workspace)
	if err != nil {
		return Config{}, nil, fault.Wrap(err, fault.Unavailable, "config.load", "cannot find the workspace %s", o.Workspace)
	}
	o.Workspace = dir
	data, err := readFile(dir)
	if err != nil {
		return Config{}, nil, err
	}
	keys := Keys()
	file, problems := parseFile(data, keys)
	for _, k := range keys {
		if w, ok := file[k.Name]; ok && k.own != "" && w.text != k.Default {
			problems = append(problems, problem{
				w.where, k.Name + " may not stand in a file: whoever opens a workspace would " + k.own,
				"Set " + k.Env() + " in your own environment.",
			})
		}
	}
	env, more := fromEnviron(o.Environ, keys)
	problems = append(problems, more...)
	flags, more := fromFlags(o.Flags, keys)
	problems = append(problems, more...)
	if len(problems) > 0 {
		return Config{}, nil, report(problems)
	}
	c, origins, err := layer(o, keys, file, env, flags)
	if err != nil {
		return Config{}, nil, err
	}
	c.Dir = dir
	c.TargetSecrets = targetSecrets(o.Environ)
	c.Store.URL = absoluteStore(c.Store.URL, dir)
	if w, ok := file["model.base_url"]; ok && strings.HasPrefix(origins["model.base_url"], FileName) && c.Model.gives() {
		return Config{}, nil, report([]problem{{
			w.where, "model.base_url stands in a file and would be sent the key in " + firstSet(c.Model.KeyEnv, c.Model.KeyFile) + ": whoever opens a workspace would give its author a key of theirs",
			"Set ROLEOS_MODEL_BASE_URL in your own environment, or keep the key for this server in a variable whose name begins with ROLEOS_.",
		}})
	}
	if p := c.givesAway(file, origins); len(p) > 0 {
		return Config{}, nil, report(p)
	}
	if c.Model.Others, problems = c.others(origins); len(problems) > 0 {
		return Config{}, nil, report(problems)
	}
	if p := append(c.Serve.OIDC.missing(origins), c.Webhooks.unknown(origins)...); len(p) > 0 {
		return Config{}, nil, report(p)
	}
	if w := c.Prioritisation.Weights; w.Reach+w.Intensity+w.Growth+w.SegmentWeight+w.Confidence == 0 {
		return Config{}, nil, report([]problem{{
			origins["prioritisation.weights.reach"], "all prioritisation.weights are 0, so that no issue would have a score",
			"Give at least one of them more than 0.",
		}})
	}
	return c, origins, nil
}

// givesAway refuses a file that names both a host elsewhere and a file outside the
// workspace whose content is sent there: whoever opens a workspace would give its
// author a secret of theirs.
func (c Config) givesAway(file map[string]written, origins Origins) (problems []problem) {
	for _, x := range []struct{ host, at, secret, path string }{
		{"tracker.url", c.Tracker.URL, "tracker.key_file", c.Tracker.KeyFile},
		{"serve.oidc.issuer", c.Serve.OIDC.Issuer, "serve.oidc.client_secret_file", c.Serve.OIDC.ClientSecretFile},
	} {
		stands := strings.HasPrefix(origins[x.host], FileName) && strings.HasPrefix(origins[x.secret], FileName)
		if stands && x.at != None && x.path != None && foreign(x.at) && !filepath.IsLocal(x.path) {
			problems = append(problems, problem{
				file[x.secret].where, x.secret + " is a file outside the workspace, and what it holds would be sent to the " + x.host + " of the same file: whoever opens a workspace would give its author a secret of theirs",
				"Set " + Key{Name: x.secret}.Env() + " in your own environment, or keep the secret in a file below the workspace.",
			})
		}
	}
	return problems
}

// layer puts the four sources over one another: the defaults, the file, the
// environment, the flags. Every value was checked where it was read.
func layer(o Options, keys []Key, file, env, flags map[string]written) (Config, Origins, error) {
	v := viper.New()
	origins := make(Origins, len(keys))
	for _, k := range keys {
		def := k.Default
		if k.def != nil {
			def = k.def(o)
		}
		value, err := k.kind.read(def, untyped)
		if err != nil {
			return Config{}, nil, fault.Wrap(err, fault.Invalid, "config.load", "default of %s", k.Name).
				WithMend("Set %s in %s or %s.", k.Name, FileName, k.Env())
		}
		v.SetDefault(k.Name, value)
		origins[k.Name] = "default"
	}
	for _, source := range []struct {
		found map[string]written
		put   func(string, any) error
	}{
		{file, func(name string, x any) error { return v.MergeConfigMap(nested(name, x)) }},
		{env, func(name string, x any) error { return v.MergeConfigMap(nested(name, x)) }}, // merged later, so it covers the file
		{flags, func(name string, x any) error { v.Set(name, x); return nil }},
	} {
		for _, k := range keys {
			w, ok := source.found[k.Name]
			if !ok {
				continue
			}
			value, err := k.kind.read(w.text, w.shape)
			if k.Name == reviewMode && v.GetString(reviewMode) == "team" && value == "solo" {
				return Config{}, nil, report([]problem{{
					w.where, "review.mode is team in " + origins[reviewMode] + " and cannot be loosened here",
					"Change it there, where the team sees it.",
				}})
			}
			if err == nil {
				err = source.put(k.Name, value)
			}
			if err != nil {
				return Config{}, nil, fault.Wrap(err, fault.Invalid, "config.load", "%s", w.where)
			}
			origins[k.Name] = w.where
		}
	}
	var c Config
	if err := v.UnmarshalExact(&c); err != nil {
		return Config{}, nil, fault.Wrap(err, fault.Internal, "config.load", "settings do not fit their type")
	}
	return c, origins, nil
}

// nested returns {"a": {"b": v}} for "a.b".
func nested(name string, v any) map[string]any {
	parts := strings.Split(name, ".")
	for _, p := range slices.Backward(parts) {
		v = map[string]any{p: v}
	}
	m, _ := v.(map[string]any)
	return m
}

func fromEnviron(environ []string, keys []Key) (map[string]written, []problem) {
	byName := make(map[string]Key, len(keys))
	for _, k := range keys {
		byName[k.Env()] = k
	}
	values := map[string]string{}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, testPrefix) && !strings.HasPrefix(name, targetPrefix) {
			values[name] = value
		}
	}
	found := map[string]written{}
	var problems []problem
	for _, name := range slices.Sorted(maps.Keys(values)) {
		k, ok := byName[name]
		switch {
		case values[name] == "":
		case !ok:
			mend := "'roleos config show' lists every key."
			if best := nearest(name, slices.Sorted(maps.Keys(byName))); best != "" {
				mend = "Did you mean " + best + "? " + mend
			}
			problems = append(problems, problem{name, "is no setting", mend})
		default:
			problems = take(found, problems, k, values[name], name)
		}
	}
	return found, problems
}

// targetSecrets returns what ROLEOS_TARGET_... variables hold, by their whole name.
func targetSecrets(environ []string) map[string]string {
	var found map[string]string
	for _, e := range environ {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, targetPrefix) && value != "" {
			if found == nil {
				found = map[string]string{}
			}
			found[name] = value
		}
	}
	return found
}

func fromFlags(flags map[string]string, keys []Key) (map[string]written, []problem) {
	found := map[string]written{}
	var problems []problem
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
		if i < 0 {
			problems = append(problems, problem{"flags", "unknown key " + quoteShort(name), suggestKey(name, keys)})
			continue
		}
		problems = take(found, problems, keys[i], flags[name], "--"+keys[i].Flag())
	}
	return found, problems
}

func take(found map[string]written, problems []problem, k Key, value, where string) []problem {
	if _, err := k.kind.read(value, untyped); err != nil {
		return append(problems, problem{where, err.Error(), ""})
	}
	found[k.Name] = written{text: value, where: where}
	return problems
}

// absoluteStore makes a relative SQLite path absolute, so that it means the same from every folder.
func absoluteStore(u, dir string) string {
	file, ok := strings.CutPrefix(u, "sqlite:")
	if !ok || filepath.IsAbs(file) {
		return u
	}
	return "sqlite:" + filepath.Join(dir, file)
}

// report joins problems into one error. A person mends ten at a time, not a thousand.
func report(problems []problem) error {
	const most = 10
	line := func(p problem) string { return p.where + ": " + p.what }
	if len(problems) == 1 {
		e := fault.New(fault.Invalid, "config.load", "%s", line(problems[0]))
		if problems[0].mend != "" {
			e = e.WithMend("%s", problems[0].mend)
		}
		return e
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d things are wrong with the settings", len(problems))
	for _, p := range problems[:min(len(problems), most)] {
		b.WriteString("\n  " + line(p))
		if p.mend != "" {
			b.WriteString("\n    " + p.mend)
		}
	}
	if n := len(problems) - most; n > 0 {
		fmt.Fprintf(&b, "\n  and %d more", n)
	}
	return fault.New(fault.Invalid, "config.load", "%s", b.String())
}

// firstSet returns the first value that is not None.
func firstSet(values ...string) string {
	for _, v := range values {
		if v != None {
			return v
		}
	}
	return None
}

// foreign reports whether a server's address leads off this machine.
func foreign(address string) bool {
	if address == None || address == "" {
		return false
	}
	u, err := url.Parse(address)
	if err != nil {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
