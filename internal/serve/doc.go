// Package serve is the service: one process that answers browsers and programs,
// goes on with what others left behind and keeps the clocks.
//
// It decides who is signed in, where the service may listen, and when it is
// ready. It never decides about a draft or a change set: the console and the API
// call the same use cases as the command line.
package serve
