package oidc

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/identity"
)

// account says who a provider's claims are here, and with which roles.
func (p *Provider) account(subject string, claims map[string]any) (identity.Account, error) {
	person, err := personOf(p.o.PersonClaim, claims)
	if err != nil {
		return identity.Account{}, err
	}
	groups, err := groupsOf(p.o.GroupsClaim, claims)
	if err != nil {
		return identity.Account{}, err
	}
	roles := rolesOf(p.o.Roles, groups)
	if len(roles) == 0 {
		return identity.Account{}, fault.New(fault.Denied, "oidc.roles", "%s signed in at %s, but none of their groups has a role here", person, p.Host()).
			WithMend("Ask who runs the service to put you into one of these groups: %s.", strings.Join(slices.Sorted(maps.Keys(p.o.Roles)), ", "))
	}
	session, _ := claims["sid"].(string)
	return identity.Account{Issuer: p.o.Issuer, Subject: subject, Session: session, Person: person, Roles: roles}, nil
}

//nolint:gochecknoglobals // immutable
var personForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,79}$`)

// personOf makes a person's id of the claim. An address of mail counts only when
// the provider has verified it: else everybody could be everybody.
func personOf(claim string, claims map[string]any) (string, error) {
	const op = "oidc.person"
	value, _ := at(claims, claim)
	text, _ := value.(string)
	name := strings.ToLower(strings.TrimSpace(text))
	if !personForm.MatchString(name) {
		return "", fault.New(fault.Denied, op, "the provider does not say who you are in its claim %q, or in other characters than letters, digits and . _ @ + -", claim).
			WithMend("Whoever runs the service sets serve.oidc.person_claim to a claim that the provider gives, and serve.oidc.scopes so that it does.")
	}
	if v := claims["email_verified"]; claim == "email" && v != true && v != "true" {
		return "", fault.New(fault.Denied, op, "the provider has not verified the address %s", name).
			WithMend("Verify it at the provider; or whoever runs the service sets serve.oidc.person_claim to a claim that people cannot choose themselves.")
	}
	return "person:" + name, nil
}

// groupsOf reads the groups, one text or a list of them. None is no error.
func groupsOf(claim string, claims map[string]any) ([]string, error) {
	value, has := at(claims, claim)
	if names, _ := claims["_claim_names"].(map[string]any); !has && names[claim] != nil {
		return nil, fault.New(fault.Denied, "oidc.groups", "you are in so many groups that the provider leaves them out").
			WithMend("Whoever runs the service has the provider send only the groups of this client.")
	}
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		out := make([]string, 0, len(v))
		for _, g := range v {
			if s, ok := g.(string); ok {
				out = append(out, s)
			}
		}
		return out, nil
	}
	return nil, fault.New(fault.Denied, "oidc.groups", "the provider's claim %q is no list of groups", claim).
		WithMend("Whoever runs the service sets serve.oidc.groups_claim.")
}

// rolesOf returns the roles of the groups, sorted. Groups are told apart to the letter.
func rolesOf(of map[string][]string, groups []string) []string {
	var roles []string
	for _, g := range groups {
		roles = append(roles, of[g]...)
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// at returns the claim of this very name, else what stands at the path of names
// with dots between them.
func at(claims map[string]any, path string) (any, bool) {
	if v, ok := claims[path]; ok {
		return v, true
	}
	first, rest, nested := strings.Cut(path, ".")
	inner, _ := claims[first].(map[string]any)
	if !nested || inner == nil {
		return nil, false
	}
	return at(inner, rest)
}
