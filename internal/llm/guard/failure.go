package guard

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"roleos/internal/llm"
)

// refused types a failed answer. Of its body 64 KiB are read and of its message
// a line is kept.
func (t *Transport) refused(resp *http.Response, seen *Seen, secret string) *llm.Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, MaxErrorBytes)) // as much as there is: the status says the rest
	drop(resp.Body)
	e := t.explained(resp.StatusCode, body, secret)
	e.RetryAfter = retryAfter(resp.Header, t.o.Now())
	e.RequestID, e.Rate = seen.RequestID, seen.Rate
	return e
}

// explained makes an error of a status and a body. Under status 200 the body's
// own code counts.
func (t *Transport) explained(status int, body []byte, secret string) *llm.Error {
	says := parse(body)
	if status < http.StatusMultipleChoices && says.status != 0 {
		status = says.status
	}
	e := &llm.Error{Kind: kindOf(status, says), Provider: t.o.Provider, Status: status, Message: clean(says.message, secret)}
	if e.Message == "" {
		e.Message = e.Kind.String()
	}
	return e
}

// said is what the bodies of the three protocols, and of those that copy them,
// say about an error.
type said struct {
	message, code string
	status        int
}

func parse(body []byte) said {
	var top struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"` // AWS, Cohere
		Detail  json.RawMessage `json:"detail"`  // vLLM and FastAPI
	}
	if json.Unmarshal(body, &top) != nil {
		var list []struct {
			Error json.RawMessage `json:"error"`
		}
		if json.Unmarshal(body, &list) != nil || len(list) == 0 { // Gemini's streams
			return said{}
		}
		top.Error = list[0].Error
	}
	s := said{message: top.Message}
	var text string
	if json.Unmarshal(top.Error, &text) == nil && text != "" { // Ollama
		s.message = text
		return s
	}
	if json.Unmarshal(top.Detail, &text) == nil && text != "" {
		s.message = text
	}
	var inner struct {
		Message string          `json:"message"`
		Type    string          `json:"type"`
		Status  string          `json:"status"`
		Code    json.RawMessage `json:"code"`
	}
	if json.Unmarshal(top.Error, &inner) != nil {
		return s
	}
	if inner.Message != "" {
		s.message = inner.Message
	}
	s.code = strings.ToLower(inner.Type + " " + inner.Status)
	if json.Unmarshal(inner.Code, &s.status) != nil && json.Unmarshal(inner.Code, &text) == nil {
		s.code += " " + strings.ToLower(text)
	}
	if s.status < 100 || s.status > 599 {
		s.status = 0
	}
	return s
}

// kindOf maps a status, and the code beside it where statuses are shared.
func kindOf(status int, s said) llm.Kind {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(s.code, w) {
				return true
			}
		}
		return false
	}
	low := strings.ToLower(s.message)
	switch {
	case has("insufficient_quota", "billing"):
		return llm.Quota
	case has("context_length", "request_too_large"), status == http.StatusRequestEntityTooLarge:
		return llm.TooLarge
	case has("content_filter", "content_policy"):
		return llm.Refusal
	case status == http.StatusTooManyRequests, has("rate_limit", "resource_exhausted", "throttling"):
		return llm.RateLimited
	case status == http.StatusServiceUnavailable, status == 529, has("overloaded", "unavailable"):
		return llm.Overloaded
	case status == http.StatusUnauthorized, status == http.StatusForbidden, has("authentication", "permission"), strings.Contains(low, "api key not valid"):
		return llm.Auth
	case status == http.StatusNotFound, has("not_found"):
		return llm.NotFound
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return llm.Timeout
	case status == http.StatusPaymentRequired:
		return llm.Quota
	case status >= 500:
		return llm.Server
	case status >= 300:
		return llm.Invalid
	}
	return llm.Server // an error under status 200 that names no code
}

// clean makes a provider's message one line that can be shown: without the key,
// which some echo, and short.
func clean(s, secret string) string {
	const most = 300
	if secret != "" {
		s = strings.ReplaceAll(s, secret, "[key]")
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if words := strings.Fields(s); len(words) > 0 {
		for i, w := range words {
			if looksSecret(w) {
				words[i] = "[key]"
			}
		}
		s = strings.Join(words, " ")
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// looksSecret reports whether a word has a form that keys have, shortened ones included.
func looksSecret(w string) bool {
	w = strings.Trim(w, `.,;:'"()`)
	for _, p := range []string{"sk-", "AIza", "xai-", "gsk_", "AKIA", "ASIA"} {
		if strings.HasPrefix(w, p) && len(w) > len(p)+4 {
			return true
		}
	}
	return false
}

// retryAfter reads Retry-After in seconds or as a date, and the millisecond form
// that OpenAI and Azure send beside it.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 24 * time.Hour
	bound := func(d time.Duration) time.Duration { return min(max(d, 0), most) }
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 && ms < 1e9 {
		return bound(time.Duration(ms * float64(time.Millisecond)))
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 && s < 1e9 {
		return bound(time.Duration(s * float64(time.Second)))
	}
	if at, err := http.ParseTime(v); err == nil {
		return bound(at.Sub(now))
	}
	return 0
}

// Typed is Seen.Typed for calls that nobody watched.
func Typed(provider string, err error) *llm.Error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e
	}
	e := llm.AsError(err)
	e.Provider = provider
	if e.Kind == llm.Protocol {
		e.Err = nil
	}
	return e
}
