// Package budget says what asking models may cost: what is counted, in which
// accounts, against which limits.
//
// It decides whether one more call fits an account. It never calls a model,
// never guesses a price and never lends: what does not fit is refused before it
// is spent.
package budget
