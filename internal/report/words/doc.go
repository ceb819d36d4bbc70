// Package words compares two texts word by word.
//
// It decides which words were kept, taken out and put in. It never shortens a
// text and knows nothing of markup.
package words
