package discourse

import "slices"

// Act is what a sentence does.
type Act string

// The acts.
const (
	Request    Act = "request"
	Commitment Act = "commitment"
	Proposal   Act = "proposal"
	Decision   Act = "decision"
	Action     Act = "action"
	Concern    Act = "concern"
	Question   Act = "question"
	Agree      Act = "agreement"
	Disagree   Act = "disagreement"
	aside      Act = "aside" // running the meeting: takes weight from everything else
)

// classes are the word classes of the patterns.
//
//nolint:gochecknoglobals // an immutable table
var classes = map[string]map[string]bool{
	"<task>": set(`add update write create draft publish post send share file submit prepare format document review verify test run benchmark investigate
		contact email organise organize schedule implement build provide collect compile circulate invite book arrange define finish complete
		champion coordinate track report merge rebase revise study ping message upload announce check confirm ask talk discuss clean design develop deploy
		research analyse analyze record summarise summarize print specify clarify hardcode raise engage lead notify inform assign revisit present deliver
		measure fix reach investigate contact bump resolve explore comment read feedback look reply invite schedule`),
	"<make>": set(`create write draft build implement organise organize prepare publish develop design launch update add start`),
	"<weak>": set(`make get put set take bring start find figure work follow change try continue remove drop replace close open tag note help keep`),
	"<choice>": set(`go keep stick stay use adopt accept reject approve include exclude drop remove move postpone defer delay push leave choose pick select proceed
		hold ship target set replace split rename name park table merge ditch scrap limit restrict prioritise prioritize launch cancel settle revisit
		wait finalise finalize switch aim separate`),
	"<decided>": set(`decided agreed resolved concluded chosen approved accepted settled`),
	"<done>": set(`accepted approved rejected postponed tabled deferred moved included excluded removed dropped finalised finalized adopted cancelled canceled confirmed
		scheduled closed withdrawn passed carried renamed delayed pushed parked chosen selected settled shutdown`),
	"<when>": set(`monday tuesday wednesday thursday friday saturday sunday tomorrow tonight january february march april june july august september october november december
		eod eow week weeks month months days meeting call sprint quarter end release`),
	"<group>": set(`team teams everyone everybody clients people client anyone somebody someone folks all`),
	"<be>":    set("is are was were be been being am"),
}

