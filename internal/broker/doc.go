// Package broker gives a service a process of its own that holds the key and
// does the writes: it signs confirmations, and does what they confirm.
//
// It decides what it signs (a person's confirmation of now, in the mode of the
// workspace, or a standing delegation; nothing else) and, with change.NewHand,
// what it does (a change of a set that such a signature is bound to). It never
// takes a write by word of mouth, never gives the key away, and answers only who
// started it, through a pipe. A broker that died is started anew; what it was
// doing then is settled by reading the target back.
package broker
