// Package llmtest holds providers that answer on this machine and go wrong on
// purpose, and the one suite that every model adapter passes.
//
// It decides what a provider may do to us: slow down, break off, lie about
// success, flood, refuse, forget to count. It never reaches a real provider,
// but for Contract where somebody gave it that provider's key, and is never part
// of the product.
package llmtest
