// Package say writes numbers and foreign text for people.
//
// It decides how a count, a share, a ratio or a date reads, which characters
// would deceive a reader, and how text fits into columns. It never rounds a
// share that is not nought to nought, and it knows nothing of themes or reports.
package say
