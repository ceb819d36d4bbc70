package console

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/crc32"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/report/frame"
	"roleos/internal/report/page"
	"roleos/internal/report/words"
)

// opened is what every page of a draft shows above its own.
type opened struct {
	handoff.Draft
	Tab      string
	Doc      app.Document
	Frame    frame.Frame
	Checks   frame.Checks
	Failed   bool         // gates stand in the way
	Asks     []frame.Gate // gates that wait for a person's word
	Newest   bool         // the newest revision is shown
	Open     bool         // it still takes reviews
	Abouts   []about
	Reviews  []handoff.Review
	Comments int
	Themes   bool // it has themes to edit
	Undo     bool
	Form     form
}

// about is something that a comment can be on.
type about struct{ ID, Label string }

// maxAbouts bounds the list of what a comment can be on.
const maxAbouts = 200

// open reads the revision that the request is about.
func (c *Console) open(r *http.Request, s session, tab string) (opened, error) {
	id := r.PathValue("id")
	n, _ := strconv.Atoi(r.URL.Query().Get("rev"))
	o := opened{Tab: tab}
	var err error
	if o.Draft, err = c.o.App.GetDraft(r.Context(), id); err != nil {
		return o, err
	}
	if o.Doc, err = c.o.App.View(r.Context(), id, max(n, 0)); err != nil {
		return o, err
	}
	if o.Reviews, err = c.o.App.Reviews(r.Context(), id); err != nil {
		return o, err
	}
	for _, x := range o.Reviews {
		if x.Text != "" {
			o.Comments++
		}
	}
	o.Frame = o.Doc.Frame()
	o.Frame.Next = nil // those are for the command line
	o.Checks = o.Frame.Checks()
	o.Failed, o.Asks = len(o.Frame.Tally().Failed) > 0, o.Frame.Tally().Waiting
	o.Newest = o.Frame.Revision == strconv.Itoa(o.Revision)
	o.Open = o.State.Open() && o.Newest
	o.Themes = o.Doc.Page == nil
	o.Undo = o.Revision > 1
	o.Form = form{s.csrf, id, o.Frame.Digest, o.Frame.Revision}
	if o.Doc.Page == nil {
		for _, t := range o.Doc.Synthesis.Themes[:min(len(o.Doc.Synthesis.Themes), maxAbouts)] {
			o.Abouts = append(o.Abouts, about{"theme-" + t.ID, t.Label})
		}
	} else {
		for _, x := range o.Doc.Page.Sections {
			o.Abouts = append(o.Abouts, about{x.ID, x.Title})
		}
	}
	return o, nil
}

type draftPage struct {
	opened
	Body     template.HTML
	Stopped  bool // gates failed, wait or warn: they stand first
	Modes    app.DraftModes
	Contents []page.Fact
}

func (c *Console) draft(w http.ResponseWriter, r *http.Request, s session) error {
	o, err := c.open(r, s, "draft")
	if err != nil {
		return err
	}
	p := draftPage{opened: o, Stopped: o.Failed || len(o.Asks) > 0 || len(o.Frame.Tally().Warned) > 0}
	if p.Modes, err = c.o.App.DraftModes(r.Context(), o.ID); err != nil {
		return err
	}
	if o.Doc.Page == nil {
		p.Body, err = c.bodies.get(bodyKey(o.Doc), func() (template.HTML, error) { return report.Body(o.Doc.View) })
		p.Contents = []page.Fact{{Label: "Look at first", Value: "first"}, {Label: "Themes", Value: "themes"}, {Label: "Alerts", Value: "alerts"}, {Label: "Fits nowhere", Value: "loose"}, {Label: "About the data", Value: "data"}, {Label: "Method and limits", Value: "method"}, {Label: "Evidence", Value: "evidence"}}
	} else {
		p.Body, p.Contents, err = page.Body(*o.Doc.Page, page.Links{Record: func(id string) string {
			return "/drafts/" + url.PathEscape(o.ID) + "/evidence/" + url.PathEscape(id) + "?rev=" + o.Frame.Revision
		}})
	}
	if err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "draft", layout{Title: o.Draft.Title, Active: "queue", Page: p})
}

// newest tells a page that stays open whether the draft has moved on.
func (c *Console) newest(w http.ResponseWriter, r *http.Request, _ session) error {
	d, err := c.o.App.GetDraft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"revision": d.Revision, "state": d.State})
}

type saidPage struct {
	opened
	Said []saying
}

// saying is one act of a reviewer.
type saying struct {
	handoff.Review
	About about
}

// onPrefix begins a comment on a part of a draft: "on theme-t-1a2b: ...".
const onPrefix = "on "

// anchored joins what a comment is on and its text, so that every reader of the
// reviews sees both.
func anchored(on, text string) string {
	if on == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return onPrefix + on + ": " + text
}

// parted takes an anchored comment apart again.
func parted(r handoff.Review, abouts []about) saying {
	if rest, ok := strings.CutPrefix(r.Text, onPrefix); ok {
		if on, text, ok := strings.Cut(rest, ": "); ok {
			for _, a := range abouts {
				if a.ID == on {
					r.Text = text
					return saying{r, a}
				}
			}
		}
	}
	return saying{Review: r}
}

