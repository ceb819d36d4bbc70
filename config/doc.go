// Package config reads the settings of one workspace.
//
// It decides what every setting is and where its value came from: the default,
// then roleos.yaml in the workspace, then the ROLEOS_ environment, then flags;
// the last one that speaks wins. It refuses what it does not know, what has the
// wrong type and what is out of bounds, all of it in one message.
//
// It never creates or changes a file, never reads the environment unasked (only
// the functions whose names end in FromOS do), and never lets a setting loosen
// a guardrail: what an agent may touch is not configured here.
package config
