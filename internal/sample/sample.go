package sample

import _ "embed" // the export is compiled in, so that --sample needs no file

// Name is the file name that the sample goes by wherever a source is named.
const Name = "harbour-sample.csv"

//go:embed harbour-sample.csv
var export string

// CSV returns the sample export: a header row and 168 support queries of twelve
// weeks, as UTF-8. Every call returns a copy of its own.
func CSV() []byte { return []byte(export) }
