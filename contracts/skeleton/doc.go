// Package skeleton writes the first version of a new contract: the file, the
// schema of its artefact, an example that passes and examples that do not.
//
// It decides with what a newcomer starts and what lint will ask for next. It
// never fills in who answers for a contract, and writes no file itself.
package skeleton
