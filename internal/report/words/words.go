package words

import "unicode"

// Op says what became of a run of words.
type Op int8

// The operations.
const (
	Kept Op = iota
	Out     // only in the old text
	In      // only in the new text
)

// Run is neighbouring words with one fate, with the white space behind them.
type Run struct {
	Op   Op
	Text string
}

// most bounds the words of each side that are compared; the middle of longer
// texts is shown as taken out and put in.
const most = 2000

// Diff returns runs of which Kept and Out make a, and Kept and In make b.
func Diff(a, b string) []Run {
	x, y := split(a), split(b)
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	var out []Run
	add := func(op Op, list ...string) {
		for _, w := range list {
			if n := len(out); n > 0 && out[n-1].Op == op {
				out[n-1].Text += w
			} else {
				out = append(out, Run{op, w})
			}
		}
	}
	add(Kept, x[:head]...)
	middle(x[head:len(x)-tail], y[head:len(y)-tail], add)
	add(Kept, x[len(x)-tail:]...)
	return out
}

// middle finds the longest common subsequence.
func middle(x, y []string, add func(Op, ...string)) {
	if len(x) > most || len(y) > most {
		add(Out, x...)
		add(In, y...)
		return
	}
	long := make([][]int, len(x)+1) // of x[i:] and y[j:]
	for i := range long {
		long[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i] == y[j]:
			add(Kept, x[i])
			i, j = i+1, j+1
		case long[i+1][j] >= long[i][j+1]:
			add(Out, x[i])
			i++
		default:
			add(In, y[j])
			j++
		}
	}
	add(Out, x[i:]...)
	add(In, y[j:]...)
}

// split cuts s before every word; white space stays with the word before it.
func split(s string) []string {
	var out []string
	begin, space := 0, false
	for i, r := range s {
		if sp := unicode.IsSpace(r); space && !sp {
			out, begin = append(out, s[begin:i]), i
			space = false
		} else if sp {
			space = true
		}
	}
	if begin < len(s) {
		out = append(out, s[begin:])
	}
	return out
}
