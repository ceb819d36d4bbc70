package identity_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/identity"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

var _ identity.Store = (*store.DB)(nil)

func TestTokensAreCheckedWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		text, tok, err := identity.NewToken(rand.Reader, "person:ana", "nightly export", []identity.Scope{identity.Read}, now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text, identity.Prefix) {
			t.Errorf("a scanner would not find %q", text)
		}
		if err := db.PutToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		_, secret, _ := identity.ParseToken(text)
		if strings.Contains(tok.Digest, secret) {
			t.Error("the secret is stored")
		}
		for name, c := range map[string]struct {
			header string
			scope  identity.Scope
			at     time.Time
			want   string // "" passes
		}{
			"good":         {"Bearer " + text, identity.Read, now, ""},
			"scheme case":  {"bearer " + text, identity.Read, now, ""},
			"no scheme":    {text, identity.Read, now, "not known"},
			"basic":        {"Basic " + text, identity.Read, now, "not known"},
			"empty":        {"", identity.Read, now, "not known"},
			"other secret": {"Bearer " + text[:len(text)-4] + "aaaa", identity.Read, now, "not known"},
			"other id":     {"Bearer roleos_aaaaaaaa_" + secret, identity.Read, now, "not known"},
			"other scope":  {"Bearer " + text, identity.Decide, now, "is not for"},
			"expired":      {"Bearer " + text, identity.Read, now.Add(time.Hour), "expired"},
		} {
			_, err := identity.Bearer(t.Context(), db, c.header, c.scope, c.at)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case c.want != "" && (fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
		if err := db.RevokeToken(t.Context(), tok.ID, now); err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Bearer(t.Context(), db, "Bearer "+text, identity.Read, now); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("a revoked token: %v", err)
		}
		if all, err := db.Tokens(t.Context()); err != nil || len(all) != 1 || all[0].RevokedAt.IsZero() || len(all[0].Scopes) != 1 {
			t.Errorf("tokens %+v, %v", all, err)
		}
		if err := db.RevokeToken(t.Context(), "nope", now); fault.KindOf(err) != fault.NotFound {
			t.Errorf("revoking what is not there: %v", err)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		cookie, s, err := identity.NewSession(rand.Reader, "person:ana", []string{"pm"}, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.PutSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		got, err := db.Session(t.Context(), identity.SessionDigest(cookie), now)
		if err != nil || got.Person != "person:ana" || len(got.Roles) != 1 || !got.Genuine(s.CSRF) || got.Genuine("") || got.Genuine("x") {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := db.Session(t.Context(), s.Digest, now.Add(identity.SessionLife)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an expired session: %v", err)
		}
		if err := db.EndSession(t.Context(), s.Digest); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Session(t.Context(), s.Digest, now); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an ended session: %v", err)
		}
	})
}

func TestPoorTokensAreNotMade(t *testing.T) {
	now := time.Now()
	for name, make := range map[string]func() error{
		"no name": func() error {
			_, _, err := identity.NewToken(rand.Reader, "person:a", " ", []identity.Scope{identity.Read}, now, time.Hour)
			return err
		},
		"no scope": func() error {
			_, _, err := identity.NewToken(rand.Reader, "person:a", "x", nil, now, time.Hour)
			return err
		},
		"scope": func() error {
			_, _, err := identity.NewToken(rand.Reader, "person:a", "x", []identity.Scope{"root"}, now, time.Hour)
			return err
		},
		"for ever": func() error {
			_, _, err := identity.NewToken(rand.Reader, "person:a", "x", []identity.Scope{identity.Read}, now, 0)
			return err
		},
		"too long": func() error {
			_, _, err := identity.NewToken(rand.Reader, "person:a", "x", []identity.Scope{identity.Read}, now, 400*24*time.Hour)
			return err
		},
	} {
		if err := make(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnAccountIsOnePerson: on both databases, whoever is first.
func TestAnAccountIsOnePerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		ana := identity.Account{Issuer: "https://id.example", Subject: "a-1", Session: "s-1", Person: "person:ana", FirstAt: now}
		for _, name := range []string{"person:ana", "person:renamed"} {
			again := ana
			again.Person = name
			if who, err := db.Bind(t.Context(), again); err != nil || who != "person:ana" {
				t.Fatalf("called %s she is %s, %v", name, who, err)
			}
		}
		if who, err := db.Bind(t.Context(), identity.Account{Issuer: ana.Issuer, Subject: "x-9", Person: "person:ana"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another account is %s, %v", who, err)
		}
		session := func(a identity.Account, by string) string {
			t.Helper()
			cookie, s, err := identity.NewSession(rand.Reader, a.Person, a.Roles, now)
			if by != "" {
				s = s.By(a, by)
			}
			if err == nil {
				err = db.PutSession(t.Context(), s)
			}
			if err != nil {
				t.Fatal(err)
			}
			return identity.SessionDigest(cookie)
		}
		live := func(digest string) bool {
			_, err := db.Session(t.Context(), digest, now)
			return err == nil
		}
		first, token := session(ana, "mark"), session(ana, "")
		ana.Session = "s-2"
		second := session(ana, "mark")
		if got, err := db.Session(t.Context(), first, now); err != nil || got.Provider != "mark" || got.AtProvider != "s-1" {
			t.Errorf("%+v, %v", got, err)
		}
		for _, none := range [][3]string{{ana.Issuer, "x-9", ""}, {"https://other.example", "a-1", ""}, {ana.Issuer, "", "s-3"}, {ana.Issuer, "a-1", "s-3"}} {
			if n, err := db.EndAt(t.Context(), none[0], none[1], none[2]); err != nil || n != 0 {
				t.Errorf("%v ends %d sessions, %v", none, n, err)
			}
		}
		if n, err := db.EndAt(t.Context(), ana.Issuer, "", "s-1"); err != nil || n != 1 || live(first) || !live(second) {
			t.Errorf("one session: %d, %v", n, err)
		}
		if n, err := db.EndAt(t.Context(), ana.Issuer, "a-1", ""); err != nil || n != 1 || live(second) || !live(token) {
			t.Errorf("all of the provider's: %d, %v", n, err)
		}
		third := session(ana, "mark")
		if err := db.Unbind(t.Context(), "person:ana"); err != nil || live(third) || !live(token) {
			t.Errorf("forgetting: %v", err)
		}
		if err := db.Unbind(t.Context(), "person:ana"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("forgetting again: %v", err)
		}
		if all, err := db.Accounts(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}
