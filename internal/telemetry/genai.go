package telemetry

// Names of the OpenTelemetry GenAI conventions, as of semantic conventions
// v1.41.0. All of them are marked "Development" there, and later versions of the
// Go package leave them out, so they are kept here.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/
const (
	GenAIVersion = "1.41.0"

	GenAIOperation    = "gen_ai.operation.name"
	GenAIProvider     = "gen_ai.provider.name"
	GenAIRequestModel = "gen_ai.request.model"
	GenAIInputTokens  = "gen_ai.usage.input_tokens"
	GenAIOutputTokens = "gen_ai.usage.output_tokens"
	GenAITokenType    = "gen_ai.token.type"
	GenAISystem       = "gen_ai.system_instructions" // content
	GenAIInput        = "gen_ai.input.messages"      // content
	GenAIOutput       = "gen_ai.output.messages"     // content
	ErrorType         = "error.type"

	GenAIChat = "chat" // an operation

	// MetricTokens and MetricDuration are the conventions' two client metrics.
	MetricTokens   = "gen_ai.client.token.usage"
	MetricDuration = "gen_ai.client.operation.duration"
)