//nolint:gochecknoglobals // an immutable table
var cues = []cue{
	// Minutes and announcements of what was decided.
	{Decision, .96, "^ decision|decisions|decided|resolution|agreed|outcome|conclusion|resolved :"},
	{Decision, .9, "we|group|team|committee|board|council have|had? all? <decided> to|that|on|upon"},
	{Decision, .75, "we|group|team have|had? all? decided|agreed"},
	{Decision, .85, "it|this is|was|has been? generally? <decided> to|that|on"},
	{Decision, .85, "is|was|are decision|agreement|consensus|conclusion to|that"},
	{Decision, .85, "decision|agreement|conclusion|consensus|outcome is|was to|that|for"},
	{Decision, .75, "decision|conclusion here|today|now is|was|would to|that"},
	{Decision, .8, "decision|conclusion was|is|has been? made|taken|reached"},
	{Decision, .85, "come|came|reached to? a|an? decision|agreement|conclusion|consensus"},
	{Decision, .8, "general|broad|rough|clear|strong|overall consensus|concensus|agreement|support"},
	{Decision, .75, "consensus|concensus is|was|that|to|for"},
	{Decision, .7, "there are|is? no objections|objection|opposition to|from|on|for"},
	{Decision, .8, "<be> agreed|decided|resolved to|that|on"},
	{Decision, .8, "^ agreed|decided to"},
	{Decision, .66, "^ confirmed|confirms|agreed that? all|we|only|no|everyone"},
	{Decision, .85, "we are|will be? going|go with"},
	{Decision, .75, "we will|shall not? <choice>"},
	{Decision, .7, "we are going|gonna|planning not? to <choice>"},
	{Decision, .75, "we are not going|gonna to? <choice>"},
	{Decision, .5, "we will|are going|gonna? to? have|make|put|take|get|need a|an|the|one|two|three|it|that|this|no|only"},
	{Decision, .6, "we will|shall not do|have|make|take|change|add|put|get"},
	{Decision, .6, "let us not? <choice>"},
	{Decision, .55, "let us ... <choice>"},
	{Decision, .75, "is|are|was|were now|officially|formally|tentatively|hereby <done>"},
	{Decision, .75, "will|shall not? be <done>"},
	{Decision, .8, "motion|resolution|amendment|proposal <be>? carried|passed|adopted|approved|rejected|defeated|agreed"},
	{Decision, .7, "that|this|it is settled|decided"},
	{Decision, .6, "the deadline|date|timeline is|will"},
	{Decision, .6, "we can? <choice> ... for now|today"},
	{Decision, .7, "we can decide|agree|say today|that|now|to"},
	{Decision, .55, "we can drop|remove|close|skip|accept|keep|include|exclude|leave|move|postpone|proceed"},
	{Decision, .6, "^ tabled|postponed|deferred|parked|approved|accepted|rejected|closed|moved|removed|dropped"},
	{Decision, .55, "^ move|go|proceed|stick|keep forward|ahead|with|it|to"},
	{Decision, .7, "we are all? agreed|aligned|settled"},
	{Decision, .6, "everyone|everybody|all seems|appears|seem|is|are? to? agree|agrees|agreed|happy|fine|okay with|that|on|to"},
	{Decision, .6, "^ not accepting|doing|including|going|changing|using|adding|moving"},
	{Decision, .65, "^ do not accepting|include|accept|not"},

	// Work given out.
	{Action, .96, "^ action|todo|actions|ai item|items|point|required? :"},
	{Action, .96, "^ action|todo|task <number> :"},
	{Decision, .96, "^ decision|resolution <number> :"},
	{Action, .8, "action item|point"},
	{Action, .95, "^ to-do|todo|task|next-step :"},
	{Action, .9, "^ <name> <name>? <name>? to <task>|<weak>"},
	{Action, .9, "^ <name> <name>? and <name> <name>? to <task>|<weak>"},
	{Action, .8, "^ <name> <name>? <name>? to be"},
	{Action, .62, "^ <task> the|a|an|your|our|all|any|some|more|text|this|that|it|with|to|in|on|if|whether"},
	{Action, .8, "<name> will not? <task>"},
	{Action, .65, "<name> will not? <weak>"},
	{Action, .7, "<name> and <name> will|should <task>|<weak>"},
	{Action, .75, "i will <task>"},
	{Action, .6, "i will <weak>"},
	{Action, .75, "^ will <task>"},
	{Action, .6, "^ will <weak>"},
	{Action, .7, "will <task> ... to|for|on|with"},
	{Action, .65, "i am|are going to <task>"},
	{Action, .5, "i am|are going to <weak>"},
	{Action, .55, "i can <task>"},
	{Action, .65, "we will <task>"},
	{Action, .5, "we should|need|must|have to? <task>"},
	{Action, .6, "<name>|someone|somebody should|must|needs|need|has|have to? <task>"},
	{Action, .6, "<group> should|must|need to? <task>"},
	{Action, .6, "let us <task>"},
	{Action, .65, "let us ... a|the ... task"},
	{Action, .65, "let us continue|schedule|revisit|follow"},
	{Action, .65, "will be discussed|reviewed|revisited|published|updated|posted|shared|sent|continued|added|created"},
	{Action, .65, "continue|discuss|take|continued|discussed|taken|tabled|moved ... offline|magicians|forum|thread|discord|gitter"},
	{Action, .65, "<name> volunteered|offered|promised|committed|assigned|tasked|responsible"},
	{Action, .5, "requires|needs|require further|more|another discussion|work|review|testing|research"},
	{Action, .6, "good|great|nice|keen to hear|have from|feedback"},
	{Action, .66, "please ... <task>"},
	{Action, .62, "everyone|everybody|people|clients|teams|developers to|please|should <task>"},
	{Action, .6, "would be? great|good|nice|helpful if people|everyone|clients|teams|you|someone|anyone|all can|could"},
	{Action, .6, "you will|should <task>"},
	{Action, .6, "i want|plan|intend|hope|aim|would|happy|glad like? to <make>"},
	{Action, .6, "take a look"},
	{Action, .66, "<name> can|could you <task>"},

	// Wanting others to do something.
	{Request, .75, "can|could|would|will you please?  <task>"},
	{Request, .7, "can|could someone|anyone|somebody|we|<name> please? <task>"},
	{Request, .7, "please <task>"},
	{Request, .65, "^ please"},
	{Request, .7, "i|we would? want|wanted|like you|someone|people|clients|them|him|her|everyone to"},
	{Request, .6, "i|we would like to? see|have|hear|get|know"},
	{Request, .6, "i|we want|need|wish|require|prefer ..."},
	{Request, .6, "it? would be? great|good|nice|helpful|useful|keen|beneficial if|to"},
	{Request, .6, "would appreciate|love|ask|request|encourage|like"},
	{Request, .6, "i am? ask|asking|request|requesting|urge|urging|encourage|call|calling"},
	{Request, .55, "we|i have to|need to"},
	{Request, .5, "<name>|they|users|customers|it wants|want|wanted|needs|need|asked|asks|requested|requests"},

	// Suggesting.
	{Proposal, .7, "i|we|would? propose|proposing|suggest|suggesting|recommend|recommending|advise"},
	{Proposal, .7, "^ propose|proposing|suggest|suggests|recommend|proposed|suggested"},
	{Proposal, .65, "<name> proposed|proposes|suggested|suggests|recommends|recommended"},
	{Proposal, .65, "my|our proposal|suggestion|recommendation|preference|idea"},
	{Proposal, .6, "how|what about|if we"},
	{Proposal, .6, "why do not we|you"},
	{Proposal, .55, "let us"},
	{Proposal, .62, "we should|could not? <choice>"},
	{Proposal, .5, "we should|could|ought"},
	{Proposal, .5, "we can|might|may"},
	{Proposal, .5, "should be"},
	{Proposal, .58, "i would prefer|rather|go|vote|like"},
	{Proposal, .55, "better|best to|if|off"},
	{Proposal, .62, "better|best to <choice>"},
	{Proposal, .5, "in favour|favor of"},

	// Promises.
	{Commitment, .6, "i will"},
	{Commitment, .5, "we will"},
	{Commitment, .55, "i am going|planning|happy|willing|keen to"},
	{Commitment, .6, "i|we promise|commit|volunteer|intend|plan"},
	{Commitment, .6, "we are|i working on"},

	// Worries.
	{Concern, .75, "i|we am|are|be worried|concerned|afraid|nervous|sceptical|skeptical|uncomfortable|hesitant|reluctant"},
	{Concern, .7, "my|our|main|one|only|some|biggest|his|her concern|worry|problem|issue|fear|objection|objections|concerns"},
	{Concern, .65, "concern|concerns|worry|risk|danger|drawback|downside is|that|about|of|with|around"},
	{Concern, .6, "would|be reluctant|hesitant|dangerous|risky|harmful|careful"},
	{Concern, .55, "too much|many|hard|difficult|complicated|complex|expensive|late|early|slow|long|risky|big|small|high"},
	{Concern, .55, "problem|trouble|issue|difficulty is|with|that"},
	{Concern, .5, "could|might|may|will|would cause|break|fail|hurt|harm|confuse|delay"},
	{Concern, .55, "not|never enough|ready|safe|clear|realistic|feasible"},

	// Running the meeting.
	{aside, .5, "let us|me move|go|get|jump|start|begin|see|hear|turn|switch|kick on|to|over|ahead|started|off|into|from|with|back|it|what|how|if|okay"},
	{aside, .5, "we|i will|can|could|shall move|start|get|go|jump|turn|begin|come|talk on|to|with|over|started|ahead|into|off|about|back|through"},
	{aside, .5, "i will|can|am? going|just? to? share|hand|pass|give|turn|go|ask|say|stop|read|start|let|show|try|be"},
	{aside, .5, "we will|shall|can now? proceed to"},
	{aside, .5, "next|last|first agenda|item|topic|slide|up|on"},
	{aside, .4, "let us say|see|imagine|suppose|face|hope|assume"},
	{aside, .4, "we will see|hear|suspend|recess|adjourn|resume"},
	{aside, .4, "go ahead"},
	{aside, .4, "i|you|we will have|get|want to say|do|be|see|go"},
	{aside, .4, "thank|thanks|welcome|hello|bye|goodbye"},
}

