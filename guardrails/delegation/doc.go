// Package delegation decides whether a task runs autonomously or in coordination.
//
// The mode comes from three factors, each with a reason: error tolerance, tool
// span and independence. Only when all three are of the easy kind is the task
// autonomous and verified afterwards; otherwise contract and person come first.
// A factor that is missing, or has no reason, means coordinated.
//
// The mode is computed here, outside any model. People may tighten it; nobody
// and nothing can loosen it below what the factors allow. The package never
// runs a task and never reads what a model says about itself.
package delegation
