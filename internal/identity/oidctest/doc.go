// Package oidctest is an OpenID provider on this machine, for tests: discovery, keys
// that rotate, a page on which a person signs in, a token endpoint that verifies the
// client, the redirect address, PKCE and that a code is used once, user info, and
// the ends of sessions, front and back.
//
// It decides nothing about roleos and never runs outside tests. It keeps to the
// specifications; what it does wrong it does because a test told it to.
package oidctest
