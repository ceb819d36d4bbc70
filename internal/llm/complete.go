package llm

import (
	"io"
	"strings"
)

// Complete checks an answer as every adapter has to before it returns one: it
// has an end mark, says something, was not refused and not cut off. It fills in
// JSON where the request has a schema and the text holds some; whether that has
// the schema's form is for the pipeline to check.
func Complete(r Request, out Response) (Response, error) {
	fail := func(k Kind, message string, cause error) (Response, error) {
		return Response{}, &Error{
			Kind: k, Provider: out.Provider, RequestID: out.RequestID, Message: message, Usage: out.Usage, Rate: out.Rate, Err: cause,
		}
	}
	switch out.Finish {
	case Stop:
	case Refused:
		return fail(Refusal, "the model would not answer", nil)
	case Length:
		return fail(Truncated, "the answer is longer than the limit of its tokens", nil)
	default:
		return fail(Truncated, "the answer has no end", io.ErrUnexpectedEOF)
	}
	if strings.TrimSpace(out.Text) == "" {
		return fail(Protocol, "the answer is empty", nil)
	}
	if len(r.Schema) > 0 {
		if raw, err := FindJSON(out.Text); err == nil {
			out.JSON = raw
		}
	}
	return out, nil
}

// Instruct returns the system text with the schema in it, for models that are
// asked by instruction only.
func Instruct(r Request) string {
	if len(r.Schema) == 0 {
		return r.System
	}
	return strings.TrimSpace(r.System + "\n\nAnswer with one JSON value and nothing else. It has to have the form of this JSON Schema:\n" + string(r.Schema))
}
