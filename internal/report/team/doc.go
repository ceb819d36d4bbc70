// Package team builds the pages on which a team sees itself: a role's operating
// system, what its scaffold lacks, who engages where, a run of a workflow, and
// the diagnosis.
//
// It decides in which order these are told. It never decides what holds, who
// acts or what comes next, and renders nothing: it builds pages.
package team
