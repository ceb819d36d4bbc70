// Package change is the one door through which roleos writes to the world:
// plan, stage, prove, grant, apply, verify, undo.
//
// It decides nothing that guardrails decides; it measures, asks guardrails, and
// does what was allowed, in the order that survives a killed process. An intent
// is durable before the write it announces; what was interrupted is settled by
// reading the target back, never by trying again.
//
// A set's bytes are made once when it is planned. What a person is shown is
// rendered from these bytes, the grant is bound to their digest, and they are
// what is applied. An edit is a new plan.
//
// It never writes without a grant that it consumes, never takes silence for a
// yes, and never overwrites what somebody else has changed since.
package change
