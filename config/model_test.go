package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"roleos/config"
)

func TestKeysAreReadWhereTheSettingsSay(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SOME_KEY", " from-env\n")
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := config.Model{KeyEnv: "none", KeyFile: "none", KeyCommand: "none"}
	with := func(f func(*config.Model)) config.Model { m := none; f(&m); return m }
	for _, c := range []struct {
		m    config.Model
		want string
	}{
		{with(func(m *config.Model) { m.KeyEnv = "SOME_KEY" }), "from-env"},
		{with(func(m *config.Model) { m.KeyFile = "key" }), "from-file"},
		{with(func(m *config.Model) { m.KeyCommand = "echo from-command $HOME" }), "from-command $HOME"},
	} {
		if got, err := c.m.Key(t.Context(), dir); err != nil || got != c.want {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
	for _, m := range []config.Model{
		none,
		with(func(m *config.Model) { m.KeyEnv = "NOT_SET_ANYWHERE" }),
		with(func(m *config.Model) { m.KeyFile = "missing" }),
		with(func(m *config.Model) { m.KeyCommand = "false" }),
	} {
		if got, err := m.Key(t.Context(), dir); err == nil {
			t.Errorf("%+v gave %q", m, got)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := with(func(m *config.Model) { m.KeyFile = "key" }).Key(t.Context(), dir)
		if err == nil || !strings.Contains(err.Error(), "others may read") || strings.Contains(err.Error(), "from-file") {
			t.Errorf("%v", err)
		}
	}
}

func TestPricesAreKnownOrNot(t *testing.T) {
	c, _, err := config.Load(config.Options{Workspace: workspace(t, "model: {price: {input: 0.25, output: 2}}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if in, out, ok := c.Model.Price.Known(); !ok || in != 0.25 || out != 2 {
		t.Error(in, out, ok)
	}
	if _, _, ok := (config.Price{Input: "1", Output: "none"}).Known(); ok {
		t.Error("half a price is known")
	}
	if _, _, err := config.Load(config.Options{Workspace: workspace(t, "model: {price: {input: cheap}}\n")}); err == nil {
		t.Error("a price that is no number was accepted")
	}
}
