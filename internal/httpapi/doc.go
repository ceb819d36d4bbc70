// Package httpapi is the service's HTTP API, described by its own OpenAPI 3.1
// document.
//
// It decides how a use case is reached over HTTP: paths, status codes, entity
// tags, problems (RFC 9457), how often a client may ask. It never decides
// whether somebody may do something: it finds out who asks, puts that person
// into the context, and the use case decides.
package httpapi
