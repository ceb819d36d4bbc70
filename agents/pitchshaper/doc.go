// Package pitchshaper shapes a pitch for the betting table from a problem brief
// and what the team has said and written.
//
// It decides which words of the team are an appetite, an element of a solution,
// a rabbit hole, a no-go or a kill criterion, and hands on everything the brief
// holds under the ids it has there. It never writes anything, never calls a
// model, never proposes a solution of its own and never says that one is feasible.
package pitchshaper
