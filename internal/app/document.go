package app

import (
	"io"

	"roleos/internal/fault"
	"roleos/internal/report"
	"roleos/internal/report/page"
)

// Document is one revision of a draft, ready to be shown in any form.
type Document struct {
	report.View // its Synthesis is set for feedback syntheses only
	Kind        string
	Body        []byte     // the revision's bytes
	Page        *page.Page // of every other kind
}

// JSON writes the artefact.
func (d Document) JSON(w io.Writer) error { return report.JSON(w, d.Body) }

// Markdown writes the whole document as GitHub-flavoured Markdown.
func (d Document) Markdown(w io.Writer) error {
	if d.Page == nil {
		return report.Markdown(w, d.View)
	}
	return page.Markdown(w, *d.Page, d.Frame())
}

// HTML writes the document as one file that needs nothing beside it.
func (d Document) HTML(w io.Writer) error {
	if d.Page == nil {
		return report.HTML(w, d.View)
	}
	return page.HTML(w, *d.Page, d.Frame())
}

// Terminal writes the document for a terminal.
func (d Document) Terminal(w io.Writer, o report.TerminalOptions) error {
	if d.Page == nil {
		return report.Terminal(w, d.View, o)
	}
	return page.Terminal(w, *d.Page, d.Frame(), o)
}

// CSV writes one row per record; only syntheses divide records.
func (d Document) CSV(w io.Writer, o report.CSVOptions) error {
	if d.Page != nil {
		return fault.New(fault.Invalid, "app.csv", "a %s is no table of records", d.Kind).WithMend("Use -o text, json, md or html.")
	}
	return report.CSV(w, d.View, o)
}
