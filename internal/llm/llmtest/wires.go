package llmtest

import (
	"encoding/json"
	"strings"

	"roleos/internal/llm"
)

// whole renders an answer that comes at once.
func (s *Server) whole(c Call, p Reply) string {
	switch s.wire {
	case OpenAI:
		choice := object{"index": 0, "message": object{"role": "assistant", "content": p.Text}}
		if f := openAIFinish(p.Finish); f != "" {
			choice["finish_reason"] = f
		}
		if p.Finish == llm.Refused {
			choice["message"] = object{"role": "assistant", "content": nil, "refusal": "I can't help with that."}
			choice["finish_reason"] = "stop"
		}
		out := object{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": c.Body["model"], "choices": []any{choice}}
		if u := openAIUsage(p.Usage); u != nil {
			out["usage"] = u
		}
		return encode(out)
	case Gemini:
		return encode(geminiChunk(c, p, p.Text, true))
	}
	content := []any{object{"type": "text", "text": p.Text}}
	stop := anthropicStop(p.Finish)
	var input json.RawMessage
	if c.toolAsked() && json.Unmarshal([]byte(p.Text), &input) == nil && strings.HasPrefix(strings.TrimSpace(p.Text), "{") {
		// The order and the spelling of the input stay as the model wrote them.
		content = []any{object{"type": "tool_use", "id": "toolu_1", "name": "answer", "input": input}}
		if p.Finish == llm.Stop {
			stop = "tool_use"
		}
	}
	if p.Finish == llm.Refused {
		content = []any{object{"type": "text", "text": "I can't help with that."}}
	}
	out := object{"id": "msg_1", "type": "message", "role": "assistant", "model": c.Body["model"], "content": content, "stop_reason": stop, "stop_sequence": nil}
	if p.Usage.Total() > 0 {
		out["usage"] = object{"input_tokens": p.Usage.Input, "output_tokens": p.Usage.Output}
	}
	return encode(out)
}

// stream renders the same answer in pieces.
func (s *Server) stream(c Call, p Reply) string {
	var b strings.Builder
	event := func(name string, v any) {
		if name != "" {
			b.WriteString("event: " + name + "\n")
		}
		b.WriteString("data: " + encode(v) + "\n\n")
	}
	pieces := cut(p.Text)
	switch s.wire {
	case OpenAI:
		chunk := func(delta object, finish any, usage any) object {
			choices := []any{object{"index": 0, "delta": delta, "finish_reason": finish}}
			if usage != nil {
				choices = []any{}
			}
			return object{"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": c.Body["model"], "choices": choices, "usage": usage}
		}
		for _, x := range pieces {
			event("", chunk(object{"content": x}, nil, nil))
		}
		if p.Finish == llm.Refused {
			event("", chunk(object{"refusal": "I can't help with that."}, nil, nil))
		}
		if f := openAIFinish(p.Finish); f != "" {
			event("", chunk(object{}, f, nil))
		}
		if u := openAIUsage(p.Usage); u != nil {
			event("", chunk(nil, nil, u))
		}
		b.WriteString("data: [DONE]\n\n")
	case Gemini:
		list := []any{}
		for i, x := range pieces {
			list = append(list, geminiChunk(c, p, x, i == len(pieces)-1))
			event("", list[i])
		}
		if !c.events() {
			return encode(list) // without alt=sse a stream is a list
		}
	default:
		event("message_start", object{"type": "message_start", "message": object{
			"id": "msg_1", "type": "message", "role": "assistant", "model": c.Body["model"], "content": []any{},
			"usage": object{"input_tokens": p.Usage.Input, "output_tokens": 1},
		}})
		event("content_block_start", object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}})
		event("ping", object{"type": "ping"})
		for _, x := range pieces {
			event("content_block_delta", object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": x}})
		}
		event("content_block_stop", object{"type": "content_block_stop", "index": 0})
		if p.Finish != llm.Unknown {
			event("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": anthropicStop(p.Finish), "stop_sequence": nil}, "usage": object{"output_tokens": p.Usage.Output}})
			event("message_stop", object{"type": "message_stop"})
		}
	}
	return b.String()
}

func cut(text string) []string {
	half := len(text) / 2
	for half > 0 && half < len(text) && text[half]&0xC0 == 0x80 { // not inside a character
		half++
	}
	if half == 0 {
		return []string{text}
	}
	return []string{text[:half], text[half:]}
}

func openAIFinish(f llm.Finish) string {
	switch f {
	case llm.Stop, llm.Length:
		return string(f)
	case llm.Refused:
		return "content_filter"
	}
	return ""
}

func openAIUsage(u *llm.Usage) any {
	if u.Total() == 0 {
		return nil
	}
	return object{
		"prompt_tokens": u.Input, "completion_tokens": u.Output, "total_tokens": u.Total(),
		"completion_tokens_details": object{"reasoning_tokens": u.Reasoning},
		"prompt_tokens_details":     object{"cached_tokens": u.Cached},
	}
}

func anthropicStop(f llm.Finish) any {
	switch f {
	case llm.Stop:
		return "end_turn"
	case llm.Length:
		return "max_tokens"
	case llm.Refused:
		return "refusal"
	}
	return nil
}

// geminiChunk renders an answer, or one piece of it. The enums are numbers when
// the client asks for that.
func geminiChunk(c Call, p Reply, text string, last bool) object {
	numbers := strings.Contains(c.Query, "enum-encoding%3Dint")
	name := func(s string, n int) any {
		if numbers {
			return n
		}
		return s
	}
	candidate := object{"index": 0, "content": object{"role": "model", "parts": []any{object{"text": text}}}}
	out := object{"candidates": []any{candidate}, "modelVersion": "gemini-test"}
	if last {
		switch p.Finish {
		case llm.Stop:
			candidate["finishReason"] = name("STOP", 1)
		case llm.Length:
			candidate["finishReason"] = name("MAX_TOKENS", 2)
		case llm.Refused:
			candidate["finishReason"] = name("SAFETY", 3)
		}
	}
	if last && p.Usage.Total() > 0 {
		out["usageMetadata"] = object{
			"promptTokenCount": p.Usage.Input, "candidatesTokenCount": p.Usage.Output - p.Usage.Reasoning, "thoughtsTokenCount": p.Usage.Reasoning,
			"cachedContentTokenCount": p.Usage.Cached, "totalTokenCount": p.Usage.Total(),
		}
	}
	return out
}

// vectors answers a request for vectors: the length of each text, and its number.
func (s *Server) vectors(c Call) string {
	if s.wire == Gemini {
		var in struct {
			Requests []json.RawMessage `json:"requests"`
		}
		_ = json.Unmarshal(c.Raw, &in)
		list := []any{}
		for i := range in.Requests {
			list = append(list, object{"values": []int{1, i}})
		}
		return encode(object{"embeddings": list})
	}
	in, _ := c.Body["input"].([]any)
	list := []any{}
	for i := range in {
		// Out of order on purpose: the index counts.
		list = append([]any{object{"object": "embedding", "index": i, "embedding": []int{1, i}}}, list...)
	}
	return encode(object{"object": "list", "model": c.Body["model"], "data": list, "usage": object{"prompt_tokens": 5, "total_tokens": 5}})
}
