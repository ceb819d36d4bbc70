// Package contracts says what a draft has to satisfy before it crosses from one
// role to the next, and checks it.
//
// It decides whether a contract can be enforced (Lint) and whether a draft
// passes it (Check). A gate counts as a gate when it compiles, passes its good
// example and fails its bad one; no word of it is interpreted. It never mends a
// draft, never loosens a contract, and an error while checking is never a pass.
package contracts
