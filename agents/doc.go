// Package agents holds what a role agent is: its manifest and its one port.
//
// It decides whether a manifest names everything that lets an agent run:
// owner, source of truth, service level, audit trail, oversight, envelope and
// delegation factors. It never lets an agent act: an agent reads records and
// returns a draft, and there is no import path from here to an effect.
package agents