// replies are how a turn takes the turn before it.
//
//nolint:gochecknoglobals // an immutable table
var replies = []cue{
	{Agree, .75, "no issue|issues|problem|problems|worries with|from|at|for"},
	{Agree, .75, "do not see why|any ... not"},
	{Agree, .75, "do not see any|a problem|reason not|with"},
	{Agree, .7, "that|it|this is|are true|right|correct|fair|fine"},
	{Disagree, .95, "i|we do|would|did|can not? disagree|agree"},
	{Disagree, .95, "i|we strongly|respectfully|totally|completely? disagree|object|oppose"},
	{Disagree, .9, "i|we do|can|could not really|quite|fully|necessarily? agree|like|support|want|accept|buy|see"},
	{Disagree, .85, "i am not? against|opposed|disagreeing"},
	{Disagree, .7, "i do not really|quite|necessarily? think|believe|know if|see|want|like|feel"},
	{Disagree, .7, "i do not think|believe|want|like|agree"},
	{Disagree, .7, "^ no"},
	{Disagree, .6, "^ no but|because|i|it|we|that|you|not"},
	{Disagree, .5, "^ but"},
	{Disagree, .7, "i|we know|see|understand|get|take|hear ... but"},
	{Disagree, .65, "why ... why"},
	{Disagree, .6, "would not|never work|help|do|be|want|need|make|say|use"},
	{Disagree, .45, "^ well|yeah|yes|sure|true but"},
	{Disagree, .7, "that|it|this is|would|does not true|right|correct|work|necessary|needed|realistic|possible|fair|the|a|make|really|be|help|matter|seem"},
	{Disagree, .7, "it|that|this is not|wrong|incorrect|false|unacceptable|ridiculous"},
	{Disagree, .75, "you|we can|could|should|must|need not"},
	{Disagree, .6, "i am not sure|convinced|certain|comfortable|happy|fan"},
	{Disagree, .7, "not a fan|necessarily|really|a good|good idea|convinced"},
	{Disagree, .65, "i would rather|prefer|argue|not"},
	{Disagree, .6, "on the other hand|contrary"},
	{Disagree, .6, "however|although|unfortunately|actually"},
	{Disagree, .7, "my|main|one|only problem|issue|concern|worry|objection"},
	{Disagree, .6, "why would|should|do|not you|we|they|it|anyone"},
	{Disagree, .5, "what is|the point|need|purpose"},
	{Disagree, .6, "too expensive|much|complicated|complex|difficult|late|early|big|small|many|hard|risky"},
	{Disagree, .6, "instead of|rather than"},
	{Disagree, .7, "bad|terrible|stupid idea|thing"},
	{Agree, .8, "i|we totally|completely|fully|strongly? agree|concur|support|second"},
	{Agree, .7, "^ my|our favourite|favorite"},
	{Agree, .7, "^ what i|we really? like|love"},
	{Agree, .8, "^ agreed|agree|absolutely|exactly|definitely|totally|correct|indeed|true"},
	{Agree, .7, "sounds|sound|seems|looks good|great|reasonable|fine|fair|like"},
	{Agree, .7, "good|great|excellent|fair|nice idea|point|plan|call"},
	{Agree, .6, "^ yep|yup|sure|perfect|fine|cool|great|good"},
	{Agree, .7, "i like|love|prefer|favour|favor the|this|that|it"},
	{Agree, .7, "makes|make sense"},
	{Agree, .6, "you are|is right"},
	{Agree, .7, "no objections|objection|concerns|opposition"},
	{Agree, .6, "i am okay|happy|fine|good|for|comfortable with|for|to"},
	{Agree, .6, "works for me|us"},
}

