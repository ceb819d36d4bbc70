package page

// Page is one artefact as its reader sees it. The zero value is an empty page.
type Page struct {
	Kind   string // artefact kind: problem-brief
	Title  string
	Lead   string // one or two sentences: what this says
	Sample bool   // made from sample data
	// Alone: it shows no draft, so nothing is said about checks and next steps.
	Alone    bool
	Facts    []Fact
	Sections []Section
}

// Fact is one label with its value, for the line under the title.
type Fact struct{ Label, Value string }

// Section is a part of a page with its own heading.
type Section struct {
	ID     string // anchor: lower-case words joined by dashes; unique on the page
	Title  string
	Lead   string
	Blocks []Block
	Folded bool // shown closed where a page can be folded
}

// Block is one of Text, List, Table, Quotes, Matrix, Cards, Gaps and Bars.
type Block interface{ block() }

// Text is a paragraph.
type Text struct{ Text string }

// List is a list of short entries.
type List struct {
	Ordered bool
	Items   []Item
}

// Item is one entry of a list: a sentence, with what it is of (an id, a kind) in front
// and where it comes from behind.
type Item struct {
	Tag    string // decision, action, high, C3; may be empty
	Tone   Tone
	Text   string
	Note   string // smaller, behind
	Quotes []Quote
}

// Table is a table whose first column names the row.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]string
	Right   []int // columns of numbers, from 0
	Omitted int   // rows that are not shown
}

// Quotes is a run of verbatim quotes.
type Quotes struct{ Quotes []Quote }

// Quote is a verbatim quote with its record.
type Quote struct {
	Text     string
	RecordID string
	Who      string // speaker or account; may be empty
	Where    string // place in the source: "standup.vtt turn 12"
}

// Matrix is a table of short marks: one row per stakeholder, one column per requirement.
type Matrix struct {
	Caption string
	Corner  string
	Columns []string
	Rows    []MatrixRow
	Key     []Fact // what each mark means
}

// MatrixRow is one row of a matrix; Cells has as many entries as the matrix has columns.
type MatrixRow struct {
	Name  string
	Cells []Cell
}

// Cell is one mark of a matrix. An empty mark says that nothing is known.
type Cell struct {
	Mark string
	Tone Tone
	Note string // shown on demand
}

// Cards are the sides of something held next to each other: a conflict, two revisions.
type Cards struct {
	Title string
	Tone  Tone
	Note  string
	Sides []Side
}

// Side is one card.
type Side struct {
	Title  string
	Text   string
	Quotes []Quote
}

// Gaps lists what is not known, why, and what would mend it.
type Gaps struct{ Gaps []Gap }

// Gap is one thing that is not known.
type Gap struct{ What, Why, Mend string }

// Bars is a horizontal bar chart of shares or counts.
type Bars struct {
	Caption string
	Bars    []Bar
}

// Bar is one bar; Share is its length, 0 to 1.
type Bar struct {
	Name  string
	Share float64
	Label string
}

// Tone colours a mark; it never carries meaning alone.
type Tone string

// The tones.
const (
	Plain   Tone = ""
	Good    Tone = "good"
	Bad     Tone = "bad"
	Unsure  Tone = "unsure"
	Notable Tone = "notable"
)

func (Text) block()   {}
func (List) block()   {}
func (Table) block()  {}
func (Quotes) block() {}
func (Matrix) block() {}
func (Cards) block()  {}
func (Gaps) block()   {}
func (Bars) block()   {}
