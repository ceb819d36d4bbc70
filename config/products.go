package config

import (
	"fmt"
	"strings"
)

// Bounds of the products that may be named.
const (
	maxProducts = 50
	maxTerms    = 40
)

// productTerms reads "name: term + term" entries, separated by commas.
func productTerms() kind {
	return kind{
		bound: fmt.Sprintf("at most %d of name: terms joined by +, such as Example Reports: exports + report builder", maxProducts), accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string][]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				name, list, ok := strings.Cut(entry, ":")
				name = strings.TrimSpace(name)
				var terms []string
				for term := range strings.SplitSeq(list, "+") {
					if term = strings.Join(strings.Fields(term), " "); term != "" {
						terms = append(terms, term)
					}
				}
				_, twice := out[name]
				if !ok || name == "" || twice || len(name) > 80 || len(terms) > maxTerms || !printable(entry) {
					return nil, errBound
				}
				out[name] = terms
			}
			return check(out, len(out) <= maxProducts)
		},
	}
}
