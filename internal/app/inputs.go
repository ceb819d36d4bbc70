package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest"
	"roleos/internal/ingest/columns"
	"roleos/internal/roles"
	"roleos/internal/workflow"
)

// Inputs is what lies in the folders that a workflow was given, by the kind of
// input that it is.
type Inputs struct {
	Kinds  map[string][]string // feedback, conversation, feed, context
	Unread []Unread
}

// Unread is a file that no step reads, and why.
type Unread struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Of returns the paths of the kinds, in order.
func (in Inputs) Of(kinds []string) []string {
	var out []string
	for _, k := range kinds {
		out = append(out, in.Kinds[k]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// depth bounds how far folders are followed.
const depth = 12

// Inputs sorts the files below the paths. What a file holds decides, not where it
// lies: rows are feedback, turns and messages a conversation, items a feed. A
// document that a role gives another says so itself, in its front matter or its
// name.
func (a *App) Inputs(ctx context.Context, paths []string) (Inputs, error) {
	in := Inputs{Kinds: map[string][]string{}}
	files := 0
	var visit func(path string, level int) error
	visit = func(path string, level int) error {
		info, err := os.Stat(path)
		if err != nil {
			return fault.Wrap(err, fault.NotFound, "app.inputs", "%s cannot be read", path)
		}
		if !info.IsDir() || export(path) {
			if files++; files > a.cfg.Ingest.Limits.Files {
				return fault.New(fault.Exhausted, "app.inputs", "there are more than %d files", a.cfg.Ingest.Limits.Files).WithMend("Raise ingest.limits.files.")
			}
			return a.sortInput(ctx, &in, path, info)
		}
		if level > depth {
			in.Unread = append(in.Unread, Unread{path, "it lies too deep"})
			return nil
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return fault.Wrap(err, fault.NotFound, "app.inputs", "%s cannot be read", path)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				in.Unread = append(in.Unread, Unread{filepath.Join(path, e.Name()), "it is hidden"})
				continue
			}
			if describes, err := beside(filepath.Join(path, e.Name()), e); err != nil || describes {
				if err != nil {
					return err
				}
				in.Unread = append(in.Unread, Unread{filepath.Join(path, e.Name()), "it describes the files beside it"})
				continue
			}
			if err := visit(filepath.Join(path, e.Name()), level+1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, p := range paths {
		if err := visit(p, 0); err != nil {
			return in, err
		}
	}
	in.partMeetings()
	return in, nil
}

// beside reports whether a file of a folder is its README or licence and not, by
// what it says at its top, a document for an agent.
func beside(path string, e fs.DirEntry) (bool, error) {
	if !e.Type().IsRegular() || !ingest.Documentation(e.Name()) {
		return false, nil
	}
	info, err := e.Info()
	if err != nil {
		return false, fault.Wrap(err, fault.NotFound, "app.inputs", "%s cannot be read", path)
	}
	f, err := describe(path, info)
	return !f.Document(), err
}

// export reports whether the folder is the export of a chat, which is read as one.
func export(path string) bool {
	return isFile(filepath.Join(path, "channels.json")) || isFile(filepath.Join(path, "users.json"))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (a *App) sortInput(ctx context.Context, in *Inputs, path string, info fs.FileInfo) error {
	if !info.IsDir() {
		f, err := describe(path, info)
		if err != nil {
			return err
		}
		if f.Document() {
			in.Kinds[workflow.Context] = append(in.Kinds[workflow.Context], path)
			return nil
		}
	}
	read, err := ingest.Read(ctx, []string{path}, ingest.Options{Limits: ingest.Limits(a.cfg.Ingest.Limits)})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		why, _, _ := strings.Cut(err.Error(), "\n")
		in.Unread = append(in.Unread, Unread{path, why})
		return nil
	case len(read.Records) == 0:
		in.Unread = append(in.Unread, Unread{path, "it holds no records with text"})
		return nil
	}
	kind := kindOf(read.Records)
	if kind == workflow.Feedback {
		if why := noFeedback(read); why != "" {
			in.Unread = append(in.Unread, Unread{path, why})
			return nil
		}
	}
	in.Kinds[kind] = append(in.Kinds[kind], path)
	return nil
}

// kindOf returns the kind of input that most of the records are.
func kindOf(records []evidence.Record) string {
	count := map[string]int{}
	for _, r := range records {
		kind := workflow.Conversation
		switch r.Origin.Kind {
		case "":
			kind = workflow.Feedback
		case "item":
			kind = workflow.Feed
		}
		count[kind]++
	}
	best := workflow.Feedback
	for _, k := range workflow.Inputs() {
		if count[k] > count[best] {
			best = k
		}
	}
	return best
}

// describe reads the head of a file and says which input it holds.
func describe(path string, info fs.FileInfo) (_ roles.Found, err error) {
	f, err := os.Open(path)
	if err != nil {
		return roles.Found{}, fault.Wrap(err, fault.NotFound, "app.inputs", "%s cannot be read", path)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head, err := io.ReadAll(io.LimitReader(f, roles.HeadBytes))
	if err != nil {
		return roles.Found{}, fault.Wrap(err, fault.Unavailable, "app.inputs", "%s cannot be read", path)
	}
	return roles.Describe(path, head, info.ModTime()), nil
}

// found describes the files below the paths, without reading more than their heads.
func found(paths []string) ([]roles.Found, error) {
	var out []roles.Found
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			f, err := describe(path, info)
			if err == nil {
				out = append(out, f)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// noFeedback says why the rows of a table are not what customers said; "" when
// they may be.
func noFeedback(read *ingest.Result) string {
	for _, c := range read.Columns {
		for _, col := range c.Columns {
			if col.Role == columns.Field && meetingWord(col.Name) {
				return "its columns speak of a meeting; it belongs to one"
			}
		}
	}
	sentences := 0
	for _, r := range read.Records {
		if sentence(r.Text) {
			sentences++
		}
	}
	if sentences*3 < len(read.Records) {
		return "it has no column in which people wrote sentences"
	}
	return ""
}

// sentence reports whether a text says something: three words, or as many
// letters as three words have in a script that does not part them.
func sentence(text string) bool {
	if len(strings.Fields(text)) >= 3 {
		return true
	}
	wide := 0
	for _, r := range text {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul) {
			wide++
		}
	}
	return wide >= 6
}

// meetingWord reports whether a column is called after a part of a meeting.
func meetingWord(name string) bool {
	words := nameWords(name)
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"meeting", "transcript", "attendees", "minutes", "agenda"}, w)
	})
}

// nameWords are the words of a name of a file or a column, in lower case.
func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
}

// partMeetings takes those tables from the feedback that belong to a meeting:
// they lie beside a conversation and are called after it, or after what is made
// of meetings.
func (in *Inputs) partMeetings() {
	beside := map[string][]string{} // folder to the words that its conversations are called
	for _, p := range in.Kinds[workflow.Conversation] {
		words := nameWords(strings.TrimSuffix(filepath.Base(p), filepath.Ext(p)))
		beside[filepath.Dir(p)] = append(beside[filepath.Dir(p)], words...)
	}
	in.Kinds[workflow.Feedback] = slices.DeleteFunc(in.Kinds[workflow.Feedback], func(p string) bool {
		called, ok := beside[filepath.Dir(p)]
		if !ok {
			return false
		}
		words := nameWords(strings.TrimSuffix(filepath.Base(p), filepath.Ext(p)))
		belongs := slices.ContainsFunc(words, func(w string) bool {
			made := slices.Contains([]string{"tldr", "minutes", "meeting", "transcript", "agenda", "attendees", "recap"}, w)
			shared := utf8.RuneCountInString(w) >= 8 && w != "feedback" && w != "customer" && w != "customers" && slices.Contains(called, w)
			return made || shared
		})
		if belongs {
			in.Unread = append(in.Unread, Unread{p, "it belongs to the meeting beside it"})
		}
		return belongs
	})
	if len(in.Kinds[workflow.Feedback]) == 0 {
		delete(in.Kinds, workflow.Feedback)
	}
}
