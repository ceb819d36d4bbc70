// Package models opens the language model that the settings name.
//
// It decides which adapter speaks for which provider, in which accounts a run's
// calls are counted, and how a failure is told to a person. It never calls a
// model by itself except to check one that somebody asked to have checked.
package models
