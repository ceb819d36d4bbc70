// Package gemini asks Google's Gemini models.
//
// It decides which of two client libraries says a request: generative-ai-go,
// which is out of support and knows plain schemas only, or genai for rich
// schemas, thinking, streams and vectors. It never holds a key, which both would
// put where it can be read, and never lets either try again by itself.
package gemini
