package audit

import "fmt"

// ProblemKind names what was done to a log.
type ProblemKind string

// The kinds of problem.
const (
	Edited    ProblemKind = "edited"    // a record's bytes are not those that were hashed
	Missing   ProblemKind = "missing"   // records between others are gone
	Moved     ProblemKind = "moved"     // a record stands in another's place
	Truncated ProblemKind = "truncated" // records at the end are gone
	Added     ProblemKind = "added"     // a record beyond the log's own count
	Broken    ProblemKind = "broken"    // a tree hash is lost or does not follow from those below it
	Rewritten ProblemKind = "rewritten" // records and all their hashes were changed after a checkpoint was signed
	Signature ProblemKind = "signature" // a checkpoint kept beside the log is not signed by a believed key
)

// Problem is one thing that is wrong with a log. Seq and To name the first and
// the last record it is about; they are 0 when it is about none.
type Problem struct {
	Kind    ProblemKind `json:"kind"`
	Seq     int64       `json:"seq,omitempty"`
	To      int64       `json:"to,omitempty"`
	Message string      `json:"message"`
}

// MaxProblems bounds a report; further problems are counted only.
const MaxProblems = 200

// Report is what Verify found.
type Report struct {
	Records     int64     `json:"records"`     // records read
	Root        string    `json:"root"`        // over them, base64
	Checkpoints int       `json:"checkpoints"` // signed heads the log was held against
	Saved       bool      `json:"saved"`       // one of them was kept elsewhere
	Problems    []Problem `json:"problems"`    // in the order they were met
	More        int       `json:"more"`        // problems beyond MaxProblems
}

// Intact reports whether nothing is wrong. Without a checkpoint kept elsewhere
// that still leaves one thing open: whether the end was cut off.
func (r Report) Intact() bool { return len(r.Problems) == 0 }

func (r *Report) add(kind ProblemKind, seq, to int64, format string, args ...any) {
	if len(r.Problems) == MaxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{Kind: kind, Seq: seq, To: to, Message: fmt.Sprintf(format, args...)})
}

// span names records for a reader.
func span(first, last int64) string {
	if first == last {
		return fmt.Sprintf("record %d", first)
	}
	return fmt.Sprintf("records %d to %d", first, last)
}

func verb(first, last int64, one, many string) string {
	if first == last {
		return one
	}
	return many
}
