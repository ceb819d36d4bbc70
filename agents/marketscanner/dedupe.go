package marketscanner

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"

	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
)

// When two texts are the same, stated in the method.
const (
	shingle      = 4   // words of one run
	sameText     = 0.6 // share of runs that two texts have in common
	heldText     = 0.8 // share of the shorter text's runs that the other holds, when it has leastRuns
	leastRuns    = 20  //
	mostHolders  = 64  // items looked at for one run of words: a run that more have is boilerplate
	trackingMark = "utm_"
)

// dedupe keeps the first of the items that repeat one another. items are in the order in which they may be kept.
func dedupe(items []*evidence.Record) (kept []*evidence.Record, copies []market.Copy) {
	guids, links := map[string]int{}, map[string]int{}
	holders := map[uint64][]int{}
	var runs []int // of each kept item
	for _, r := range items {
		guid, link := field(r, "guid"), canonical(field(r, "link"))
		of, why := -1, ""
		own := shingles(r.Text)
		if i, ok := links[link]; ok && link != "" {
			of, why = i, "same link"
		} else if i, ok := guids[guid]; ok && guid != "" && sameFeed(kept[i], r) {
			of, why = i, "same guid"
		} else if i, share := nearest(own, holders, runs); i >= 0 {
			of, why = i, fmt.Sprintf("same text: %.0f %% of its runs of %d words", 100*share, shingle)
		}
		if of >= 0 {
			copies = append(copies, market.Copy{RecordID: r.ID, Of: market.ItemID(kept[of].ID), Outlet: outlet(r), Why: why})
			continue
		}
		n := len(kept)
		kept, runs = append(kept, r), append(runs, len(own))
		if guid != "" {
			guids[guid] = n
		}
		if link != "" {
			links[link] = n
		}
		for h := range own {
			if len(holders[h]) < mostHolders {
				holders[h] = append(holders[h], n)
			}
		}
	}
	return kept, copies
}

// sameFeed reports whether two items come from one publisher: guids such as "1" mean something in their own feed only.
func sameFeed(a, b *evidence.Record) bool {
	return a.Segment("feed") == b.Segment("feed") || len(field(a, "guid")) >= 16
}

// nearest returns the kept item whose text the runs repeat, or -1.
func nearest(own map[uint64]bool, holders map[uint64][]int, runs []int) (item int, share float64) {
	if len(own) < 3 {
		return -1, 0
	}
	common := map[int]int{}
	for h := range own {
		for _, i := range holders[h] {
			common[i]++
		}
	}
	item = -1
	for i, n := range common {
		both := float64(n) / float64(len(own)+runs[i]-n)
		held := float64(n) / float64(min(len(own), runs[i]))
		s := 0.0
		switch {
		case both >= sameText:
			s = both
		case held >= heldText && min(len(own), runs[i]) >= leastRuns:
			s = held
		}
		if s > share || s == share && s > 0 && i < item {
			item, share = i, s
		}
	}
	return item, share
}

// shingles returns the digests of all runs of words of a text.
func shingles(text string) map[uint64]bool {
	words := wordsOf(text)
	out := map[uint64]bool{}
	for i := 0; i+shingle <= len(words); i++ {
		h := fnv.New64a()
		for _, w := range words[i : i+shingle] {
			_, _ = h.Write([]byte(w + " "))
		}
		out[h.Sum64()] = true
	}
	return out
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// canonical returns an address without what does not change where it leads:
// scheme, "www.", tracking marks, a fragment and a slash at the end.
func canonical(link string) string {
	_, rest, ok := strings.Cut(strings.TrimSpace(link), "://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	out := strings.TrimPrefix(strings.ToLower(host), "www.") + "/" + strings.TrimSuffix(path, "/")
	sep := "?"
	for _, p := range strings.Split(query, "&") {
		if p == "" || strings.HasPrefix(p, trackingMark) || strings.HasPrefix(p, "fbclid=") || strings.HasPrefix(p, "gclid=") || strings.HasPrefix(p, "ref=") {
			continue
		}
		out += sep + p
		sep = "&"
	}
	return out
}
