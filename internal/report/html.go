package report

import (
	"bytes"
	_ "embed" // the page's templates
	"html/template"
	"io"
	"sync"

	"roleos/internal/report/frame"
	"roleos/internal/report/look"
	"roleos/internal/report/say"
)

var (
	//go:embed assets/page.gohtml
	pageTemplate string
	//go:embed assets/sections.gohtml
	pageSections string
	//go:embed assets/parts.gohtml
	pageParts string
)

// HTML writes the report as one file that needs nothing beside it: style, charts
// and a small script are inside, and a content security policy allows only these,
// by their digests. The page is whole without the script.
//
// Every text is escaped by html/template, and characters that would hide or
// reorder text are written as their names.
func HTML(w io.Writer, v View) error {
	p := newPage(v)
	p.CSS, p.JS = template.CSS(look.Style()), template.JS(look.Script())
	p.Policy = look.Policy(look.Style(), look.Script())
	t, err := templates(pageTemplate)
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

// Body returns the report's sections as HTML for another page, under headings of
// the second level, without its checks. What it quotes links to "#record-" and
// the record's id.
func Body(v View) (template.HTML, error) { return fragment(v, "body") }

// Segments returns the section on who the themes come from, "" when there is
// nothing to say, for another page. Its themes link to "#theme-" and their id.
func Segments(v View) (template.HTML, error) { return fragment(v, "segments") }

func fragment(v View, name string) (template.HTML, error) {
	t, err := fragments()
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, newPage(v)); err != nil {
		return "", err
	}
	return template.HTML(say.Reveal(b.String())), nil //nolint:gosec // html/template has escaped it
}

// fragments are the templates of sections alone, which a service needs for every
// page it shows.
//
//nolint:gochecknoglobals // parsed once, never changed
var fragments = sync.OnceValues(func() (*template.Template, error) { return templates("") })

func templates(first string) (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{"glue": look.Glue}).Parse(first + pageSections + pageParts + frame.Template())
}
