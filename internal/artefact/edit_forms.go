package artefact

import (
	"encoding/json"
	"slices"
	"strings"

	"roleos/internal/fault"
)

// CheckEdit refuses an edit that is no object, whose operation is none of those
// that forms name, or with a field that no form has. A form is an operation with
// its fields as a person types it: "drop id=ID text=TEXT". It says nothing about
// the values. The refusal lists the forms.
func CheckEdit(op string, edit []byte, forms []string) error {
	var fields map[string]json.RawMessage
	var said struct {
		Op string `json:"op"`
	}
	all := "There are:\n  " + strings.Join(forms, "\n  ")
	if json.Unmarshal(edit, &fields) != nil || json.Unmarshal(edit, &said) != nil {
		return fault.New(fault.Invalid, op, "the edit is not readable: an operation and its fields were expected").WithMend("%s", all)
	}
	known, form := []string{"op", "by"}, ""
	for _, f := range forms {
		words := strings.Fields(f)
		if words[0] == said.Op {
			form = f
		}
		for _, w := range words[1:] {
			if key, _, ok := strings.Cut(w, "="); ok {
				known = append(known, strings.Trim(key, "[]"))
			}
		}
	}
	if form == "" {
		return fault.New(fault.Invalid, op, "there is no operation %q here", said.Op).WithMend("%s", all)
	}
	var strange []string
	for key := range fields {
		if !slices.Contains(known, key) {
			strange = append(strange, key)
		}
	}
	if len(strange) > 0 {
		slices.Sort(strange)
		return fault.New(fault.Invalid, op, "%s has no %s", said.Op, strings.Join(strange, ", ")).WithMend("Write: %s", form)
	}
	return nil
}
