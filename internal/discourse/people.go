package discourse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is one person or group that spoke or was named.
type Person struct {
	Name    string
	Group   bool
	Turns   int // turns they spoke; 0 for somebody who was only named
	Aliases []Alias
}

// Alias is another name of a person, with the reason for taking it as theirs.
type Alias struct {
	Name string
	Why  string
	Turn int // where it occurs first
}

// Cast is everybody heard or named. The zero value knows nobody.
type Cast struct {
	People []Person
	of     map[string]int // key of a name -> person
	first  map[string][]int
}

// Find returns the person with a name. ok is false for nobody and for a bare
// first name that several share.
func (c *Cast) Find(name string) (int, bool) {
	k := nameKey(name)
	if i, ok := c.of[k]; ok {
		return i, true
	}
	if who := c.first[k]; len(who) == 1 {
		return who[0], true
	}
	return -1, false
}

// known is a name before people are told apart.
type known struct {
	name, key string
	spelled   []Alias // as the source writes it, where that is not the name
	turns     int
	turn      int
	listed    bool // from a list of attendees
	titled    bool
}

// Resolve tells the people of a conversation apart. Two names are one person
// when they are equal but for titles, brackets, "@" and mail addresses, or when
// one is the first name of the other and nobody else has it.
func Resolve(turns []Turn) *Cast {
	seen := map[string]*known{}
	var order []*known
	add := func(name string, turn int, listed bool) {
		k := nameKey(name)
		if k == "" {
			return
		}
		n, ok := seen[k]
		if !ok {
			n = &known{name: cleanName(name), key: k, turn: turn, listed: true, titled: hasTitle(name)}
			seen[k] = n
			order = append(order, n)
		}
		if !listed {
			n.turns++
			n.listed = false
		}
		if full := cleanName(name); len(full) > len(n.name) {
			n.name = full
		}
		if !listed && !slices.ContainsFunc(n.spelled, func(a Alias) bool { return a.Name == name }) {
			n.spelled = append(n.spelled, Alias{Name: name, Why: "the same but for title, brackets, marks or address", Turn: turn})
		}
	}
	for i := range turns {
		t := &turns[i]
		if t.Speaker != "" {
			add(t.Speaker, i, false)
		} else if attendance(t.Topic) {
			for line := range strings.Lines(t.Text) {
				if name := listedName(line); name != "" {
					add(name, i, true)
				}
			}
		}
	}
	return settle(order)
}

func settle(order []*known) *Cast {
	c := &Cast{of: map[string]int{}, first: map[string][]int{}}
	byFirst, byLast := map[string][]*known{}, map[string][]*known{}
	for _, n := range order {
		f := strings.Fields(n.key)
		if len(f) > 1 {
			byFirst[f[0]] = append(byFirst[f[0]], n)
			byLast[f[len(f)-1]] = append(byLast[f[len(f)-1]], n)
		}
	}
	target := map[*known]*known{}
	why := map[*known]string{}
	for _, n := range order {
		if strings.Contains(n.key, " ") {
			continue
		}
		full := byFirst[n.key]
		reason := "the only %s… heard or listed is %s"
		if len(full) == 0 && n.titled {
			full, reason = byLast[n.key], "the only …%s heard or listed is %s"
		}
		if len(full) == 1 {
			target[n], why[n] = full[0], fmt.Sprintf(reason, n.name, full[0].name)
		}
	}
	at := map[*known]int{}
	place := func(n *known) int {
		if i, ok := at[n]; ok {
			return i
		}
		at[n] = len(c.People)
		c.People = append(c.People, Person{Name: n.name, Group: groupName(n.name)})
		return at[n]
	}
	for _, n := range order {
		to := cmp.Or(target[n], n)
		if n.listed && target[n] == nil {
			continue // only in a list: a person once somebody names them
		}
		i := place(to)
		p := &c.People[i]
		p.Turns += n.turns
		for _, a := range n.spelled {
			if to != n {
				a.Why = why[n]
			}
			if a.Name != p.Name {
				p.Aliases = append(p.Aliases, a)
			}
		}
		c.of[n.key], c.of[to.key] = i, i
	}
	for i, p := range c.People {
		f := strings.Fields(nameKey(p.Name))
		if len(f) > 1 && !slices.Contains(c.first[f[0]], i) {
			c.first[f[0]] = append(c.first[f[0]], i)
		}
	}
	return c
}

// named returns the person with a name, and makes one that was only named when there is none.
func (c *Cast) named(name string) int {
	if i, ok := c.Find(name); ok {
		return i
	}
	k := nameKey(name)
	if k == "" || len(c.first[k]) > 1 || strings.ContainsFunc(k, unicode.IsDigit) { // a thing: "EIP 1559"
		return -1
	}
	c.People = append(c.People, Person{Name: name, Group: groupName(name)})
	c.of[k] = len(c.People) - 1
	return c.of[k]
}

//nolint:gochecknoglobals // immutable tables
var (
	titles     = set("mr mrs ms dr prof hon sir dame rt right honourable honorable the")
	groupWords = set("team teams group committee board herders clients department devs developers council community users customers engineering marketing sales support legal finance foundation working")
)

// cleanName takes address, brackets and marks off a speaker's name.
func cleanName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '<'); i > 0 {
		s = s[:i]
	} else if at := strings.IndexByte(s, '@'); at > 0 {
		s = strings.NewReplacer(".", " ", "_", " ", "-", " ").Replace(s[:at])
		s = capitalise(s)
	}
	if i := strings.IndexAny(s, "([|"); i > 0 {
		s = s[:i]
	}
	return strings.Join(strings.Fields(strings.Trim(s, " @\"':,;*_")), " ")
}

func capitalise(s string) string {
	f := strings.Fields(s)
	for i, w := range f {
		r, n := utf8.DecodeRuneInString(w)
		f[i] = string(unicode.ToUpper(r)) + w[n:]
	}
	return strings.Join(f, " ")
}

// nameKey folds case and takes titles away.
func nameKey(s string) string {
	f := strings.Fields(strings.ToLower(cleanName(s)))
	for len(f) > 1 && titles[strings.Trim(f[0], ".")] {
		f = f[1:]
	}
	return strings.Trim(strings.Join(f, " "), ".")
}

func hasTitle(s string) bool {
	f := strings.Fields(strings.ToLower(s))
	return len(f) > 1 && f[0] != "the" && titles[strings.Trim(f[0], ".")]
}

func groupName(s string) bool {
	for _, w := range strings.Fields(strings.ToLower(s)) {
		if groupWords[w] {
			return true
		}
	}
	return false
}

func attendance(topic string) bool {
	t := strings.ToLower(topic)
	return strings.Contains(t, "attend") || strings.Contains(t, "participant") || strings.Contains(t, "present")
}

// listedName returns the name in one line of a list of attendees, or "".
func listedName(line string) string {
	name := cleanName(strings.TrimLeft(line, " \t*-•+"))
	f := strings.Fields(name)
	if len(f) < 2 || len(f) > 4 {
		return ""
	}
	for _, w := range f {
		if r, _ := utf8.DecodeRuneInString(w); !unicode.IsUpper(r) && len(w) > 3 {
			return ""
		}
	}
	return name
}
