// Package identity says who a request comes from.
//
// It decides whether a token or a session is genuine, in force and wide enough
// for what it is used for. It never decides whether that person may do
// something to a draft or a change set: that is the use case's, from the
// person's roles. It keeps no secret: of a token and of a session it knows a
// digest.
package identity
