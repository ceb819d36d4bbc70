package contracts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"roleos/contracts/gate"
)

// vacuity says whether gate i, which passes good, also lets nothing at all pass.
func (l *linter) vacuity(ctx context.Context, i int, made *gate.Gate, good *Example) {
	g := l.c.Gates[i]
	if g.WhenEmpty == emptyPasses || !slices.ContainsFunc(made.Reads(), func(r gate.Read) bool { return r.Every }) {
		return
	}
	s, err := good.Subject()
	if err != nil {
		return
	}
	before := Check(ctx, l.c, s)
	for _, r := range made.Reads() {
		if !r.Every {
			continue
		}
		empty := good.with(r.At, func(v any) (any, bool) {
			switch v.(type) {
			case []any:
				return []any{}, true
			case map[string]any:
				return map[string]any{}, true
			}
			return v, true
		})
		s, err := empty.Subject()
		if err != nil {
			continue
		}
		if r := Check(ctx, l.c, s); r.Gates[i].Status != Passed || stops(before, r) {
			continue
		}
		key := "cel"
		if len(g.Over) > 0 && slices.ContainsFunc(g.Over, func(o string) bool { return strings.HasPrefix(o, r.At+"/") }) {
			key = "over"
		}
		l.add(PassesOnNothing, Error, g, g.locate(key),
			fmt.Sprintf("with nothing at %s it passes, and so does every other gate: a draft without any would go through%s", r.At, l.vague(g)),
			fmt.Sprintf("Ask for at least one (%s.size() > 0, or minItems in the schema), or, where none is fine, say so in the gate: when_empty: passes.", expression(r.At)))
		return // one is enough to mend it
	}
}

// stops reports whether a gate that let one draft pass stops the other.
func stops(before, after Result) bool {
	for i, g := range after.Gates {
		was := before.Gates[i].Status
		if g.Enforcement == Deny && (was == Passed || was == Waiting) && g.Status != Passed && g.Status != Waiting {
			return true
		}
	}
	return false
}

// emptyPasses is what a gate says in when_empty when it is meant to hold where
// there is nothing to look at.
const emptyPasses = "passes"

// expression writes a pointer as a gate would: draft.points.
func expression(at string) string {
	if strings.Contains(at, "*") {
		return "it." + at[strings.LastIndexByte(at, '/')+1:]
	}
	return "draft" + strings.ReplaceAll(at, "/", ".")
}

// maxTrying bounds what is tried on one gate, in CEL's own measure: beyond it
// lint says nothing about the gate's fields.
const maxTrying = 10_000_000

// idle notes places that a gate names and that make no difference to it,
// whatever is done to them in any example of the contract.
func (l *linter) idle(ctx context.Context, i int, made *gate.Gate, good, bad *Example) {
	g := l.c.Gates[i]
	spent := uint64(0)
	verdict := func(e *Example) Status {
		if spent > maxTrying {
			return Errored // which says nothing
		}
		o := holds(ctx, made, e.Draft)
		spent += o.Cost + 100 // for what is beside the expression
		out := GateResult{Status: Passed}
		out.take(o)
		return out.Status
	}
	notices := func(e *Example, r gate.Read) bool {
		was := verdict(e)
		return was != Errored && slices.ContainsFunc(changes(r.Form), func(c replace) bool {
			now := verdict(e.with(r.At, c)) // an error only says that the schema has to ask for the field
			return now != was && now != Errored
		})
	}
	good, bad = good.plain(), bad.plain()
	for _, r := range made.Reads() {
		if !r.Leaf || notices(good, r) || notices(bad, r) ||
			verdict(bad.taking(r.At, good)) != Failed || verdict(good.taking(r.At, bad)) != Passed ||
			slices.ContainsFunc(l.others(g), func(e *Example) bool { return notices(e, r) }) {
			continue
		}
		if spent > maxTrying {
			return
		}
		l.add(NoDifference, Note, g, g.locate("cel"), fmt.Sprintf("%s can be changed or left out and the check says the same, in every example", r.At),
			"Take it out of the check, or let an example show what it is for.")
	}
}

// holds runs an expression over a draft that was changed at will: should that
// break it down, it is an error of this try and nothing more.
func holds(ctx context.Context, g *gate.Gate, root any) (out gate.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = gate.Outcome{Err: fmt.Errorf("the check broke down: %v", p)}
		}
	}()
	return g.Holds(ctx, root)
}

// plain returns the example with its draft as JSON decodes it. A draft that JSON
// cannot hold stays as it is; lint has said so by then.
func (e *Example) plain() *Example {
	out := *e
	var draft map[string]any
	if body, err := json.Marshal(e.Draft); err == nil && json.Unmarshal(body, &draft) == nil {
		out.Draft = draft
	}
	return &out
}

// others returns the examples of the contract that the gate stands in, as far as
// they can be read.
func (l *linter) others(g Gate) []*Example {
	file := &g.src.data[0]
	if l.plain[file] != nil {
		return l.plain[file]
	}
	seen := map[string]bool{}
	out := []*Example{}
	for _, x := range l.c.Gates {
		for _, name := range []string{x.PassesOn, x.FailsOn} {
			if &x.src.data[0] != file || seen[name] {
				continue
			}
			seen[name] = true
			if e, err := loadExample(x.src.files, name, maxBases, l.known(x)); err == nil {
				out = append(out, e.plain())
			}
		}
	}
	l.plain[file] = out
	return out
}

