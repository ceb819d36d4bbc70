package archtest

// mayImport says which packages of the module a package imports. It is exact:
// a package that is not listed, an import that is not listed and a listed
// import that is not there all fail. Whoever changes it changes the house.
//
//nolint:gochecknoglobals // an immutable table
var mayImport = map[string]string{
	"agents":                     "internal/artefact internal/evidence internal/fault",
	"agents/feedbackriver":       "agents internal/artefact internal/evidence internal/textmine internal/textmine/label",
	"cmd/roleos":                 "internal/cli",
	"config":                     "internal/fault",
	"contracts":                  "contracts/gate contracts/schema internal/evidence internal/fault",
	"contracts/gate":             "contracts/schema internal/evidence",
	"contracts/schema":           "",
	"guardrails":                 "",
	"guardrails/delegation":      "",
	"internal/app":               "agents agents/feedbackriver config contracts guardrails guardrails/delegation internal/artefact internal/audit internal/change internal/change/keyfile internal/engine internal/evidence internal/fault internal/handoff internal/ingest internal/ingest/columns internal/report internal/run internal/sample internal/store internal/target/files internal/textmine",
	"internal/archtest":          "",
	"internal/artefact":          "internal/evidence internal/fault internal/stat",
	"internal/audit":             "internal/fault",
	"internal/change":            "guardrails internal/fault",
	"internal/change/keyfile":    "internal/fault",
	"internal/cli":               "agents config contracts internal/app internal/change internal/fault internal/handoff internal/report internal/report/say internal/run",
	"internal/engine":            "internal/fault",
	"internal/evidence":          "internal/stat",
	"internal/fault":             "",
	"internal/handoff":           "internal/evidence internal/fault",
	"internal/ingest":            "internal/evidence internal/fault internal/ingest/columns internal/ingest/decode internal/ingest/redact internal/ingest/tabular",
	"internal/ingest/columns":    "internal/fault internal/ingest/tabular",
	"internal/ingest/decode":     "",
	"internal/ingest/redact":     "internal/evidence",
	"internal/ingest/tabular":    "internal/fault",
	"internal/report":            "internal/artefact internal/evidence internal/report/chart internal/report/say",
	"internal/report/chart":      "",
	"internal/report/say":        "",
	"internal/run":               "",
	"internal/sample":            "",
	"internal/stat":              "",
	"internal/store":             "guardrails internal/audit internal/change internal/evidence internal/fault internal/handoff internal/run",
	"internal/store/storetest":   "internal/store",
	"internal/target/files":      "guardrails internal/change internal/fault",
	"internal/target/targettest": "guardrails internal/change internal/change/keyfile internal/store",
	"internal/textmine":          "internal/textmine/graph internal/textmine/vec",
	"internal/textmine/graph":    "internal/textmine/vec",
	"internal/textmine/label":    "",
	"internal/textmine/vec":      "",
}
