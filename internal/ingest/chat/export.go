package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/ingest/talk"
)

// Format is the format that the source of an export carries.
const Format = "slack"

// Export is the files of a Slack export. Names are relative to its top, with slashes.
type Export struct {
	Names []string
	Open  func(name string) (string, error)
}

// Root returns the folder of names that holds a Slack export: "" for the top
// itself. ok is false when none does. An export has users.json or channels.json
// and, below it, folders with files called after days.
func Root(names []string) (root string, ok bool) {
	days := map[string]bool{}
	for _, n := range names {
		if dir, is := dayFile(n); is {
			days[path.Dir(dir)] = true
		}
	}
	for _, n := range names {
		if base := path.Base(n); (base == "users.json" || base == "channels.json") && days[path.Dir(n)] {
			if d := path.Dir(n); d != "." {
				return d, true
			}
			return "", true
		}
	}
	return "", false
}

// Channel reports whether names, the files of one folder, are the days of one channel.
func Channel(names []string) bool {
	n := 0
	for _, name := range names {
		if _, is := dayFile("x/" + name); is {
			n++
		} else if strings.HasSuffix(name, ".json") {
			return false
		}
	}
	return n > 0
}

// dayFile returns the channel's folder of a name like general/2026-01-31.json.
func dayFile(name string) (dir string, ok bool) {
	base := path.Base(name)
	if len(base) != len("2026-01-31.json") || !strings.HasSuffix(base, ".json") || !strings.Contains(name, "/") {
		return "", false
	}
	for i := range 10 {
		if c := base[i]; (i == 4 || i == 7) != (c == '-') || i != 4 && i != 7 && (c < '0' || c > '9') {
			return "", false
		}
	}
	return path.Dir(name), true
}

// person is who a user id stands for.
type person struct {
	name string
	bot  bool
}

// workspace is what the export says about its users and channels.
type workspace struct {
	people   map[string]person
	ids      map[string]string // folder to channel id
	names    map[string]string // channel id to its name with "#"
	channels map[string]string // folder to what a record's channel is called
}

type userFile struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	IsBot    bool   `json:"is_bot"`
	Profile  struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
	} `json:"profile"`
}

func (u userFile) shown() string {
	return firstOf(u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name, u.ID)
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n = strings.Join(strings.Fields(n), " "); n != "" {
			return n
		}
	}
	return ""
}

type channelFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Read reads an export. Files that cannot be read become findings. It returns
// an error when nothing at all can be read, when a limit is exceeded or when ctx ends.
func Read(ctx context.Context, e Export, limits talk.Limits) (*talk.Talk, error) {
	r := &reader{export: e, limits: limits, findings: map[string]*talk.Finding{}}
	if err := r.workspace(); err != nil {
		return nil, err
	}
	names := slices.Clone(e.Names)
	slices.Sort(names)
	days := map[string][]string{}
	var dirs []string
	for _, n := range names {
		if dir, ok := dayFile(n); ok {
			if days[dir] == nil {
				dirs = append(dirs, dir)
			}
			days[dir] = append(days[dir], n)
		}
	}
	for _, dir := range dirs {
		if err := r.channel(ctx, dir, days[dir]); err != nil {
			return nil, err
		}
	}
	t := &talk.Talk{Format: Format, Records: r.records, Whole: true}
	for _, k := range r.order {
		t.Notes = append(t.Notes, *r.findings[k])
	}
	if len(t.Records) == 0 {
		return nil, fault.New(fault.Invalid, "ingest", "the Slack export holds no message that a person wrote").
			WithMend("Export the workspace again with its messages.")
	}
	return t, nil
}

// workspace reads the users and the channels. Neither has to be there.
func (r *reader) workspace() error {
	r.ws = workspace{people: map[string]person{}, ids: map[string]string{}, names: map[string]string{}, channels: map[string]string{}}
	var users []userFile
	if err := r.json("users.json", &users); err != nil {
		return err
	}
	for _, u := range users {
		r.ws.people[u.ID] = person{u.shown(), u.IsBot || u.ID == "USLACKBOT"}
	}
	for _, f := range []struct{ file, prefix string }{{"channels.json", "slack #"}, {"groups.json", "slack #"}, {"mpims.json", "slack group message "}, {"dms.json", "slack direct message"}} {
		var list []channelFile
		if err := r.json(f.file, &list); err != nil {
			return err
		}
		for _, c := range list {
			folder := firstOf(c.Name, c.ID)
			r.ws.ids[folder] = c.ID
			r.ws.channels[folder] = f.prefix + c.Name
			if c.Name != "" {
				r.ws.names[c.ID] = "#" + c.Name
			}
		}
	}
	return nil
}

// json reads one of the export's lists, if it is there and whole.
func (r *reader) json(name string, into any) error {
	if !slices.Contains(r.export.Names, name) {
		return nil
	}
	text, err := r.export.Open(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		f := r.note("broken_file", name)
		f.Warning = true
		f.Message = fmt.Sprintf("a file could not be read in full and was left out: %s", name)
	}
	return nil
}

// note counts a finding of a kind at a place.
func (r *reader) note(kind, where string) *talk.Finding {
	f := r.findings[kind]
	if f == nil {
		f = &talk.Finding{Kind: kind}
		r.findings[kind] = f
		r.order = append(r.order, kind)
	}
	f.Count++
	if where != "" && len(f.Where) < 20 {
		f.Where = append(f.Where, where)
	}
	return f
}
