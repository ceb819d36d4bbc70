package serve

import (
	"crypto/subtle"
	_ "embed" // the page on which a person signs in
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/identity"
)

// cookieName holds a session. Its prefix has browsers refuse it from anywhere
// but this host.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-roleos"
	}
	return "roleos"
}

// Session returns who is signed in, and the mark that their forms carry.
func (s *Server) Session(r *http.Request) (app.Actor, string, bool) {
	c, err := r.Cookie(s.cookieName())
	if err != nil || c.Value == "" {
		return app.Actor{}, "", false
	}
	got, err := s.o.Store.Session(r.Context(), identity.SessionDigest(c.Value), s.o.Now())
	if err != nil {
		return app.Actor{}, "", false
	}
	actor := s.o.App.Person(got.Person)
	actor.Scopes = identity.Scopes()
	switch {
	case got.Token != "": // the session ends with its token, and is for no more
		t, err := s.o.Store.Token(r.Context(), got.Token)
		if err != nil || !t.Live(s.o.Now()) {
			return app.Actor{}, "", false
		}
		actor.Scopes = t.Scopes
	case got.Provider != "": // it ends when the settings let people in otherwise
		if s.provider == nil || got.Provider != s.provider.Mark() {
			return app.Actor{}, "", false
		}
		actor.Roles = got.Roles
	case !s.solo:
		return app.Actor{}, "", false
	}
	return actor, got.CSRF, true
}

//go:embed signin.html
var signInText string

// signInPage shows the form, or takes the code of a solo workspace.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) {
	if code := r.URL.Query().Get("code"); s.solo && code != "" {
		if subtle.ConstantTimeCompare([]byte(code), []byte(s.code)) == 1 && s.used.CompareAndSwap(false, true) {
			s.begin(w, r, s.o.Config.Principal, nil)
			return
		}
		if _, _, ok := s.Session(r); ok {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		s.form(w, r, http.StatusForbidden, "This address signs in once, and has been used. Start roleos serve again for a new one, or use a token.")
		return
	}
	message := ""
	if r.URL.Query().Has("out") {
		message = "You are signed out of roleos."
	}
	s.form(w, r, http.StatusOK, message)
}

// signIn takes an API token that may decide.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if !s.sameOrigin(r) {
		s.form(w, r, http.StatusForbidden, "The form was sent from another page.")
		return
	}
	t, err := identity.Bearer(r.Context(), s.o.Store, "Bearer "+strings.TrimSpace(r.PostFormValue("token")), identity.Decide, s.o.Now())
	if err != nil {
		status := http.StatusForbidden
		if fault.KindOf(err) != fault.Denied {
			s.o.Logger.ErrorContext(r.Context(), "sign-in failed", slog.Any("error", err))
			status, err = http.StatusServiceUnavailable, fault.New(fault.Unavailable, "serve.signin", "sign-in does not work at the moment")
		}
		s.form(w, r, status, err.Error())
		return
	}
	s.begin(w, r, t.Person, &t)
}

// sameOrigin refuses what a browser says comes from elsewhere.
func (s *Server) sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin" || site == "none"
}

// begin signs a person in, with their token if it was one, and shows the first page.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, person string, with *identity.Token) {
	cookie, session, err := identity.NewSession(s.o.Random, person, nil, s.o.Now())
	if with != nil {
		session = session.From(*with)
	}
	if err == nil {
		err = s.o.Store.PutSession(r.Context(), session)
	}
	if err != nil {
		s.o.Logger.ErrorContext(r.Context(), "sign-in failed", slog.Any("error", err))
		s.form(w, r, http.StatusServiceUnavailable, "Sign-in does not work at the moment.")
		return
	}
	s.signedIn(w, r, cookie, r.PostFormValue("to"))
}

// signedIn gives the browser a new session in place of the one it may have had, and
// shows the page that was asked for.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request, cookie, to string) {
	if was, err := r.Cookie(s.cookieName()); err == nil {
		if err := s.o.Store.EndSession(r.Context(), identity.SessionDigest(was.Value)); err != nil {
			s.o.Logger.ErrorContext(r.Context(), "an old session stays", slog.Any("error", err))
		}
	}
	s.setCookie(w, s.cookieName(), cookie, int(identity.SessionLife.Seconds()))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, local(to), http.StatusSeeOther)
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode})
}

// signOut ends the session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	_, csrf, ok := s.Session(r)
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if ok && s.sameOrigin(r) && subtle.ConstantTimeCompare([]byte(r.PostFormValue("csrf")), []byte(csrf)) == 1 {
		if c, err := r.Cookie(s.cookieName()); err == nil {
			if err := s.o.Store.EndSession(r.Context(), identity.SessionDigest(c.Value)); err != nil {
				s.o.Logger.ErrorContext(r.Context(), "sign-out failed", slog.Any("error", err))
			}
		}
		s.setCookie(w, s.cookieName(), "", -1)
	}
	http.Redirect(w, r, "/signin?out", http.StatusSeeOther)
}

// form shows the page on which people sign in, with what there is to say to them.
func (s *Server) form(w http.ResponseWriter, r *http.Request, status int, message string) {
	t, err := template.New("signin").Parse(signInText)
	if err != nil {
		http.Error(w, "the page is damaged", http.StatusInternalServerError)
		return
	}
	said, mend, _ := strings.Cut(message, "\n")
	page := map[string]any{"Message": said, "Mend": mend, "Solo": s.solo, "Bad": status >= http.StatusBadRequest, "To": ""}
	if to := local(r.FormValue("to")); to != "/" {
		page["To"] = to
	}
	if s.provider != nil {
		page["Provider"], page["Begin"] = s.provider.Host(), beginPath+"?"+url.Values{"to": {local(r.FormValue("to"))}}.Encode()
		if r.URL.Query().Has("out") { // the provider would let them in again unasked
			page["End"] = s.provider.EndURL(r.Context(), s.base(r)+"/signin")
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = t.Execute(w, page)
}
