// Package redmine is the tracker "issues of one Redmine project" over REST,
// https://www.redmine.org/projects/redmine/wiki/Rest_api.
//
// It decides how a ticket's labels, which Redmine does not have, stand in the
// description, and which statuses mean open and closed. Redmine filters by text
// in its database, so markers are found at once and exactly. It never decides
// which issue is meant.
package redmine
