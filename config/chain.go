package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of the models that may be named beside the first.
const (
	maxModels   = 20
	maxFallback = 5
)

// offline, as the last word of model.fallback, keeps the words of statistics.
const offline = "offline"

// KeepsOffline reports whether a draft keeps the words of statistics when every
// model failed for good.
func (m Model) KeepsOffline() bool {
	last := m.Fallback[strings.LastIndexByte(m.Fallback, ' ')+1:]
	return last == offline
}

// Chain returns m and the models that are asked when it fails for good, in order.
func (m Model) Chain() []Model { return append([]Model{m}, m.Others...) }

// fallback reads the words of model.fallback.
func fallback() kind {
	return kind{
		bound:   fmt.Sprintf("none, or up to %d of these with spaces between: a name under models, PROVIDER:NAME, and offline as the last", maxFallback),
		accepts: []shape{aText, aList},
		parse: func(s string) (any, error) {
			words := strings.Fields(s)
			at := slices.Index(words, offline)
			return check(strings.Join(words, " "), len(words) > 0 && len(words) <= maxFallback && printable(s) && (at < 0 || at == len(words)-1) &&
				(len(words) == 1 || !slices.Contains(words, None)))
		},
	}
}

// modelEntries reads "name: PROVIDER:NAME key_env=..." entries, separated by commas.
func modelEntries() kind {
	return kind{
		bound:   fmt.Sprintf("at most %d of name: PROVIDER:NAME, followed by any of base_url=, key_env=, key_file= and price=IN/OUT, such as backup: mistral:mistral-large-latest price=0.4/2", maxModels),
		accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				name, rest, _ := strings.Cut(entry, ":")
				name, rest = strings.TrimSpace(name), strings.Join(strings.Fields(rest), " ")
				_, twice := out[name]
				if _, ok := modelEntry(rest); !ok || name == "" || len(name) > 40 || strings.ContainsAny(name, " :") || name == None || name == offline || twice || !printable(entry) {
					return nil, errBound
				}
				out[name] = rest
			}
			return check(out, len(out) <= maxModels)
		},
	}
}

// modelEntry reads PROVIDER:NAME and what follows.
func modelEntry(text string) (Model, bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Model{}, false
	}
	m := Model{BaseURL: None, KeyEnv: None, KeyFile: None, KeyCommand: None, Effort: None, Fallback: None, Price: Price{Input: None, Output: None}}
	var ok bool
	if m.Provider, m.Name, ok = strings.Cut(words[0], ":"); !ok || m.Name == "" || m.Provider == None || !slices.Contains(providers(), m.Provider) {
		return Model{}, false
	}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok || value == "" {
			return Model{}, false
		}
		switch name {
		case "base_url":
			m.BaseURL = value
		case "key_env":
			m.KeyEnv = value
		case "key_file":
			m.KeyFile = value
		case "price":
			m.Price.Input, m.Price.Output, _ = strings.Cut(value, "/")
			if _, _, known := m.Price.Known(); !known {
				return Model{}, false
			}
		default:
			return Model{}, false
		}
	}
	return m, true
}

// others returns the models of model.fallback, or what is wrong with it.
func (c Config) others(origins Origins) ([]Model, []problem) {
	var out []Model
	for _, word := range strings.Fields(c.Model.Fallback) {
		if word == None || word == offline {
			continue
		}
		entry, named := c.Models[word]
		if !named {
			entry = word
		}
		m, ok := modelEntry(entry)
		if !ok {
			return nil, []problem{{
				origins["model.fallback"], "model.fallback names " + quoteShort(word) + ", which is no model under models and no PROVIDER:NAME",
				"Add it under models, as " + quoteShort(word+": openai:gpt-5-mini") + ".",
			}}
		}
		if named && strings.HasPrefix(origins["models"], FileName) && m.gives() {
			return nil, []problem{{
				origins["models"], "models names the address of " + quoteShort(word) + " in a file and would send it a key of yours: whoever opens a workspace would give its author that key",
				"Set ROLEOS_MODELS in your own environment, or keep the key for this server in a variable whose name begins with ROLEOS_.",
			}}
		}
		out = append(out, m)
	}
	return out, nil
}

// gives reports whether a key that need not be meant for it would be sent off
// this machine to m's address.
func (m Model) gives() bool {
	if !foreign(m.BaseURL) {
		return false
	}
	return m.KeyEnv != None && !strings.HasPrefix(m.KeyEnv, envPrefix) || m.KeyFile != None && !filepath.IsLocal(m.KeyFile)
}
