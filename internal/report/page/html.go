package page

import (
	"bytes"
	_ "embed" // the templates and the style of the blocks
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"roleos/internal/report/chart"
	"roleos/internal/report/frame"
	"roleos/internal/report/look"
	"roleos/internal/report/say"
)

// Frame is what stands around a page: which draft it is and what it waits for.
type Frame = frame.Frame

var (
	//go:embed assets/page.gohtml
	pageTemplate string
	//go:embed assets/parts.gohtml
	partTemplates string
	//go:embed assets/parts.css
	partStyle string
)

// Style returns the style sheet that Body needs beside that of package look.
func Style() string { return partStyle }

// HTML writes the page as one file that needs nothing beside it: style and a
// small script are inside, and a content security policy allows only these, by
// their digests. The page is whole without the script.
//
// Every text is escaped by html/template, and characters that would hide or
// reorder text are written as their names.
func HTML(w io.Writer, p Page, f Frame) error {
	t, err := templates(pageTemplate)
	if err != nil {
		return err
	}
	style := look.Style() + partStyle
	data := struct {
		CSS         template.CSS
		JS          template.JS
		Policy      string
		Kind, Title string
		Lead        string
		Sample      string
		Alone       bool
		Facts       []Fact
		Parts       []part
		Checks      frame.Checks
		About       []frame.Fact
	}{
		CSS: template.CSS(style), JS: template.JS(look.Script()), Policy: look.Policy(style, look.Script()),
		Kind: kindName(p.Kind), Title: title(p), Lead: p.Lead, Alone: p.Alone, Facts: facts(p, f), Parts: parts(p, Links{}),
		Checks: f.Checks(), About: f.About(),
	}
	if p.Sample {
		data.Sample = frame.SampleNote
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	// Nothing of ours holds such a character, so what is replaced came from outside.
	_, err = io.WriteString(w, say.Reveal(b.String()))
	return err
}

// Links says where parts of a page lead to. The zero value links nothing.
type Links struct {
	Record func(id string) string // address of a quoted record; nil or "": no link
}

// Body returns the page's sections as HTML for another page, under headings of
// the second level, and what a table of contents needs. Their ids are those of
// the sections, or part-1, part-2 where these would not do.
func Body(p Page, l Links) (template.HTML, []Fact, error) {
	t, err := fragments()
	if err != nil {
		return "", nil, err
	}
	list := parts(p, l)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "body", list); err != nil {
		return "", nil, err
	}
	var contents []Fact
	for _, x := range list {
		contents = append(contents, Fact{Label: x.Title, Value: x.Anchor})
	}
	return template.HTML(say.Reveal(b.String())), contents, nil //nolint:gosec // html/template has escaped it
}

// fragments are the templates of sections alone, which a service needs for every
// page it shows.
//
//nolint:gochecknoglobals // parsed once, never changed
var fragments = sync.OnceValues(func() (*template.Template, error) { return templates("") })

func templates(first string) (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{"glue": look.Glue}).Parse(first + partTemplates + frame.Template())
}

func title(p Page) string {
	if t := strings.TrimSpace(p.Title); t != "" {
		return t
	}
	return kindName(p.Kind)
}

// kindName writes a kind for people: problem-brief -> Problem brief.
func kindName(kind string) string {
	s := strings.ReplaceAll(kind, "-", " ")
	if s == "" {
		return "Draft"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func facts(p Page, f Frame) []Fact {
	out := slices.Clone(p.Facts)
	for _, x := range f.Status() {
		out = append(out, Fact(x))
	}
	return out
}

// part is a section as its template wants it.
type part struct {
	Anchor, Title, Lead string
	Folded              bool
	Blocks              []view
}

// view is one block; one of its fields is set.
type view struct {
	Text   *Text
	List   *listView
	Table  *tableView
	Quotes []quoteView
	Matrix *matrixView
	Cards  *cardsView
	Gaps   []Gap
	Bars   *barsView
}

type quoteView struct {
	Quote
	Href string
}

type listView struct {
	Ordered bool
	Items   []itemView
}

type itemView struct {
	Item
	Quotes []quoteView
}

type cell struct {
	Text  string
	Right bool
}

type tableView struct {
	Caption, Label string
	Head           []cell
	Rows           [][]cell
	Omitted        string
}

type matrixView struct {
	Matrix
	Label string
}

type cardsView struct {
	Cards
	Sides []sideView
}

type sideView struct {
	Title, Text string
	Quotes      []quoteView
}

type barsView struct {
	Caption, Label string
	Bars           []barView
}

type barView struct {
	chart.Bar
	Name, Label string
}

// parts makes the sections ready for their templates.
func parts(p Page, l Links) []part {
	used := map[string]bool{"main": true, "checks": true, "": true}
	out := make([]part, len(p.Sections))
	for i, s := range p.Sections {
		a := s.ID
		if used[a] || strings.ContainsFunc(a, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') }) {
			a = "part-" + strconv.Itoa(i+1)
		}
		used[a] = true
		out[i] = part{Anchor: a, Title: s.Title, Lead: s.Lead, Folded: s.Folded}
		for _, b := range s.Blocks {
			if v, ok := viewOf(b, s.Title, l); ok {
				out[i].Blocks = append(out[i].Blocks, v)
			}
		}
	}
	return out
}

// viewOf returns false for a block with nothing in it.
func viewOf(b Block, section string, l Links) (view, bool) {
	switch b := b.(type) {
	case Text:
		return view{Text: &b}, strings.TrimSpace(b.Text) != ""
	case List:
		v := listView{Ordered: b.Ordered}
		for _, it := range b.Items {
			v.Items = append(v.Items, itemView{it, l.quotes(it.Quotes)})
		}
		return view{List: &v}, true
	case Table:
		return view{Table: tableOf(b, section)}, true
	case Quotes:
		return view{Quotes: l.quotes(b.Quotes)}, len(b.Quotes) > 0
	case Matrix:
		v := matrixView{Matrix: b, Label: first(b.Caption, section)}
		return view{Matrix: &v}, true
	case Cards:
		v := cardsView{Cards: b}
		for _, s := range b.Sides {
			v.Sides = append(v.Sides, sideView{s.Title, s.Text, l.quotes(s.Quotes)})
		}
		return view{Cards: &v}, true
	case Gaps:
		return view{Gaps: b.Gaps}, len(b.Gaps) > 0
	case Bars:
		v := barsView{Caption: b.Caption, Label: first(b.Caption, section)}
		for _, x := range b.Bars {
			v.Bars = append(v.Bars, barView{chart.NewBar(x.Share, 0, 0, 1, 220, 14), x.Name, x.Label})
		}
		return view{Bars: &v}, true
	}
	return view{}, false
}

func (l Links) quotes(list []Quote) []quoteView {
	out := make([]quoteView, len(list))
	for i, q := range list {
		out[i].Quote = q
		if l.Record != nil {
			out[i].Href = l.Record(q.RecordID)
		}
	}
	return out
}

func tableOf(b Table, section string) *tableView {
	v := &tableView{Caption: b.Caption, Label: first(b.Caption, section)}
	right := func(i int) bool { return slices.Contains(b.Right, i) }
	for i, h := range b.Head {
		v.Head = append(v.Head, cell{h, right(i)})
	}
	for _, r := range b.Rows {
		var row []cell
		for i, c := range r {
			row = append(row, cell{c, right(i)})
		}
		v.Rows = append(v.Rows, row)
	}
	if b.Omitted > 0 {
		v.Omitted = say.Plural(b.Omitted, "more row is", "more rows are")
	}
	return v
}

func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return "Table"
}
