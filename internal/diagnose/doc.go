// Package diagnose asks a team thirteen questions and says how far it is a
// service desk for reports.
//
// It decides what each answer counts and which contract, scaffold or workflow
// addresses a sign that was found. It never guesses an answer: a sign nobody
// answered for is a gap, and the score says between which values it lies.
package diagnose
