// Package console is the review console: the pages in which people read drafts
// against their evidence, decide, and see what follows.
//
// It decides what stands on a page, in which order, and how a person says what
// they decided. It never decides whether they may: every decision is the use
// case's, for the actor of the session. Every page reads and decides without
// JavaScript; with it, runs and drafts are live, quotes open beside the text and
// lists answer to keys. Nothing from a record becomes markup, and the browser is
// told to run nothing but this package's own files.
package console
