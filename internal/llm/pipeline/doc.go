// Package pipeline stands between an agent and a model adapter and makes asking
// cheap, bounded and honest.
//
// From the outside in: what happened is told to an observer; a request that was
// answered before is answered from the cache; the answer's form is checked and
// sent back for repair a bounded number of times; another model is asked when one
// fails for good; a failure that may pass is tried again after the time that the
// provider asked for; a provider that is unwell is left alone for a while; calls
// keep to the provider's rate and to a number at a time; and every single call is
// reserved in its accounts before it is made and settled after.
//
// The reservation is innermost: a retry, a repair and another model are calls
// like others and are paid like them, each at the price of its own model.
//
// The package decides whether, when and how often a model is asked. It never
// decides what an answer means, and never lets a failure pass as an answer.
package pipeline
