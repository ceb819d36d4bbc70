package say

import (
	"encoding/json"
	"path"
	"strings"

	"roleos/contracts"
)

// Found is the findings of one contract and the folder its files are in, as a
// reader of the log will know it; "" is the place the log is read from.
type Found struct {
	Folder   string
	Findings []contracts.Finding
}

// SARIF returns the log of one run of the linter, the findings in their order.
func SARIF(version string, found []Found) ([]byte, error) {
	type m = map[string]any
	results := []m{}
	for _, in := range found {
		for _, f := range in.Findings {
			text := "gate " + f.Gate + ": " + f.Message
			if f.Mend != "" {
				text += "\n" + f.Mend
			}
			results = append(results, m{
				"ruleId": string(f.Rule), "ruleIndex": index(f.Rule), "level": string(f.Severity), "message": m{"text": text},
				"locations": []m{{
					"physicalLocation": m{
						"artifactLocation": m{"uri": uri(path.Join(in.Folder, f.File))},
						"region":           m{"startLine": max(1, f.Line), "startColumn": max(1, f.Column)},
					},
					"logicalLocations": []m{{"name": f.Gate, "kind": "member"}},
				}},
			})
		}
	}
	var rules []m
	for _, r := range contracts.Rules() {
		rules = append(rules, m{"id": string(r.Rule), "shortDescription": m{"text": r.Says}, "help": m{"text": r.Help}})
	}
	return json.MarshalIndent(m{
		"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"version": "2.1.0",
		"runs": []m{{
			"tool":       m{"driver": m{"name": "roleos", "version": version, "rules": rules}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	}, "", "  ")
}

func index(r contracts.Rule) int {
	for i, x := range contracts.Rules() {
		if x.Rule == r {
			return i
		}
	}
	return -1
}

// uri escapes what a path may hold and a relative reference may not (RFC 3986, 3.3).
func uri(p string) string {
	var b strings.Builder
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(p) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/@", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
