// Package outbox keeps what endpoints outside are to be told: deliveries, and how
// far each endpoint was told of the audit log.
//
// It decides which of several processes may try a delivery, and that an event is
// kept once for each endpoint. It never decides what is an event or when one is
// tried again, and it never reaches an endpoint.
package outbox
