// Package schema holds the JSON Schema (2020-12) of each artefact and checks
// documents against it.
//
// It decides whether a document has its artefact's form and says, for each
// place that does not, what was expected there. It never judges what a document
// claims, fetches nothing from anywhere, and changes no document.
package schema
