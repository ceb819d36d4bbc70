// Package langchain asks Anthropic's models, at Anthropic or in Amazon Bedrock,
// through langchaingo.
//
// It decides how a schema is asked for where the library has no word for it: as
// the input of a tool that has to be called. It never holds a key, never tries
// again, and uses the library for these two providers only, because its other
// adapters lose parts of a request.
package langchain
