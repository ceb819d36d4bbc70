// Package textmine is the offline analyst: it groups short texts into themes without a model, a network or a random
// answer. The same texts give the same result on any machine.
//
// It decides which texts belong together, how many themes there are, which texts fit nowhere, and how sure it is of
// each. It never invents a theme for a text that has none, never names themes (package label does), never reads
// anything but the texts it is given, and never keeps state between calls.
//
// The way through the package: tokens.go reads words, corpus.go turns texts into units and counts equal ones once,
// views.go gives every unit a direction in space, model.go finds themes in a sample, assign.go places the rest, and
// analyze.go joins all that into a [Result].
package textmine
