// Package yamlfile reads the small declarations that people write by hand: one
// strict YAML document with the place of everything in it.
//
// It decides what is well-formed: unknown and duplicate keys, wrong types, a
// second document, anchors, aliases and tags are errors that show file, line,
// column and the line itself. It never decides what a declaration means.
package yamlfile