func (c *Console) said(w http.ResponseWriter, r *http.Request, s session) error {
	o, err := c.open(r, s, "said")
	if err != nil {
		return err
	}
	p := saidPage{opened: o}
	for _, x := range o.Reviews {
		p.Said = append(p.Said, parted(x, o.Abouts))
	}
	return c.show(w, r, s, http.StatusOK, "said", layout{Title: "Comments on " + o.Draft.Title, Active: "queue", Page: p})
}

type changesPage struct {
	opened
	Revisions []handoff.Revision
	From, To  int
	Notes     []string
	Changes   []changed
}

// changed is one difference between two revisions.
type changed struct {
	Kind, Theme string
	Runs        []words.Run
}

func changesOf(cmp app.Comparison) []changed {
	var out []changed
	for _, d := range cmp.Differences {
		out = append(out, changed{d.Kind, d.Theme, words.Diff(d.Before, d.After)})
	}
	return out
}

func (c *Console) changes(w http.ResponseWriter, r *http.Request, s session) error {
	o, err := c.open(r, s, "changes")
	if err != nil {
		return err
	}
	p := changesPage{opened: o}
	if p.Revisions, err = c.o.App.Revisions(r.Context(), o.ID); err != nil {
		return err
	}
	p.To, _ = strconv.Atoi(r.URL.Query().Get("to"))
	p.From, _ = strconv.Atoi(r.URL.Query().Get("from"))
	if p.To <= 0 {
		p.To = o.Revision
	}
	if p.From <= 0 {
		p.From = p.To - 1
	}
	if p.From >= 1 {
		d, err := c.o.App.Diff(r.Context(), o.ID, p.From, p.To)
		if err != nil {
			return err
		}
		p.Notes, p.Changes = d.Notes, changesOf(d)
	}
	return c.show(w, r, s, http.StatusOK, "changes", layout{Title: "Changes of " + o.Draft.Title, Active: "queue", Page: p})
}

// export writes the revision as a file.
func (c *Console) export(w http.ResponseWriter, r *http.Request, s session) error {
	o, err := c.open(r, s, "")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	form, kind := r.PathValue("form"), ""
	switch form {
	case "html":
		kind, err = "text/html; charset=utf-8", o.Doc.HTML(&b)
	case "md":
		kind, err = "text/markdown; charset=utf-8", o.Doc.Markdown(&b)
	case "json":
		kind, err = "application/json", o.Doc.JSON(&b)
	case "csv":
		kind, err = "text/csv; charset=utf-8", o.Doc.CSV(&b, report.CSVOptions{BOM: true})
	default:
		err = fault.New(fault.NotFound, "console.export", "there is no form %q", form).WithMend("There are html, md, json and csv.")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+o.ID+"-r"+o.Frame.Revision+"."+form+`"`)
	_, err = w.Write(b.Bytes())
	return err
}

// moved shows a person whose form was about an earlier revision, or an earlier
// state, what has happened since, with what they wrote.
func (c *Console) moved(w http.ResponseWriter, r *http.Request, s session, why error) error {
	id := r.PathValue("id")
	p := movedPage{ID: id, Text: r.PostFormValue("text"), Why: why.Error()}
	d, err := c.o.App.GetDraft(r.Context(), id)
	if err != nil {
		return err
	}
	p.Draft = d
	p.From, _ = strconv.Atoi(r.PostFormValue("revision"))
	if p.From >= 1 && p.From < d.Revision {
		diff, err := c.o.App.Diff(r.Context(), id, p.From, d.Revision)
		if err != nil {
			return err
		}
		p.Notes, p.Changes = diff.Notes, changesOf(diff)
	}
	return c.show(w, r, s, fault.KindOf(why).HTTPStatus(), "moved", layout{Title: "The draft has changed", Active: "queue", Page: p})
}

type movedPage struct {
	ID, Text, Why string
	Draft         handoff.Draft
	From          int
	Notes         []string
	Changes       []changed
}

// stale reports whether somebody was faster.
func stale(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Stale || k == fault.Conflict
}

// fresh returns ctx's draft when the form was about its newest revision.
func (c *Console) fresh(ctx context.Context, id, digest string) error {
	v, err := c.o.App.View(ctx, id, 0)
	if err != nil {
		return err
	}
	if digest == "" || v.Digest != digest {
		return fault.New(fault.Stale, "console", "the draft has a newer revision than the one you looked at")
	}
	return nil
}

// rendered keeps the bodies of the revisions that were shown last. A revision
// never changes, so neither does its body.
type rendered struct {
	mu   sync.Mutex
	kept map[string]template.HTML
}

// maxRendered bounds how many bodies are kept, and maxBody how large one may be.
const (
	maxRendered = 64
	maxBody     = 1 << 20
)

func (b *rendered) get(key string, render func() (template.HTML, error)) (template.HTML, error) {
	b.mu.Lock()
	body, ok := b.kept[key]
	b.mu.Unlock()
	if ok {
		return body, nil
	}
	body, err := render()
	if err != nil || len(body) > maxBody {
		return body, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil || len(b.kept) >= maxRendered {
		b.kept = map[string]template.HTML{}
	}
	b.kept[key] = body
	return body, nil
}

// bodyKey names what a page was rendered from: the bytes as well, since some of a
// revision's may have been erased.
func bodyKey(d app.Document) string {
	return d.Draft + " " + d.Digest + " " + strconv.FormatUint(uint64(crc32.ChecksumIEEE(d.Body)), 36)
}
