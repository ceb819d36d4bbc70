package contracts

import (
	"regexp"
	"strconv"
	"strings"
)

// Rule names what a finding is about, the same in every version.
type Rule string

// The rules.
const (
	Unreadable      Rule = "unreadable"
	Uncompiled      Rule = "does-not-compile"
	ExampleUnusable Rule = "example-unusable"
	GoodRefused     Rule = "good-example-refused"
	BadAccepted     Rule = "bad-example-accepted"
	BadUnclear      Rule = "bad-example-unclear"
	PassesOnNothing Rule = "passes-on-nothing"
	NothingToCarry  Rule = "nothing-to-carry"
	GradesItself    Rule = "draft-grades-itself"
	OwnWord         Rule = "drafts-own-word"
	NoDifference    Rule = "makes-no-difference"
	VagueWords      Rule = "vague-words"
)

// RuleText is what a rule says to somebody who meets it for the first time.
type RuleText struct {
	Rule Rule
	Says string
	Help string
}

// Rules returns all rules with their texts, in a fixed order.
func Rules() []RuleText {
	return []RuleText{
		{Unreadable, "The file is no contract.", "Mend the file at the place named; what is expected stands in the message."},
		{Uncompiled, "The gate does not compile.", "Write a check that a program can run over the artefact's schema, or move the sentence to preferences."},
		{ExampleUnusable, "An example cannot be used.", "Name an example that exists: a draft, or a base with changes."},
		{GoodRefused, "The example that has to pass does not.", "Mend the example, or the check."},
		{BadAccepted, "The example that has to fail passes.", "A gate that cannot fail checks nothing: give an example it refuses, or move the sentence to preferences."},
		{BadUnclear, "The example that has to fail ends otherwise.", "Give the example the schema's form, and break only what this gate asks for."},
		{PassesOnNothing, "The gate passes where there is nothing to look at.", "Ask for at least one, or say when_empty: passes where none is fine."},
		{NothingToCarry, "The carry gate's good example has nothing to carry.", "Give the example an upstream artefact with an item, and carry it."},
		{GradesItself, "The draft grades itself.", "Check what the grade rests on, let a person attest it, or move the sentence to preferences."},
		{OwnWord, "The draft's own word is all the gate has.", "Check what it rests on, or let a person attest it."},
		{NoDifference, "A field that the gate names makes no difference in any example.", "Take it out of the check, or let an example show what it is for."},
		{VagueWords, "Words that people read differently (ISO/IEC/IEEE 29148:2018, 5.2.7; INCOSE rules R7 to R9).", "Say what the check looks at, in its words."},
	}
}

var placed = regexp.MustCompile(`(?s)^(?:[a-z.]+: )?(\S+?):(\d+):(\d+): ([^\n]*)(\n.*)?$`)

// Unread makes the error of loading the contract in file a finding.
func Unread(file string, err error) Finding {
	f := Finding{Rule: Unreadable, Severity: Error, File: file, Line: 1, Column: 1, Message: err.Error()}
	if m := placed.FindStringSubmatch(err.Error()); m != nil {
		f.File, f.Message = m[1], m[4]
		for line := range strings.SplitSeq(strings.Trim(m[5], "\n"), "\n") {
			if strings.HasPrefix(line, "  ") {
				f.Excerpt += "\n" + line
			} else {
				f.Mend = strings.TrimSpace(f.Mend + "\n" + line)
			}
		}
		f.Line, _ = strconv.Atoi(m[2])   //nolint:errcheck // digits
		f.Column, _ = strconv.Atoi(m[3]) //nolint:errcheck // digits
	}
	return f
}
