package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
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

// Webhooks says who outside is told what happens here.
type Webhooks struct {
	Endpoints map[string]string   `mapstructure:"endpoints"` // name -> address; may hold a secret: show it through Config.Settings only
	Events    map[string][]string `mapstructure:"events"`    // name -> events; a name that is not here: all
	Secrets   string              `mapstructure:"secrets"`   // folder with NAME.secret; below the workspace unless absolute
	Private   string              `mapstructure:"private"`   // names, separated by spaces; none
	Titles    string              `mapstructure:"titles"`    // names, separated by spaces; none
}

// IsPrivate reports whether the endpoint may stand in a private network.
func (w Webhooks) IsPrivate(name string) bool {
	return slices.Contains(strings.Fields(w.Private), name)
}

// HasTitles reports whether the endpoint is told titles.
func (w Webhooks) HasTitles(name string) bool { return slices.Contains(strings.Fields(w.Titles), name) }

func webhookKeys() []Key {
	return []Key{
		{Name: "webhooks.endpoints", Doc: "Addresses that are told what happens here, by a name for each. Messages are signed as Standard Webhooks ask for and sent by roleos serve.", Default: "", kind: addresses()},
		{Name: "webhooks.events", Doc: "Which events an endpoint is told, as draft.waiting+run.failed; one that is not named here is told all. roleos webhook list shows them.", Default: "", kind: eventLists()},
		{Name: "webhooks.secrets", Doc: "Folder with a file NAME.secret for each endpoint. roleos webhook secret NAME makes one.", Default: ".roleos/webhooks", kind: folder()},
		{Name: "webhooks.private", Doc: "Endpoints that may stand in a private network, or on this machine, and be asked without TLS; names separated by spaces.", Default: None, kind: optional(text(1000))},
		{Name: "webhooks.titles", Doc: "Endpoints that are told the titles of drafts besides ids; names separated by spaces.", Default: None, kind: optional(text(1000))},
	}
}

func (w Webhooks) values() map[string]any {
	endpoints := map[string][]string{}
	for name, address := range w.Endpoints {
		endpoints[name] = []string{address}
	}
	return map[string]any{
		"webhooks.endpoints": endpoints, "webhooks.events": w.Events, "webhooks.secrets": w.Secrets, "webhooks.private": w.Private, "webhooks.titles": w.Titles,
	}
}

// unknown says which names have no address.
func (w Webhooks) unknown(origins Origins) []problem {
	named := map[string][]string{"webhooks.private": strings.Fields(w.Private), "webhooks.titles": strings.Fields(w.Titles)}
	for name := range w.Events {
		named["webhooks.events"] = append(named["webhooks.events"], name)
	}
	var out []problem
	for _, key := range []string{"webhooks.events", "webhooks.private", "webhooks.titles"} {
		slices.Sort(named[key])
		for _, name := range named[key] {
			if _, ok := w.Endpoints[name]; !ok && name != None {
				out = append(out, problem{origins[key], key + " names " + quoteShort(name) + ", and webhooks.endpoints has no such endpoint", "Names are told apart to the letter."})
			}
		}
	}
	return out
}

//nolint:gochecknoglobals // immutable
var endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// maxEndpoints bounds the endpoints that may be named.
const maxEndpoints = 20

// addresses reads "name:https://..." entries, separated by commas.
func addresses() kind {
	address := webAddress()
	return kind{
		bound:   fmt.Sprintf("at most %d of name: address, each address https (http only for those in webhooks.private) and without a comma", maxEndpoints),
		accepts: []shape{aMapping}, secret: true,
		parse: func(s string) (any, error) {
			out := map[string]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				name, where, _ := strings.Cut(entry, ":")
				name, where = strings.TrimSpace(name), strings.TrimSpace(where)
				_, err := address.parse(where)
				_, twice := out[name]
				if err != nil || twice || !endpointName.MatchString(name) {
					return nil, errBound
				}
				out[name] = where
			}
			return check(out, len(out) <= maxEndpoints)
		},
	}
}

// eventLists reads "name:event+event" entries, separated by commas.
func eventLists() kind {
	event := regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	return kind{
		bound: "name: events joined by +, such as chat: draft.waiting+run.failed", accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string][]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				name, list, _ := strings.Cut(entry, ":")
				name = strings.TrimSpace(name)
				events := strings.Split(strings.ReplaceAll(list, " ", ""), "+")
				_, twice := out[name]
				if twice || !endpointName.MatchString(name) || slices.ContainsFunc(events, func(e string) bool { return !event.MatchString(e) }) {
					return nil, errBound
				}
				out[name] = events
			}
			return check(out, len(out) <= maxEndpoints)
		},
	}
}
