package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/config"
)

func TestProductsAreNamedWithTheirTerms(t *testing.T) {
	dir := workspace(t, "products:\n  Example Reports: scheduled exports + report builder\n  Sample API: API\ningest:\n  feeds: {hosts: example.org news.example.net}\n")
	c, _, err := config.Load(config.Options{Workspace: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"Example Reports": {"scheduled exports", "report builder"}, "Sample API": {"API"}}
	if d := cmp.Diff(want, c.Products); d != "" {
		t.Error(d)
	}
	if c.Ingest.Feeds.Hosts != "example.org news.example.net" {
		t.Errorf("hosts = %q", c.Ingest.Feeds.Hosts)
	}
}
