package console

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/report/frame"
	"roleos/internal/report/look"
	"roleos/internal/report/say"
)

// pages are the templates, each with the layout around it.
type pages map[string]*template.Template

// layout is what every page has.
type layout struct {
	Title   string
	Active  string // entry of the navigation
	Actor   app.Actor
	CSRF    string
	Told    string // what was just done
	Base    string // of the static files
	SignOut bool   // the session can be ended
	Live    bool   // without JavaScript the page loads itself again
	Page    any
}

func (c *Console) parse() (pages, error) {
	funcs := template.FuncMap{
		"glue": look.Glue, "ago": c.ago, "stamp": stamp, "words": state, "short": short, "plural": say.Plural, "count": say.Count,
		"share": say.Share, "person": person, "kind": kindName, "until": c.until, "form": formOf, "sentence": say.Sentence, "steps": mendSteps,
		"plural64": func(n int64, one, many string) string { return say.Plural(int(n), one, many) },
	}
	base := template.New("layout").Funcs(funcs)
	if _, err := base.Parse(frame.Template()); err != nil {
		return nil, err
	}
	for _, name := range []string{"layout.gohtml", "shared.gohtml"} {
		body, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		if _, err := base.Parse(string(body)); err != nil {
			return nil, err
		}
	}
	names, err := fs.Glob(assets, "assets/page_*.gohtml")
	if err != nil {
		return nil, err
	}
	out := pages{}
	for _, name := range names {
		body, err := assets.ReadFile(name)
		if err != nil {
			return nil, err
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if _, err := t.Parse(string(body)); err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(strings.TrimPrefix(path.Base(name), "page_"), ".gohtml")] = t
	}
	return out, nil
}

// show writes a page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, s session, status int, name string, l layout) error {
	l.Actor, l.CSRF, l.Base, l.Told = s.actor, s.csrf, c.files.base, told(r.URL.Query().Get("done"))
	l.SignOut = c.o.SignIn != "" && !s.actor.Solo
	var b bytes.Buffer
	if err := c.pages[name].ExecuteTemplate(&b, "layout", l); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// Nothing of ours holds such a character, so what is replaced came from outside.
	_, err := w.Write([]byte(say.Reveal(b.String())))
	return err
}

// told is what a page says after a form was taken. Only these sentences can be
// asked for by an address.
func told(done string) string {
	switch done {
	case "approved":
		return "Approved. Nothing is written yet: read what would be, and confirm it."
	case "changes":
		return "Changes are requested."
	case "rejected":
		return "The draft is rejected."
	case "comment":
		return "Your comment is kept with this revision."
	case "edited":
		return "Done: this is a new revision, checked against its contract."
	case "undone":
		return "Taken back: the draft is again what it was before that edit."
	case "staged":
		return "It was tried on a copy."
	case "confirmed":
		return "Confirmed. It is not done yet: apply it."
	case "applied":
		return "Applied, and read back."
	case "ended":
		return "The change set has ended; nothing was written."
	case "cancelled":
		return "The run was cancelled. What it had stored stays."
	case "taken":
		return "Noted. The clocks go on from here."
	case "moded":
		return "Your decision about the agent's mode is noted."
	case "resumed":
		return "It goes on."
	case "erased":
		return "Erased. The digests stay, and the log says that it was done."
	case "vouched":
		return "You answer for this agent now, and it may run."
	case "attested":
		return "Your word is noted for this revision only."
	}
	return ""
}

// form is what every form of a draft carries, so that a decision is about the
// revision that was looked at.
type form struct {
	CSRF, Draft, Digest, Revision string
}

func formOf(csrf, draft, digest, revision string) form { return form{csrf, draft, digest, revision} }

// unsigned says that nobody is signed in.
type unsigned struct{}

func (*unsigned) Error() string { return "you are not signed in" }

// trouble is a page about an error.
type trouble struct {
	Heading, Message, Mend, Back string
}

// fail shows err. The cause of an internal error is logged, not shown.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, s session, err error) {
	if r.Context().Err() != nil {
		return // nobody is there any more
	}
	kind := fault.KindOf(err)
	status, t := kind.HTTPStatus(), trouble{Heading: heading(kind), Back: back(r)}
	var none *unsigned
	var e *fault.Error
	switch {
	case errors.As(err, &none):
		status, t.Heading, t.Message = http.StatusUnauthorized, "You are not signed in", "This page is for people of this workspace."
	case kind == fault.Internal:
		c.o.Logger.ErrorContext(r.Context(), "console", slog.String("path", r.URL.Path), slog.Any("error", err))
		t.Message = "This is a defect here and not your doing. It was noted; nothing that was stored is lost."
	case errors.As(err, &e):
		t.Message, t.Mend = sentenceCase(e.Message), e.Mend
	}
	if serr := c.show(w, r, s, status, "trouble", layout{Title: t.Heading, Page: t}); serr != nil {
		c.o.Logger.ErrorContext(r.Context(), "console", slog.Any("error", serr))
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

func heading(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "There is nothing here"
	case fault.Denied:
		return "This was refused"
	case fault.Conflict, fault.Stale:
		return "Somebody or something was faster"
	case fault.Invalid:
		return "This cannot be taken as it is"
	case fault.NeedsConfirmation:
		return "Not confirmed"
	case fault.Exhausted:
		return "A limit is reached"
	case fault.Unavailable:
		return "Something outside does not answer"
	case fault.Internal:
	}
	return "Something went wrong"
}

