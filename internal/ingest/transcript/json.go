package transcript

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/talk"
)

//nolint:gochecknoglobals // immutable tables, the best name first
var (
	speakerKeys = []string{"speaker", "speaker_name", "speakername", "speaker_label", "speakerlabel", "speaker_id", "speakerid", "participant", "participant_name"}
	looseKeys   = []string{"name", "user", "author", "from", "role"} // only in a list that is called a transcript
	textKeys    = []string{"content", "text", "transcript", "utterance", "sentence", "message", "body"}
	startKeys   = []string{"start", "start_time", "starttime", "start_ms", "timestamp", "time", "offset", "at"}
	listNames   = []string{"transcript", "utterance", "turns", "monologue", "dialogue", "conversation"}
)

const mostJSON = 256 << 20 // bytes of a JSON file that is looked at for a transcript

// spokenJSON reports whether a JSON document holds a list of turns with speakers.
func spokenJSON(text string) bool {
	low := strings.ToLower(head(text))
	hint := strings.Contains(text, `"speaker`) || strings.Contains(text, `"participant`)
	for _, n := range listNames {
		hint = hint || strings.Contains(low, n) || strings.Contains(text, `"meeting_transcripts"`)
	}
	if !hint || len(text) > mostJSON {
		return false
	}
	var doc any
	if json.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	path, _ := spokenList(doc, "", nil, 0)
	return path != nil
}

// spokenList finds the longest list of objects with a speaker and a text, and the way to it.
func spokenList(v any, name string, at []string, depth int) (path []string, n int) {
	if depth > 6 {
		return nil, 0
	}
	switch x := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if p, m := spokenList(x[k], k, append(slices.Clone(at), k), depth+1); m > n {
				path, n = p, m
			}
		}
	case []any:
		good := 0
		for _, e := range x {
			if o, ok := e.(map[string]any); ok && pick(o, speakers(name)) != "" && pick(o, textKeys) != "" {
				good++
			}
		}
		if good > 0 && good*10 >= len(x)*9 {
			return append([]string{}, at...), good
		}
	}
	return path, n
}

func speakers(list string) []string {
	low := strings.ToLower(list)
	if slices.ContainsFunc(listNames, func(n string) bool { return strings.Contains(low, n) }) {
		return slices.Concat(speakerKeys, looseKeys)
	}
	return speakerKeys
}

// pick returns the first of the keys that the object has with a plain value, as the object spells it.
func pick(o map[string]any, keys []string) string {
	for _, want := range keys {
		if scalar(o[want]) {
			return want
		}
		for _, k := range sortedKeys(o) {
			if strings.EqualFold(k, want) && scalar(o[k]) {
				return k
			}
		}
	}
	return ""
}

func sortedKeys(o map[string]any) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func scalar(v any) bool {
	switch v.(type) {
	case string, float64, json.Number:
		return true
	}
	return false
}

// parseJSON reads the list of turns of a JSON document.
func parseJSON(text string, limits talk.Limits) (*talk.Talk, error) {
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fault.New(fault.Invalid, "ingest", "not valid JSON: %v", err).WithMend("Export it again.")
	}
	path, _ := spokenList(doc, "", nil, 0)
	if path == nil {
		return nil, fault.New(fault.Invalid, "ingest", "no list of turns with speaker and text is in it").WithMend("Objects with the keys speaker and text are read.")
	}
	name := ""
	for _, k := range path {
		doc = doc.(map[string]any)[k]
		name = k
	}
	list := doc.([]any)
	where := linesOf(text, path)
	b := &builder{limits: limits, channel: Channel}
	start, unit := startOf(list)
	for i, e := range list {
		o, _ := e.(map[string]any)
		said := strings.TrimSpace(str(o[pick(o, textKeys)]))
		if !wordy(said) {
			b.turns++ // the position in the list stays the turn's number
			b.note("empty_turns", "turns without words were left out", false, 0)
			continue
		}
		r := evidence.Record{Text: said, Origin: evidence.Origin{Kind: talk.Turn, Speaker: who(o[pick(o, speakers(name))])}}
		if i < len(where) {
			r.Origin.Line = where[i]
		}
		if d, ok := offset(o[start], unit); ok {
			r.Fields = []evidence.Attr{{Name: talk.At, Value: talk.Clock(d)}}
		} else if t, err := time.Parse(time.RFC3339, str(o[start])); err == nil {
			r.Time = t.UTC()
		}
		if err := b.add(r); err != nil {
			return nil, err
		}
	}
	if len(b.talk.Records) == 0 {
		return nil, fault.New(fault.Invalid, "ingest", "no turn has words").WithMend("Export it again.")
	}
	return &b.talk, nil
}

func who(v any) string {
	s := strings.Join(strings.Fields(str(v)), " ")
	if _, err := strconv.Atoi(s); err == nil {
		return "Speaker " + s
	}
	return s
}

func str(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// startOf returns the key that holds the turns' beginnings, and the unit of its
// numbers: milliseconds where the key says so or where they would last longer than a day.
func startOf(list []any) (key string, unit time.Duration) {
	unit = time.Second
	for _, e := range list {
		o, ok := e.(map[string]any)
		if !ok {
			continue
		}
		if key == "" {
			key = pick(o, startKeys)
		}
		if v, ok := o[key].(float64); ok && v > 86400 || strings.HasSuffix(strings.ToLower(key), "ms") {
			unit = time.Millisecond
		}
	}
	return key, unit
}

func offset(v any, unit time.Duration) (time.Duration, bool) {
	switch x := v.(type) {
	case float64:
		if d := x * float64(unit); x >= 0 && d < float64(1000*time.Hour) {
			return time.Duration(d), true
		}
	case string:
		return clock(x)
	}
	return 0, false
}

// linesOf returns the line on which each element of the list at path begins.
func linesOf(text string, path []string) []int {
	dec := json.NewDecoder(strings.NewReader(text))
	for _, key := range path {
		if t, err := dec.Token(); err != nil || t != json.Delim('{') {
			return nil
		}
		for {
			t, err := dec.Token()
			if err != nil || t == json.Delim('}') {
				return nil
			}
			if t == key {
				break
			}
			var skip json.RawMessage
			if dec.Decode(&skip) != nil {
				return nil
			}
		}
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil
	}
	var out []int
	line, pos := 1, 0
	for dec.More() {
		at := int(dec.InputOffset())
		for at < len(text) && strings.IndexByte(" \t\r\n,", text[at]) >= 0 {
			at++
		}
		line += strings.Count(text[pos:at], "\n")
		pos = at
		out = append(out, line)
		var skip json.RawMessage
		if dec.Decode(&skip) != nil {
			return out
		}
	}
	return out
}
