package look

import (
	"crypto/sha256"
	_ "embed" // the style and the script
	"encoding/base64"
	"strings"
)

var (
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// Style returns the style sheet.
func Style() string { return style }

// Script returns the script: sorting, filtering, copying, folds that open for print.
func Script() string { return script }

// Policy returns the content security policy of a page that holds this style and
// this script and needs nothing beside it.
func Policy(style, script string) string {
	return "default-src 'none'; style-src " + digest(style) + "; script-src " + digest(script) +
		"; base-uri 'none'; form-action 'none'"
}

func digest(s string) string {
	d := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(d[:]) + "'"
}

// Glue keeps a percent sign, and the value of a test, on the line of its number.
func Glue(s string) string {
	if !strings.ContainsAny(s, "%=<") {
		return s
	}
	return strings.NewReplacer(" %", "\u00a0%", "q = ", "q\u00a0=\u00a0", "p = ", "p\u00a0=\u00a0", "q < ", "q\u00a0<\u00a0", "p < ", "p\u00a0<\u00a0").Replace(s)
}