// replace gives what stands at a place instead of v, which is gone{} where an
// object leaves it out; keep is false when nothing shall.
type replace func(v any) (out any, keep bool)

// changes returns what is tried at a place of a form.
func changes(f gate.Form) []replace {
	to := func(values ...any) []replace {
		out := []replace{func(any) (any, bool) { return nil, false }}
		for _, x := range values {
			out = append(out, func(any) (any, bool) { return clone(x), true })
		}
		return out
	}
	switch f {
	case gate.Truth:
		return append(to(true, false), func(v any) (any, bool) { b, _ := v.(bool); return !b, true })
	case gate.Number:
		return to(0.0, -1_000_003.0, 1_000_003.0)
	case gate.Text:
		return append(to("", "zq zq"), func(v any) (any, bool) { s, _ := v.(string); return strings.ToUpper(s) + " zq", true })
	case gate.Time:
		return to("1970-01-01T00:00:00Z", "2970-01-01T00:00:00Z")
	case gate.Many:
		return append(to([]any{}), func(v any) (any, bool) {
			if list, ok := v.([]any); ok && len(list) > 0 {
				return append(clone(list).([]any), clone(list[0])), true //nolint:forcetypeassert // a clone of a list is one
			}
			return v, true
		})
	case gate.Other:
	}
	return to()
}

// with returns the example with something else at every place of a pattern.
func (e *Example) with(pattern string, change replace) *Example {
	out := *e
	out.Draft, _ = rewrite(clone(e.Draft), gate.Steps(pattern), change).(map[string]any)
	return &out
}

func rewrite(v any, path []string, change replace) any {
	if len(path) == 0 {
		if out, keep := change(v); keep {
			return out
		}
		return gone{}
	}
	switch d := v.(type) {
	case map[string]any:
		if _, there := d[path[0]]; !there && path[0] != "*" && len(path) == 1 {
			if out, keep := change(gone{}); keep && out != (gone{}) {
				d[path[0]] = out
			}
			return d
		}
		for _, k := range sortedKeys(d) {
			if path[0] != "*" && path[0] != k {
				continue
			}
			if d[k] = rewrite(d[k], path[1:], change); d[k] == (gone{}) {
				delete(d, k)
			}
		}
	case []any:
		out := d[:0]
		for _, x := range d {
			if x = rewrite(x, path[1:], change); x != (gone{}) {
				out = append(out, x)
			}
		}
		return out
	}
	return v
}

// gone marks what is left out.
type gone struct{}

// taking returns the example with what another has at the places of a pattern,
// as far as both have something there.
func (e *Example) taking(pattern string, from *Example) *Example {
	var values []any
	from.with(pattern, func(v any) (any, bool) {
		if v != (gone{}) {
			values = append(values, v)
		}
		return v, true
	})
	n := 0
	return e.with(pattern, func(v any) (any, bool) {
		if n < len(values) {
			v = clone(values[n])
		}
		n++
		return v, true
	})
}

// selfGraded finds gates that only ask the draft what it thinks of itself:
// truths and texts that stand once, in the draft's own hand.
func (l *linter) selfGraded(g Gate, made *gate.Gate) {
	words := slices.Clone(made.Literals())
	truths := 0
	for _, r := range made.Reads() {
		if !r.Leaf {
			continue
		}
		if strings.Contains(r.At, "*") || r.Form != gate.Truth && r.Form != gate.Text {
			return
		}
		if r.Form == gate.Truth {
			truths++
		}
		words = append(words, strings.ReplaceAll(r.At[strings.LastIndexByte(r.At, '/')+1:], "_", " "))
	}
	vague := vagueWords(strings.Join(words, " , "))
	leaves := slices.DeleteFunc(made.Reads(), func(r gate.Read) bool { return !r.Leaf })
	const mend = "Check what it rests on, let a person attest it (kind: attestation), or move the sentence to preferences."
	switch {
	case len(leaves) == 0:
	case len(vague) > 0, truths == len(leaves) && len(vagueWords(g.Says)) > 0:
		l.add(GradesItself, Error, g, g.locate("cel"), fmt.Sprintf("it only asks the draft what it says of itself at %s: whoever writes the draft decides%s", leaves[0].At, l.vague(g)), mend)
	case truths == len(leaves):
		l.add(OwnWord, Warning, g, g.locate("cel"), fmt.Sprintf("it takes the draft's own word for it: whoever writes the draft sets %s", leaves[0].At), mend)
	}
}

// carries finds carry gates whose good example has nothing that could get lost.
func (l *linter) carries(g Gate, good *Example) {
	s, err := good.Subject()
	if err != nil {
		return
	}
	for _, item := range l.c.Carry.Items {
		if gate.Carries(l.c.Carry, item, s.Upstream) == 0 {
			l.add(NothingToCarry, Error, g, g.locate("passes_on"), fmt.Sprintf("%s has nothing upstream to carry in %s, so the gate passes on nothing", g.PassesOn, item),
				fmt.Sprintf("Give the example an upstream: [{kind: KIND, body: {%s: [{id: a}]}}] and carry it.", item))
		}
	}
}
