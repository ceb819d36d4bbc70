// Package oidc signs people in at an OpenID provider: the authorisation code flow
// with PKCE, state and nonce.
//
// It decides whether what the provider says is genuine, and which person and
// roles follow from it. Roles come from the groups that the settings map and from
// nothing else; who is in none of them is not let in. It never keeps a session,
// never stores what a provider gave (no token, no address, no name but the
// person's), and never shows a provider's own words to people.
//
// Checked of every answer: state and the browser it was given to, iss of the answer
// (RFC 9207), of an ID token the signature by a published key under an asymmetric
// algorithm, iss, aud, azp, exp, iat, nbf, nonce and at_hash. Keys are looked up
// again when an unknown one signs, and forgotten after an hour, so that one that
// the provider withdrew is not good for ever.
//
// OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel
// Logout 1.0, RFC 6749, 7636, 9207.
package oidc
