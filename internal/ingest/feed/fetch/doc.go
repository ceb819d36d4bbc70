// Package fetch gets feeds over the network, from hosts that a person allowed.
//
// It decides whether an address may be asked at all, how long that may take and
// how much may come back; it asks again only for what changed since. It never
// asks a host that is not on the list, not by a redirect either, sends no
// cookies and no credentials, and never reads what it got.
package fetch