// back is the page a form was on, when it was one of ours.
func back(r *http.Request) string {
	if r.Method == http.MethodGet {
		return "/"
	}
	for _, kind := range []string{"drafts", "plans", "runs", "handoffs", "workflows", "agents"} {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/"+kind+"/"); ok {
			id, _, _ := strings.Cut(rest, "/")
			return "/" + kind + "/" + id
		}
	}
	return r.URL.Path
}

func sentenceCase(s string) string {
	if s == "" {
		return s
	}
	return say.Sentence(strings.ToUpper(s[:1]) + s[1:])
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

// ago says how long ago t was, in its largest whole unit.
func (c *Console) ago(t time.Time) string {
	d := c.o.Now().Sub(t)
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

// until says how much time is left until t, or how long it is over.
func (c *Console) until(t time.Time) string {
	if d := t.Sub(c.o.Now()); d >= 0 {
		return span(d) + " left"
	}
	return span(c.o.Now().Sub(t)) + " over"
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return say.Plural(int(d/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		return say.Plural(int(d/time.Hour), "hour", "hours")
	}
	return say.Plural(int(d/(24*time.Hour)), "day", "days")
}

// state writes a state's name for people.
func state(s any) string {
	var name string
	switch v := s.(type) {
	case string:
		name = v
	case interface{ String() string }:
		name = v.String()
	default:
		name = fmt.Sprint(v)
	}
	return strings.NewReplacer("_", " ", ".", " ").Replace(name)
}

// short is the beginning of a digest.
func short(digest string) string {
	d, _ := say.Clip(strings.TrimPrefix(digest, "sha256:"), 12)
	return d
}

// person writes a principal for people: person:ana -> ana.
func person(id string) string {
	if name, ok := strings.CutPrefix(id, "person:"); ok {
		return name
	}
	if name, ok := strings.CutPrefix(id, "agent:"); ok {
		return kindName(name) + " (agent)"
	}
	return id
}

// kindName writes a kind for people: problem-brief -> Problem brief.
func kindName(kind string) string {
	s := strings.ReplaceAll(kind, "-", " ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// mendStep is one line of what would mend something: in words, and as a link where
// there is a page for the command that it names.
type mendStep struct{ Text, Label, To string }

// mendSteps turns advice that was written for the command line into what a page
// offers.
func mendSteps(mend string) []mendStep {
	var out []mendStep
	for line := range strings.Lines(mend) {
		line = strings.TrimSpace(line)
		before, command, found := strings.Cut(line, "roleos ")
		f := strings.FieldsFunc(command, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("`,;\"", r) })
		to, label := "", ""
		if found && len(f) > 0 {
			to, label = pageOf(f)
		}
		if to == "" {
			out = append(out, mendStep{Text: line})
			continue
		}
		out = append(out, mendStep{strings.TrimRight(strings.TrimRight(before, " `"), ":"), label, to})
	}
	return out
}

// pageOf returns the page that a command's is, "" for none.
func pageOf(f []string) (to, label string) {
	id := ""
	for _, x := range f[1:] {
		if x = strings.TrimRight(x, "."); strings.Contains(x, "-") && !strings.HasPrefix(x, "-") {
			id = url.PathEscape(x)
		}
	}
	at := func(folder, one, all, list string) (string, string) {
		if id == "" {
			return list, all
		}
		return folder + id, one
	}
	switch f[0] {
	case "plan":
		return at("/plans/", "Open the change set", "The change sets", "/plans")
	case "drafts", "review":
		return at("/drafts/", "Open the draft", "The drafts", "/queue?state=all")
	case "handoff":
		return at("/handoffs/", "Open the handoff", "The handoffs", "/handoffs")
	case "runs", "resume":
		return at("/runs/", "Open the run", "The runs", "/runs")
	case "workflow":
		return "/workflows", "The workflows"
	case "agent", "mode":
		return at("/agents/", "Open the agent", "The agents", "/agents")
	case "audit":
		return "/audit?verify=1", "Verify the log"
	case "run":
		return "/new", "New draft"
	}
	return "", ""
}
