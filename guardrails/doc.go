// Package guardrails decides whether a set of changes may be proposed, confirmed or applied.
//
// Evaluate is the one decision. It is pure and total: it reads no clock, file,
// network or environment, and every input has an answer. What is missing,
// unknown, unmeasured or wrong is denied; the zero Decision is a denial; every
// reason is given, not the first.
//
// Five constraints stand in the code and configuration can only tighten them:
//
//	blast_radius     no envelope, no write; counted over everything in the window
//	write_narrow     only named targets, operations and objects; sequences and taint
//	irreversibility  irreversible until this set's inverse was run and compared
//	staging          the same bytes on a copy first, and nothing has moved since
//	confirmation     a person's single-use grant, bound to these bytes
//
// A ChangeSet is its stored bytes. They are made once by Seal, named by their
// SHA-256, and never written out again: two different sets never share a name,
// as they could if they were re-serialised.
//
// What an operation does to the world is said by a Manifest of ours and by
// nothing else. The manifest of a target in our own code is compiled in and
// known by its Digest; OpenManifest takes one for somebody else's tool only with
// our Ed25519 signature over exactly its bytes. What no manifest lists is
// Unknown, and Unknown is refused.
//
// The package never acts, never asks a model, and never reads what an agent
// wrote as anything but text to show.
package guardrails
