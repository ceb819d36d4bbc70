package diagnose

// Sign is one sign of a team that serves requests instead of solving problems.
// The thirteen are Nick Zervoudis's signs of a service-oriented data team.
type Sign struct {
	N         int       `json:"n"`
	ID        string    `json:"id"`
	Asks      string    `json:"asks"` // a question whose yes finds the sign
	Costs     string    `json:"costs"`
	Addressed []Pointer `json:"addressed"`
}

// Pointer leads to what addresses a sign.
type Pointer struct {
	Kind    string `json:"kind"` // contract, scaffold, workflow
	ID      string `json:"id"`   // of the contract or workflow; of a scaffold the role
	How     string `json:"how"`
	Command string `json:"command"`
}

func contract(id, how string) Pointer {
	return Pointer{Kind: "contract", ID: id, How: how, Command: "roleos contract show " + id}
}

func scaffold(role, how string) Pointer {
	return Pointer{Kind: "scaffold", ID: role, How: how, Command: "roleos role show " + role}
}

func workflow(id, how string) Pointer {
	return Pointer{Kind: "workflow", ID: id, How: how, Command: "roleos workflow show " + id}
}

// Signs returns the thirteen signs in their order.
func Signs() []Sign {
	return []Sign{
		{
			1, "charts-instead-of-questions", "Do people ask you for a particular chart instead of for help with a question?",
			"You build the chart, and the question behind it stays unanswered.",
			[]Pointer{
				contract("problem-brief", "Nothing reaches the architect without a problem that at least three data points validate."),
				workflow("discover", "A request enters as feedback and leaves as a problem, not as a ticket."),
			},
		},
		{
			2, "unused-reports", "Have you built many reports and dashboards, and do you suspect that most are not used?",
			"Upkeep grows with everything ever built, and nobody dares to switch anything off.",
			[]Pointer{
				contract("cycle-learnings", "The next cycle starts from outcomes that were checked, use among them."),
				scaffold("pm", "Usage analytics is a daily input of the product manager, so that silence is seen."),
			},
		},
		{
			3, "upstream-surprises", "Do you learn that a source changed its schema because something broke?",
			"You are outside the system whose changes you live with.",
			[]Pointer{
				scaffold("architect", "What the platform can and cannot do is an input with an owner and a cadence; roleos scaffold check names it when it is late."),
				contract("live-product", "What ships is observable, and there is a way back."),
			},
		},
		{
			4, "number-detective", "Do you spend hours each week finding out why two people have different numbers for one metric?",
			"The week goes into reconciling instead of into the definition that would end it.",
			[]Pointer{
				contract("problem-brief", "A success criterion has metric, comparator, target, unit, deadline and the source of its baseline."),
				contract("feedback-synthesis", "Every number can be computed again from the records, or the draft does not pass."),
			},
		},
		{
			5, "forgotten-requests", "Have people forgotten that they asked for something by the time you deliver it?",
			"The decision was made without it.",
			[]Pointer{
				contract("problem-brief", "A clock runs from publication: acknowledged within 24 hours, decided within 48, else it escalates."),
				workflow("discover", "Every waiting step names who it waits for and what they have to do."),
			},
		},
		{
			6, "ad-hoc-work", "Does most of the work of the last two weeks come from ad hoc requests rather than from what you planned?",
			"Nobody can plan around a queue that anybody may push to the front of.",
			[]Pointer{
				workflow("discover", "Work begins with a cycle or with an alert that the data raised."),
				contract("shaped-pitch", "A pitch states its appetite and its no-gos before anybody builds."),
			},
		},
		{
			7, "unknown-use", "Are you unable to say what people do with the data you give them?",
			"An error travels as far as its readers carry it, and you hear of it last.",
			[]Pointer{
				contract("live-product", "Use is observed from the day it ships."),
				contract("cycle-learnings", "What it changed is written down, validated, and opens the next cycle."),
			},
		},
		{
			8, "no-own-roadmap", "Is your roadmap a list of what others asked for?",
			"Whoever asks last decides what comes next.",
			[]Pointer{
				scaffold("pm", "Priority decisions are an output with a format, a cadence and takers."),
				contract("shaped-pitch", "What is bet on is shaped by the team and decided on once."),
			},
		},
		{
			9, "outputs-not-outcomes", "Is your success measured by what you delivered rather than by what changed?",
			"Being fast at the wrong thing counts as success.",
			[]Pointer{
				contract("problem-brief", "A brief without a measurable threshold for success fails its gate."),
				contract("cycle-learnings", "Learnings hold the outcome against that threshold."),
			},
		},
		{
			10, "them-and-us", "Do you call the people outside the data team “the business”?",
			"There are two sides, and work is thrown over the line between them.",
			[]Pointer{
				scaffold("leadership", "Leadership is a role with inputs and outputs like every other, and owes its strategy quarterly."),
				scaffold("portfolio-owner", "Whoever confirms priorities stands in the handoff, by name."),
			},
		},
		{
			11, "priorities-from-elsewhere", "Does somebody else decide your priorities of the quarter?",
			"You are not asked what would matter most.",
			[]Pointer{
				contract("problem-brief", "The portfolio owner confirms a priority that the evidence proposes, and signs for it."),
				scaffold("portfolio-owner", "Portfolio priorities flow through a stated interface, both ways."),
			},
		},
		{
			12, "asked-afterwards", "Do requests reach you after the decision was made?",
			"Data decorates decisions instead of informing them.",
			[]Pointer{
				workflow("discover", "A pattern that changed against its own history triggers a cycle before anybody asks."),
				scaffold("pm", "Strategy is an input with a cadence: what is being decided is known beforehand."),
			},
		},
		{
			13, "no-value-in-money", "Would you be unable to say what the team is worth in money?",
			"The team is a cost.",
			[]Pointer{
				contract("problem-brief", "Every brief states its business rationale, with its source."),
				contract("cycle-learnings", "What a cycle earned or saved is validated before the next one begins."),
			},
		},
	}
}
