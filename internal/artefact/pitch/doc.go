// Package pitch holds the shaped pitch: what a team bets on.
//
// It decides what a brief and the team's words become in a pitch, what is
// missing, and how feasibility is laid out for the architect. It never drops
// what the brief hands on without a reason, never averages two appetites, and
// states nothing that no record and no person has said.
package pitch