// calls ask whether anybody is against what was just said: what follows, when
// nobody is, is decided.
//
//nolint:gochecknoglobals // an immutable table
var calls = []cue{
	{Question, 1, "any|no|hear|hearing|see|seeing ... objection|objections|opposition|protest|disagreement"},
	{Question, 1, "anyone|anybody|everyone|somebody|someone|does|is ... opposed|against|object|disagree|oppose"},
	{Question, 1, "speak up against"},
	{Question, 1, "protest|objection|objections|objects against|to that|this"},
	{Question, 1, "sound|sounds|look|looks good|okay|ok|reasonable|right|fine|fair to|for|with everyone|everybody|people|you|all"},
	{Question, 1, "is|are everyone|everybody|people|you|we all? okay|ok|fine|happy|good|agreed|comfortable with|on"},
}

//nolint:gochecknoglobals // an immutable table
var recaps = []string{"okay", "ok", "alright", "all right", "right", "cool", "great", "good", "perfect", "so", "then", "and so", "yeah", "sounds good"}

// yes opens a turn that agrees; it stands before fillers are taken out.
//
//nolint:gochecknoglobals // immutable tables
var (
	yes        = set("yes yeah yep yup okay ok right sure mm-hmm mhm 'kay agreed exactly absolutely great cool perfect fine good alright")
	hesitation = set("um uh uhm oh well so mm hmm ah")
)

//nolint:gochecknoglobals // an immutable table
var questionWords = set("what who when where why how which whose whom is are do does did can could would will should shall has have am was were any")

//nolint:gochecknoglobals // an immutable table
var months = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

func isMonth(w string) bool { return slices.Contains(months, w) }
