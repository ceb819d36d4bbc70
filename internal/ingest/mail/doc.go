// Package mail reads mailboxes and single mails.
//
// It decides where one mail ends in a mailbox, what its writer wrote themselves
// and what they quoted or signed with, and which mails belong to one thread. A
// record's text is the writer's own lines; the lines that were cut stay with the
// record in the fields "quoted" and "signature". A mail that is malformed never
// stops the others: what can be read of it is, and the rest is a finding.
package mail
