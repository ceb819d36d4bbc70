package docx

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"roleos/internal/fault"
)

// depth bounds the nesting of a document's elements.
const depth = 200

// Markdown returns the words of word/document.xml: headings with "#", list
// items with "-", each paragraph on a line of its own with a blank line after it.
func Markdown(document string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(document))
	var out, para strings.Builder
	style, listed, deleted, level := "", false, 0, 0
	text := false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return "", fault.New(fault.Invalid, "ingest", "the document in it is damaged: %v", err).WithMend("Save it again, or save it as text.")
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if level++; level > depth {
				return "", fault.New(fault.Invalid, "ingest", "the document is nested more than %d deep", depth).WithMend("Save it as text and read that.")
			}
			switch t.Name.Local {
			case "p":
				para.Reset()
				style, listed = "", false
			case "pStyle":
				style = strings.ToLower(attr(t, "val"))
			case "numPr":
				listed = true
			case "del", "moveFrom":
				deleted++
			case "t":
				text = true
			case "tab":
				para.WriteByte('\t')
			case "br", "cr":
				para.WriteByte('\n')
			}
		case xml.EndElement:
			level--
			switch t.Name.Local {
			case "del", "moveFrom":
				deleted--
			case "t":
				text = false
			case "p":
				paragraph(&out, para.String(), style, listed)
				para.Reset()
			}
		case xml.CharData:
			if text && deleted == 0 {
				para.Write(t)
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// paragraph writes one paragraph the way Markdown would have it.
func paragraph(out *strings.Builder, text, style string, listed bool) {
	if strings.TrimSpace(text) == "" {
		return
	}
	switch {
	case strings.HasPrefix(style, "heading") && len(style) == len("heading1") && style[7] >= '1' && style[7] <= '6':
		out.WriteString(strings.Repeat("#", int(style[7]-'0')) + " " + strings.Join(strings.Fields(text), " "))
	case style == "title":
		out.WriteString("# " + strings.Join(strings.Fields(text), " "))
	case listed || strings.HasPrefix(style, "list"):
		out.WriteString("- " + text)
	default:
		out.WriteString(strings.TrimSpace(text))
	}
	out.WriteString("\n\n")
}
