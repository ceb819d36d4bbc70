// Package trial runs an agent in memory on a person's files and has the result
// scored.
//
// It decides which kind of gold set goes with which artefact. It never stores anything,
// and it hides columns that hold labels from the agent.
package trial
