package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// review takes a reviewer's verdict or comment on the revision that was shown.
func (c *Console) review(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
	id, digest, text := r.PathValue("id"), r.PostFormValue("digest"), strings.TrimSpace(r.PostFormValue("text"))
	here := "/drafts/" + url.PathEscape(id)
	verdict := handoff.Verdict(r.PostFormValue("verdict"))
	done = map[handoff.Verdict]string{
		handoff.RequestChanges: "changes", handoff.Reject: "rejected", handoff.Comment: "comment", handoff.Approve: "approved",
	}[verdict]
	switch {
	case digest == "":
		err = fault.New(fault.Invalid, "console.review", "the form does not say which revision it is about").WithMend("Open the draft again.")
	case done == "":
		err = fault.New(fault.Invalid, "console.review", "choose what you decide: approve, request changes, reject or comment")
	case verdict == handoff.Approve:
		var plan app.Plan
		if _, plan, err = c.o.App.Approve(r.Context(), id, digest, text); err == nil {
			here = "/plans/" + url.PathEscape(plan.ID)
		}
	default:
		if verdict == handoff.Comment {
			text = anchored(r.PostFormValue("about"), text)
			here += "/said"
		}
		_, _, err = c.o.App.Review(r.Context(), handoff.Act{Draft: id, Digest: digest, Verdict: verdict, Text: text})
	}
	if err != nil && stale(err) {
		return "", "", c.moved(w, r, s, err)
	}
	return here, done, err
}

// edit takes one edit of a draft's themes.
func (c *Console) edit(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
	id, digest := r.PathValue("id"), r.PostFormValue("digest")
	e := app.ThemeEdit{
		Op: r.PostFormValue("op"), Theme: r.PostFormValue("theme"), Into: r.PostFormValue("into"), Label: strings.TrimSpace(r.PostFormValue("label")),
		Records: r.PostForm["record"], Matching: r.PostFormValue("matching"),
	}
	// Words are looked for in the newest revision, so it has to be the one shown.
	if err = c.fresh(r.Context(), id, digest); err == nil {
		err = c.apply(r, id, digest, e)
	}
	if err != nil && stale(err) {
		return "", "", c.moved(w, r, s, err)
	}
	return "/drafts/" + url.PathEscape(id) + "/themes", "edited", err
}

func (c *Console) apply(r *http.Request, id, digest string, e app.ThemeEdit) error {
	edit, err := c.o.App.ResolveEdit(r.Context(), id, e)
	if err != nil {
		return err
	}
	body, err := json.Marshal(edit)
	if err != nil {
		return err
	}
	_, _, err = c.o.App.Review(r.Context(), handoff.Act{Draft: id, Digest: digest, Verdict: handoff.Edit, Edit: body, Text: strings.TrimSpace(r.PostFormValue("text"))})
	return err
}

func (c *Console) undo(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
	id := r.PathValue("id")
	_, _, err = c.o.App.UndoEdit(r.Context(), id, r.PostFormValue("digest"))
	if fault.KindOf(err) == fault.Stale {
		return "", "", c.moved(w, r, s, err)
	}
	return "/drafts/" + url.PathEscape(id) + "/themes", "undone", err
}
