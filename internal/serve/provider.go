package serve

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"roleos/config"
	"roleos/internal/fault"
	"roleos/internal/identity"
	"roleos/internal/identity/oidc"
)

// Where a person goes to sign in at the OpenID provider, where it sends them back
// to, and where it tells whom it signed out.
const (
	beginPath    = "/signin/provider"
	callbackPath = "/signin/callback"
	endedPath    = "/signin/ended"
)

// attemptName is the cookie that holds a sign-in between leaving and coming back.
func (s *Server) attemptName() string { return s.cookieName() + "-signin" }

// base is the address under which the browser has the service.
func (s *Server) base(r *http.Request) string {
	if o := s.o.Config.Serve.Origin; strings.Contains(o, "://") {
		return strings.TrimSuffix(o, "/")
	}
	return "http://" + r.Host // on this machine only: New refuses a provider without serve.origin elsewhere
}

// openProvider returns the OpenID provider of the settings, nil when they name none.
func (s *Server) openProvider() (*oidc.Provider, error) {
	const op = "serve.oidc"
	c := s.o.Config.Serve.OIDC
	switch {
	case !c.Used():
		return nil, nil
	case s.solo:
		return nil, fault.New(fault.Invalid, op, "serve.oidc.issuer is set, and in a solo workspace nobody signs in").WithMend("Set review.mode: team.")
	case len(s.hosts) == 0:
		return nil, fault.New(fault.Invalid, op, "serve.oidc.issuer is set, and serve.origin is not: the provider sends people back to that address").
			WithMend("Set serve.origin to the address people use, for example https://roleos.example.org.")
	}
	o := oidc.Options{
		Issuer: c.Issuer, ClientID: c.ClientID, Scopes: strings.Fields(c.Scopes), PersonClaim: c.PersonClaim, GroupsClaim: c.GroupsClaim, Roles: c.Roles,
		Now: s.o.Now, Random: s.o.Random,
	}
	if file := c.ClientSecretFile; file != config.None {
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.o.Config.Dir, file)
		}
		o.Secret = func() (string, error) { // read for each sign-in, kept nowhere
			data, err := os.ReadFile(file)
			if secret := strings.TrimSpace(string(data)); err == nil && secret != "" {
				return secret, nil
			}
			return "", fault.New(fault.Invalid, op, "the secret for the OpenID provider cannot be read").WithMend("Put it into the file that serve.oidc.client_secret_file names, and nothing else.")
		}
		if _, err := o.Secret(); err != nil {
			return nil, err
		}
	}
	return oidc.New(o)
}

// toProvider sends the browser to the provider.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request) {
	address, attempt, err := s.provider.Begin(r.Context(), s.base(r)+callbackPath, local(r.URL.Query().Get("to")))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	data, err := json.Marshal(attempt)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.setCookie(w, s.attemptName(), base64.RawURLEncoding.EncodeToString(data), int(oidc.AttemptLife.Seconds()))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// fromProvider takes a browser that comes back.
func (s *Server) fromProvider(w http.ResponseWriter, r *http.Request) {
	var attempt oidc.Attempt
	if c, err := r.Cookie(s.attemptName()); err == nil {
		if data, err := base64.RawURLEncoding.DecodeString(c.Value); err != nil || json.Unmarshal(data, &attempt) != nil {
			attempt = oidc.Attempt{}
		}
	}
	s.setCookie(w, s.attemptName(), "", -1) // it is good for one answer
	account, err := s.provider.Finish(r.Context(), attempt, s.base(r)+callbackPath, r.URL.Query())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	var cookie string
	err = s.o.App.SignIn(r.Context(), account, func(who identity.Account) (session identity.Session, err error) {
		cookie, session, err = identity.NewSession(s.o.Random, who.Person, who.Roles, s.o.Now())
		return session.By(who, s.provider.Mark()), err
	})
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.signedIn(w, r, cookie, attempt.To)
}

// ended takes the provider's word that it signed somebody out.
func (s *Server) ended(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 32<<10)
	who, err := s.provider.Ended(r.Context(), r.PostFormValue("logout_token"))
	if err == nil {
		err = s.o.App.Ended(r.Context(), s.provider.Issuer(), who.Subject, who.Session)
	}
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.Denied:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		s.o.Logger.ErrorContext(r.Context(), "a sign-out of the provider failed", slog.Any("error", err))
		http.Error(w, "it could not be done at the moment", http.StatusServiceUnavailable)
	}
}

// refuse shows why nobody is signed in, on a page that leads on.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	switch kind {
	case fault.Denied:
		s.o.Logger.InfoContext(r.Context(), "a sign-in was refused", slog.Any("error", err))
		s.form(w, r, http.StatusForbidden, err.Error())
	case fault.Unavailable:
		s.o.Logger.ErrorContext(r.Context(), "the OpenID provider is no help", slog.Any("error", err))
		s.form(w, r, http.StatusBadGateway, s.provider.Host()+" does not sign people in at the moment.\nTry again in a minute. The log of the service has the reason.")
	default:
		s.o.Logger.ErrorContext(r.Context(), "sign-in failed", slog.Any("error", err))
		s.form(w, r, http.StatusServiceUnavailable, "Sign-in does not work at the moment.")
	}
}

// local returns a page of this service, "/" for anything else.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") ||
		strings.HasPrefix(to, "/sign") || len(to) > 1000 {
		return "/"
	}
	return to
}
