package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's templates, style and script
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"roleos/internal/report/say"
)

var (
	//go:embed assets/page.gohtml
	pageTemplate string
	//go:embed assets/parts.gohtml
	pageParts string
	//go:embed assets/page.css
	pageStyle string
	//go:embed assets/page.js
	pageScript string
)

// HTML writes the report as one file that needs nothing beside it: style, charts
// and a small script are inside, and a content security policy allows only these,
// by their digests. The page is whole without the script.
//
// Every text is escaped by html/template, and characters that would hide or
// reorder text are written as their names.
func HTML(w io.Writer, v View) error {
	p := newPage(v)
	p.CSS, p.JS = template.CSS(pageStyle), template.JS(pageScript)
	p.Policy = policy(pageStyle, pageScript)
	t, err := template.New("page").Funcs(template.FuncMap{"glue": glue}).Parse(pageTemplate + pageParts)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	// Nothing of ours holds such a character, so what is replaced came from outside.
	_, err = io.WriteString(w, say.Reveal(b.String()))
	return err
}

// policy is the page's content security policy.
func policy(style, script string) string {
	digest := func(s string) string {
		d := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(d[:]) + "'"
	}
	return "default-src 'none'; style-src " + digest(style) + "; script-src " + digest(script) +
		"; base-uri 'none'; form-action 'none'"
}

// glue keeps a percent sign, and the value of a test, on the line of its number.
func glue(s string) string {
	if !strings.ContainsAny(s, "%=<") {
		return s
	}
	return strings.NewReplacer(" %", "\u00a0%", "q = ", "q\u00a0=\u00a0", "p = ", "p\u00a0=\u00a0", "q < ", "q\u00a0<\u00a0", "p < ", "p\u00a0<\u00a0").Replace(s)
}
