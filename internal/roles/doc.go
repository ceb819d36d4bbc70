// Package roles holds what a role is on a data product team: where it engages,
// what context it takes and gives, with which agents and workflows.
//
// It decides whether these declarations fit together: whether every input has
// somebody who produces it, every output somebody who uses it, whether formats
// meet and whether an input is past its cadence. It never reads a workspace
// itself, never says who a person is, and stops no work: it finds and names.
package roles
