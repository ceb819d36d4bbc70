package team

import (
	"fmt"
	"strconv"
	"strings"

	"roleos/internal/report/page"
	"roleos/internal/workflow"
)

// Waiting is what a step waits for: whose turn it is, and what they type.
type Waiting struct {
	Step, Who string
	Commands  []string
}

// Run is a run of a workflow: its steps as a picture, then whose turn it is.
func Run(r workflow.Run, waiting []Waiting) page.Page {
	d := r.Definition
	p := page.Page{Kind: "workflow run", Alone: true, Title: d.Name + ": " + r.ID, Facts: []page.Fact{
		{Label: "Workflow", Value: d.String()},
		{Label: "State", Value: string(r.State.Status)},
		{Label: "Began", Value: r.CreatedAt.Format("2 January 2006 15:04 MST")},
		{Label: "By", Value: r.StartedBy},
		{Label: "Because", Value: because(r.Input)},
	}}
	p.Lead = lead(r)
	for i, phase := range d.Phases() {
		l := page.List{}
		for _, s := range d.Steps {
			if s.Phase == phase {
				x, _ := r.State.Step(s.ID)
				l.Items = append(l.Items, page.Item{Tone: tone(x.Status), Text: sign(x.Status) + " " + s.ID + ": " + stands(s, x), Note: says(s, x)})
			}
		}
		p.Sections = append(p.Sections, page.Section{ID: "phase-" + strconv.Itoa(i+1), Title: strconv.Itoa(i+1) + ". " + phase, Blocks: []page.Block{l}})
	}
	if len(waiting) > 0 {
		l := page.List{}
		for _, w := range waiting {
			for _, c := range w.Commands {
				l.Items = append(l.Items, page.Item{Tag: w.Step + ", " + w.Who, Tone: page.Notable, Text: c})
			}
		}
		p.Sections = append(p.Sections, page.Section{ID: "turns", Title: "Whose turn it is, and what they type", Blocks: []page.Block{l}})
	}
	return p
}

// says is what the step is for, where that is still to come.
func says(s workflow.Step, x workflow.StepState) string {
	if x.Status.Over() {
		return ""
	}
	return strings.TrimSuffix(s.Says, ".")
}

func because(in workflow.Input) string {
	itself := map[bool]string{true: ", by itself"}[in.Itself]
	if in.Trigger == workflow.OnAlert {
		return "of an alert in " + in.Of + itself
	}
	return "a new cycle began" + itself
}

func lead(r workflow.Run) string {
	done := len(r.State.In(workflow.Done)) + len(r.State.In(workflow.Skipped))
	count := fmt.Sprintf("%d of %d steps are over.", done, len(r.State.Steps))
	switch r.State.Status {
	case workflow.RunDone:
		return "It is done."
	case workflow.RunCancelled:
		return "It was cancelled: " + r.State.Note + ". What it had made stays."
	case workflow.RunStopped:
		return count + " It stopped at a failure; nothing goes on before somebody mends that."
	case workflow.RunOpen:
	}
	return count
}

// sign is a mark before a step, which its words say again.
func sign(s workflow.Status) string {
	return map[workflow.Status]string{
		workflow.Done: "[x]", workflow.Skipped: "[-]", workflow.Running: "[>]", workflow.Ready: "[>]",
		workflow.Waiting: "[?]", workflow.Failed: "[!]", workflow.Cancelled: "[/]",
	}[s] + map[bool]string{true: "[ ]"}[s == workflow.Pending]
}

func tone(s workflow.Status) page.Tone {
	switch s {
	case workflow.Done:
		return page.Good
	case workflow.Failed:
		return page.Bad
	case workflow.Waiting:
		return page.Notable
	case workflow.Pending, workflow.Ready, workflow.Running, workflow.Skipped, workflow.Cancelled:
	}
	return page.Plain
}

func stands(s workflow.Step, x workflow.StepState) string {
	words := []string{string(x.Status)}
	switch x.Status {
	case workflow.Waiting:
		words = []string{"waits for " + strings.TrimPrefix(s.By, "role:")}
		if s.Kind == workflow.Timer {
			words = []string{"until " + x.Due.Format("2 January 2006 15:04 MST")}
		}
	case workflow.Running, workflow.Ready:
		words = []string{"roleos works on it"}
	case workflow.Pending:
		words = []string{"comes after " + strings.Join(s.Needs, ", ")}
	case workflow.Done, workflow.Skipped, workflow.Failed, workflow.Cancelled:
	}
	if x.Draft != "" && s.Kind == workflow.Agent {
		words = append(words, "draft "+x.Draft)
	}
	if x.Stands != "" && x.Status == workflow.Waiting {
		words = append(words, x.Draft+" is "+strings.ReplaceAll(x.Stands, "_", " "))
	}
	if x.Note != "" {
		words = append(words, x.Note)
	}
	return strings.Join(words, "; ")
}
