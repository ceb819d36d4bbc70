// Package policybench measures the guardrails beside CEL and Cedar.
//
// It decides nothing and is part of no binary. It is a module of its own, so
// that the product does not carry what it is measured against. It never says
// that the three do the same: the peers check the limits of one change, the
// guardrails also check proof, drift, grant, taint and sequences, with all reasons.
package policybench
