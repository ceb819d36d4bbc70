package app

import (
	"context"
	"slices"

	"roleos/internal/fault"
	"roleos/internal/identity"
)

// SignIn lets the account's person in: it says who they are here, keeps the
// session that begin makes for them, and notes in the audit log with which roles
// they came. It fails with fault.Denied when that person is another account.
func (a *App) SignIn(ctx context.Context, account identity.Account, begin func(identity.Account) (identity.Session, error)) error {
	account.FirstAt = a.now().UTC()
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		who := account
		var err error
		if who.Person, err = a.db.Bind(ctx, account); err != nil {
			return err
		}
		session, err := begin(who)
		if err != nil {
			return err
		}
		if err := a.db.PutSession(ctx, session); err != nil {
			return err
		}
		return a.log.Append(ctx, "session.begun", who.Person, who.Person, map[string]any{"provider": who.Issuer, "roles": who.Roles})
	})
	if fault.KindOf(err) == fault.Conflict {
		return fault.New(fault.Denied, "app.signin", "another account of the provider has signed in as %s before, and who somebody is does not change", account.Person).
			WithMend("When it is the same person, whoever runs the service forgets the old account: roleos account forget %s", account.Person)
	}
	return err
}

// Ended ends the sessions of an account that the provider has signed out, or the
// one that it names.
func (a *App) Ended(ctx context.Context, issuer, subject, session string) error {
	_, err := a.db.EndAt(ctx, issuer, subject, session)
	return err
}

// Accounts returns who has signed in at a provider, by person.
func (a *App) Accounts(ctx context.Context) ([]identity.Account, error) { return a.db.Accounts(ctx) }

// ForgetAccount lets another account become the person, and ends the sessions of
// the one that was.
func (a *App) ForgetAccount(ctx context.Context, person string) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		all, err := a.db.Accounts(ctx)
		if err != nil {
			return err
		}
		if err := a.db.Unbind(ctx, person); err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x identity.Account) bool { return x.Person == person })
		return a.log.Append(ctx, "account.forgotten", a.actor(ctx), person, map[string]any{"provider": all[i].Issuer, "subject": all[i].Subject})
	})
}
