// Package tracker is the target "an issue tracker": one project's issues behind
// one small port, with a client each for GitHub and Redmine.
//
// It decides which issue an object names, what of it is ours (title, text,
// labels, open or closed), and which wanted tickets are there already: exact
// marker, then similarity, then a cap.
//
// A tracker knows no conditional write and no idempotency key. So every issue
// that is opened here carries a marker in its last line, the marker is looked
// for before and after each write, and a write whose answer is missing is never
// repeated: it is settled by reading once it cannot arrive any more. Between the
// last look and the write somebody else can still edit an issue; no tracker that
// we know offers a write under a condition.
//
// Opening is taken back by closing and by marking as withdrawn. That is reversed
// only as far as a tracker goes: the number stays taken, and whoever watches the
// project was told. Closing therefore counts as destructive.
//
// It never deletes, never comments, never searches an index that may lag where
// exactness matters, and touches nothing outside its one project.
package tracker
