package wording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/llm"
	"roleos/prompts"
)

// Options say which model words a draft.
type Options struct {
	// Model is asked for words; nil leaves the draft to the offline analyst.
	Model llm.Model
	// Offline keeps the words of statistics when the model fails for good, and
	// says so on the draft. Otherwise the draft fails.
	Offline bool
	// Prompts are what it is asked with; the zero value is the program's own.
	Prompts prompts.Set
}

// Job is what a model does for one draft.
type Job struct {
	Stage   string   // shown while it works: "Wording the themes"
	Prompts []string // that it is asked with
	Step    string   // what it does, for the draft's method; begins with a verb
	// Progress is told how far the work is; nil for nobody.
	Progress func(stage string, done, total int)
}

// Word lets the model work at a desk, and writes into the draft's method and
// rejections what came of it. work changes the draft only when it returns nil.
// The taint names the model; it is empty when none worded the draft.
func (o Options) Word(ctx context.Context, j Job, m *artefact.Method, rejected *[]artefact.Rejection, work func(context.Context, *Desk) error) (taint []string, err error) {
	if o.Model == nil {
		return nil, nil
	}
	version, err := o.version(j.Prompts)
	if err != nil {
		return nil, err
	}
	name := o.Model.Describe().Name()
	d := NewDesk(o.Model, func(done, total int) {
		if j.Progress != nil {
			j.Progress(j.Stage+" with "+name, done, total)
		}
	})
	d.prompts = o.Prompts
	taint = []string{"words of " + name + ", which read these records"}
	if err := work(ctx, d); err != nil {
		if !o.Offline || ctx.Err() != nil || !failure(err) {
			return nil, err
		}
		m.Notes = append(m.Notes, "The model "+name+" was asked and failed ("+llm.AsError(err).Kind.String()+"); the words are those of statistics.")
		return taint, nil // it may have read them
	}
	if who := d.By(); who != name {
		m.Notes = append(m.Notes, "The model "+name+" was to be asked first; the words are those of "+who+".")
		taint = append(taint, "words of "+who+", which read these records")
		name = who
	}
	m.Analyst, m.Version = name, m.Version+", "+version
	m.Steps = append(m.Steps, "A language model ("+name+") "+j.Step+" "+
		"It has no way to write, counts nothing and moves nothing. Its words are kept only where they stand in the records: quotes word for word, no number and no amount of its own; the rest is dropped and listed.")
	if strings.HasPrefix(name, "fake:") {
		m.Limits = append(m.Limits, "The model is a fake for trying the checks, no language model: its words are no better than those of statistics.")
	}
	if d.unanswered > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("%d of %d questions got no usable answer from the model; what they were about keeps the words of statistics.", d.unanswered, d.total))
	}
	*rejected = append(*rejected, d.Rejected()...)
	return taint, nil
}

// version names the way of asking and checking: with the prompts' own versions
// it says what a draft was worded with.
func (o Options) version(ids []string) (string, error) {
	var names []string
	for _, id := range ids {
		p, err := o.Prompts.Find(id)
		if err != nil {
			return "", err
		}
		names = append(names, p.Name())
	}
	return "wording/2 with " + strings.Join(names, ", "), nil
}

// failure reports whether err is the model's and not a fault of ours.
func failure(err error) bool {
	_, is := errors.AsType[*llm.Error](err)
	return is
}

// Bounds of asking, for one draft.
const (
	atOnce      = 4
	maxRejected = 200 // rejections that are told one by one
	textBytes   = 300 // of a text that goes out
)

// Desk is where one draft's questions to a model are asked, and where what was
// dropped of its answers is kept. Its methods may be called concurrently.
type Desk struct {
	ask      llm.Generator
	progress func(done, total int)
	prompts  prompts.Set

	mu                      sync.Mutex
	rejected                []artefact.Rejection
	by                      map[string]bool // who answered
	dropped                 int
	done, total, unanswered int
}

// NewDesk returns a desk that asks through g; progress may be nil.
func NewDesk(g llm.Generator, progress func(done, total int)) *Desk {
	return &Desk{ask: g, progress: progress}
}

