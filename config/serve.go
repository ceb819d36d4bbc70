package config

import (
	"net"
	"net/url"
	"strings"
)

// Serve says where the service is reached, and where its people sign in.
type Serve struct {
	Listen string `mapstructure:"listen"` // HOST:PORT
	Origin string `mapstructure:"origin"` // https://HOST as people type it; none on one machine
	OIDC   OIDC   `mapstructure:"oidc"`
}

// OIDC says which OpenID provider signs people in, and what they may do then.
type OIDC struct {
	Issuer           string `mapstructure:"issuer"` // none: people sign in with tokens only
	ClientID         string `mapstructure:"client_id"`
	ClientSecretFile string `mapstructure:"client_secret_file"` // below the workspace unless absolute; none: a public client
	Scopes           string `mapstructure:"scopes"`             // separated by spaces
	PersonClaim      string `mapstructure:"person_claim"`
	GroupsClaim      string `mapstructure:"groups_claim"`
	// Roles maps a group to the roles of its members. Who is in none of them is not
	// let in.
	Roles map[string][]string `mapstructure:"roles"`
}

// Used reports whether a provider signs people in.
func (o OIDC) Used() bool { return o.Issuer != None && o.Issuer != "" }

func serveKeys() []Key {
	return []Key{
		{Name: "serve.listen", Doc: "Address of roleos serve. A solo workspace is served to its own machine only.", Default: "127.0.0.1:8484", kind: text(100)},
		{Name: "serve.origin", Doc: "Address that people type when the service stands behind a proxy, as https://roleos.example.org.", Default: None, kind: optional(text(200))},
		{Name: "serve.oidc.issuer", Doc: "OpenID provider that signs a team's people in. Give it serve.origin and /signin/callback as redirect address, /signin/ended for back-channel logout.", Default: None, kind: optional(issuer())},
		{Name: "serve.oidc.client_id", Doc: "Name under which the provider knows this service.", Default: None, kind: optional(text(200))},
		{Name: "serve.oidc.client_secret_file", Doc: "File that holds the client's secret and nothing else. none: a public client; PKCE is used with and without.", Default: None, kind: optional(folder())},
		{Name: "serve.oidc.scopes", Doc: "What the provider is asked to tell, separated by spaces. openid is one of them.", Default: "openid profile email", kind: scopes()},
		{Name: "serve.oidc.person_claim", Doc: "Claim that names the person at their first sign-in: email (which the provider has to have verified), preferred_username or another one.", Default: "email", kind: text(200)},
		{Name: "serve.oidc.groups_claim", Doc: "Claim that lists a person's groups, by its name or by a path with dots (realm_access.roles).", Default: "groups", kind: text(200)},
		{
			Name: "serve.oidc.roles", Doc: "Which roles the members of each group hold. Who is in none of these groups is not let in; team.roles counts for tokens only.", Default: "",
			kind: holders("group: roles joined by +, such as product-owners: pm+portfolio-owner", func(g string) bool { return g != "" && len(g) <= 200 && printable(g) }),
		},
	}
}

func (s Serve) values() map[string]any {
	o := s.OIDC
	return map[string]any{
		"serve.listen": s.Listen, "serve.origin": s.Origin,
		"serve.oidc.issuer": o.Issuer, "serve.oidc.client_id": o.ClientID, "serve.oidc.client_secret_file": o.ClientSecretFile,
		"serve.oidc.scopes": o.Scopes, "serve.oidc.person_claim": o.PersonClaim, "serve.oidc.groups_claim": o.GroupsClaim, "serve.oidc.roles": o.Roles,
	}
}

// missing says what else a provider needs.
func (o OIDC) missing(origins Origins) []problem {
	var out []problem
	if !o.Used() {
		return nil
	}
	if o.ClientID == None {
		out = append(out, problem{origins["serve.oidc.issuer"], "serve.oidc.issuer is set and serve.oidc.client_id is not", "Set it to the name under which the provider knows this service."})
	}
	if len(o.Roles) == 0 {
		out = append(out, problem{origins["serve.oidc.issuer"], "serve.oidc.issuer is set and serve.oidc.roles maps no group, so that nobody would be let in", "Map a group to roles, for example product: pm+reviewer."})
	}
	return out
}

// issuer is the address of an OpenID provider: https, or http on this machine.
func issuer() kind {
	return kind{
		bound: "an https address without query (http on this machine only), exactly as the provider writes its issuer", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			u, err := url.Parse(s)
			if err != nil || len(s) > 500 || !printable(s) || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
				return nil, errBound
			}
			ip := net.ParseIP(u.Hostname())
			local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
			return check(s, u.Scheme == "https" || u.Scheme == "http" && local)
		},
	}
}

func scopes() kind {
	return kind{
		bound: "words separated by spaces, openid among them", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			openid := false
			for word := range strings.FieldsSeq(s) {
				openid = openid || word == "openid"
			}
			return check(s, openid && len(s) <= 500 && printable(s) && !strings.ContainsAny(s, `"\`))
		},
	}
}
