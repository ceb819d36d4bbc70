// Package prompts holds every text that roleos says to a language model, with
// what each needs, takes, returns and may cost.
//
// It decides how a prompt is read and filled in. It never holds text from a
// record: that goes into a request as marked data beside the prompt. It never
// asks a model.
package prompts