// By names the models that have answered so far; while none has, the one that is
// asked first.
func (d *Desk) By() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m, ok := d.ask.(llm.Model); ok && len(d.by) == 0 {
		return m.Describe().Name()
	}
	return strings.Join(slices.Sorted(maps.Keys(d.by)), " and ")
}

// Reject drops something that the model said, and keeps that it did.
func (d *Desk) Reject(statement, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropped++
	if len(d.rejected) < maxRejected {
		d.rejected = append(d.rejected, artefact.Rejection{Statement: show(statement), Why: fmt.Sprintf(format, args...)})
	}
}

// Rejected returns what was dropped; of very much the rest as a number.
func (d *Desk) Rejected() []artefact.Rejection {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := append([]artefact.Rejection(nil), d.rejected...)
	if more := d.dropped - len(out); more > 0 {
		out = append(out, artefact.Rejection{Statement: fmt.Sprintf("and %d more", more), Why: "They were not borne out by the records either."})
	}
	return out
}

// show makes what a model wrote safe to look at: one short line.
func show(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(s); len(r) > 160 {
		s = string(r[:160]) + "…"
	}
	return s
}

// Sheet is one question: our words, and texts from outside under handles of
// ours. No id of a record goes out, so that no text that somebody put into an id
// does, and whatever else an answer names was never given.
type Sheet struct {
	Values map[string]string // of the prompt's inputs
	Blocks []llm.Block
}

// Block is a text from outside, as much of it as goes out.
func Block(handle, text string) llm.Block { return llm.Block{ID: handle, Text: cut(text)} }

// Ask asks with a prompt about every sheet, some at a time, and returns the
// answers in the sheets' order. Sheets past the prompt's budget of calls are not
// asked, and have no answer. An answer that failed for its content only, such
// as one of the wrong form, is nil; any other failure is returned.
func Ask[A any](ctx context.Context, d *Desk, prompt string, sheets []Sheet) ([]*A, error) {
	p, err := d.prompts.Find(prompt)
	if err != nil {
		return nil, err
	}
	answers, errs := make([]*A, len(sheets)), make([]error, len(sheets))
	d.mu.Lock()
	d.total += len(sheets)
	if n := len(sheets) - p.Budget.Calls; n > 0 { // more than the prompt may be asked in one run
		d.unanswered += n
		sheets = sheets[:p.Budget.Calls]
	}
	d.mu.Unlock()
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i, s := range sheets {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i], errs[i] = askOne[A](ctx, d, p, s)
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.done++; d.progress != nil {
				d.progress(d.done, d.total)
			}
		})
	}
	running.Wait()
	for _, err := range errs { // of the first sheet that failed, whatever ended first
		switch {
		case err == nil:
		case content(err):
			d.unanswered++
		default:
			return nil, err
		}
	}
	return answers, nil
}

func askOne[A any](ctx context.Context, d *Desk, p prompts.Prompt, s Sheet) (*A, error) {
	req, err := p.Request(s.Values, s.Blocks)
	if err != nil {
		return nil, err
	}
	return put[A](ctx, d, req)
}

// put puts one question and notes who answered it.
func put[A any](ctx context.Context, d *Desk, req llm.Request) (*A, error) {
	got, err := d.ask.Generate(ctx, req)
	if err != nil {
		return nil, err
	}
	if got.By != "" {
		d.mu.Lock()
		if d.by == nil {
			d.by = map[string]bool{}
		}
		d.by[got.By] = true
		d.mu.Unlock()
	}
	var answer A
	if err := json.Unmarshal(got.JSON, &answer); err != nil {
		return nil, &llm.Error{Kind: llm.Schema, Message: "the answer could not be read", Err: err}
	}
	return &answer, nil
}

// content reports whether a failure is about this answer, not about the model
// or the budget.
func content(err error) bool {
	e, ok := errors.AsType[*llm.Error](err)
	return ok && (e.Kind == llm.Schema || e.Kind == llm.Refusal || e.Kind == llm.Truncated)
}

// cut returns the beginning of a text, up to a word's end where there is one near.
func cut(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= textBytes {
		return s
	}
	end := textBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if i := strings.LastIndexFunc(s[:end], unicode.IsSpace); i > textBytes/2 {
		end = i
	}
	return s[:end]
}
