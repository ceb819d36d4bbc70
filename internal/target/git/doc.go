// Package git is the target "files on a branch of a git repository". A change is
// a commit that is put onto the branch in one step, the move of its reference;
// a reference of its own is the staging; undoing is a commit as well, so that
// nothing that was ever on the branch is lost. A commit's trailer names its
// effect, and by it an effect that was done is known again.
//
// It decides which commits it may make: on one branch, below declared folders,
// on top of whatever others have committed meanwhile to other files. It never
// rewrites history, never pushes, never runs hooks or filters, never follows a
// link or a submodule, and never moves a branch that is checked out somewhere.
package git
