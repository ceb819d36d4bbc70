// Package say puts what lint, test and diff found about contracts into text for
// people and into SARIF 2.1.0 for code review.
//
// It decides how a finding, a trial and a comparison look. It never lints, never
// leaves a finding out, and reads and writes no file.
package say
