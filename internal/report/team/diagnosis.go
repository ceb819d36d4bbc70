package team

import (
	"fmt"
	"strconv"
	"strings"

	"roleos/internal/diagnose"
	"roleos/internal/report/page"
)

// Diagnosis is what the answers to the thirteen questions come to.
func Diagnosis(r diagnose.Result) page.Page {
	p := page.Page{
		Kind: "diagnosis", Alone: true, Title: "Is the team a service desk for reports?", Lead: r.Says,
		Facts: []page.Fact{{Label: "Signs found", Value: fmt.Sprintf("%s of %d", strconv.FormatFloat(r.Score, 'f', -1, 64), r.Of)}},
	}
	if len(r.First) > 0 {
		t := page.Table{Head: []string{"Begin with", "Signs it addresses", "Look at it"}}
		for _, l := range r.First[:min(len(r.First), 5)] {
			var n []string
			for _, s := range l.Signs {
				n = append(n, strconv.Itoa(s))
			}
			t.Rows = append(t.Rows, []string{l.Kind + " " + l.ID, strings.Join(n, ", "), l.Command})
		}
		t.Omitted = max(len(r.First)-5, 0)
		p.Sections = append(p.Sections, page.Section{ID: "first", Title: "What addresses most of it", Blocks: []page.Block{t}})
	}
	p.Sections = append(p.Sections, signs("found", "Signs found", r, func(f diagnose.Found) bool { return f.Found }),
		signs("not-found", "Signs not found", r, func(f diagnose.Found) bool { return f.Answer == diagnose.No }))
	if len(r.Gaps) > 0 {
		g := page.Gaps{}
		for _, f := range r.Signs {
			if f.Answer == "" {
				g.Gaps = append(g.Gaps, page.Gap{What: f.Asks, Why: "nobody answered", Mend: fmt.Sprintf("Answer %d (%s) with yes, partly or no.", f.N, f.ID)})
			}
		}
		p.Sections = append(p.Sections, page.Section{ID: "gaps", Title: "Not answered", Blocks: []page.Block{g}})
	}
	return p
}

func signs(id, title string, r diagnose.Result, want func(diagnose.Found) bool) page.Section {
	l := page.List{}
	for _, f := range r.Signs {
		if !want(f) {
			continue
		}
		item := page.Item{Tag: strconv.Itoa(f.N), Text: f.Asks}
		if f.Found {
			item.Tone, item.Text = page.Bad, f.Asks+" "+map[diagnose.Answer]string{diagnose.Yes: "Yes.", diagnose.Partly: "Partly."}[f.Answer]+" "+f.Costs
			var how []string
			for _, p := range f.Addressed {
				how = append(how, p.Kind+" "+p.ID+": "+p.How)
			}
			item.Note = strings.Join(how, " ")
		}
		l.Items = append(l.Items, item)
	}
	s := page.Section{ID: id, Title: title, Folded: id == "not-found"}
	if len(l.Items) > 0 {
		s.Blocks = []page.Block{l}
	} else {
		s.Folded, s.Blocks = false, []page.Block{page.Text{Text: "None."}}
	}
	return s
}
