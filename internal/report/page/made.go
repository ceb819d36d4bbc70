package page

import (
	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

// Made returns the sections that end every artefact's page: what of a model's
// answers was rejected, where something was, and how the draft was made.
func Made(m artefact.Method, rejected []artefact.Rejection) []Section {
	var out []Section
	if len(rejected) > 0 {
		s := Section{ID: "rejected", Title: "What was rejected", Lead: say.Count(len(rejected)) + " of the model's statements, because the records do not bear them out. None of them is in the draft.", Folded: true}
		var list List
		for _, r := range rejected {
			list.Items = append(list.Items, Item{Text: say.Sentence(r.Statement), Note: r.Why})
		}
		s.Blocks = []Block{list}
		out = append(out, s)
	}
	var list List
	for _, x := range m.Notes {
		list.Items = append(list.Items, Item{Tag: "note", Tone: Notable, Text: x})
	}
	for _, x := range m.Steps {
		list.Items = append(list.Items, Item{Text: x})
	}
	for _, x := range m.Limits {
		list.Items = append(list.Items, Item{Tag: "limit", Tone: Unsure, Text: x})
	}
	if len(list.Items) == 0 {
		return out
	}
	return append(out, Section{ID: "method", Title: "How this was made", Lead: "By " + analyst(m) + ".", Folded: true, Blocks: []Block{list}})
}

func analyst(m artefact.Method) string {
	who := "the offline analyst"
	if m.Analyst != "offline" {
		who = m.Analyst
	}
	return who + ", version " + m.Version
}
