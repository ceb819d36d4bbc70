// Package injection holds no code for others: its tests put text that tries to
// give orders wherever text from outside can stand, and look whether anything
// that decides has listened.
//
// They decide that by comparing two workspaces that differ in one thing: where
// one holds an attack, the other holds its twin, which has the same length, the
// same line ends and the same punctuation, and says nothing. What a plan may
// touch, what the contract's gates say, who has to confirm and with what answer
// must be equal. It never runs in the product.
package injection
