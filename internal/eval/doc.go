// Package eval scores an agent's artefact against what people labelled.
//
// It decides what counts as right, how sure a score is, and whether a change
// made an agent better, worse, or shows no difference. It runs no agent, reads
// no file and never lets labels reach what is scored. The formats of gold sets
// are described in internal/docs/evaluation.md.
//
//	gold + artefact -> outcomes (one for each labelled thing) -> scores with intervals -> comparison with a saved report
package eval
