// Package graph finds communities in a weighted undirected graph of nearest neighbours.
//
// It decides which nodes belong together and how many groups there are: by the two-level map equation for themes, by
// modularity for the level above them. It never sees text and never forces a node without edges into a group.
// Weights are integers, so that sums are exact; the few logarithms come from vec.Ln. The same graph and seed give the
// same groups on any machine.
package graph
