package langchain

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/tmc/langchaingo/llms/bedrock"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// NewBedrock returns the Anthropic model at e in Amazon Bedrock; e.Model is its
// id or inference profile there, and e.BaseURL names the region:
// https://bedrock-runtime.eu-central-1.amazonaws.com. Nothing is sent.
//
// The key is a Bedrock API key, or ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN].
func NewBedrock(ctx context.Context, e guard.Endpoint) (*Model, error) {
	e.Provider = Bedrock
	if err := complete(e); err != nil {
		return nil, err
	}
	if e.BaseURL == "" {
		return nil, &llm.Error{Kind: llm.Invalid, Provider: Bedrock, Message: "the address of the model is not set; it names the region"}
	}
	key, err := e.Key(ctx)
	if err != nil {
		return nil, &llm.Error{Kind: llm.Auth, Provider: Bedrock, Message: "the key could not be read", Err: err}
	}
	signing := strings.Count(key, ":") >= 1
	if signing {
		e.Key = nil // the library signs with it; it is never sent
	}
	client, u, err := e.Client("Authorization", "Bearer ")
	if err != nil {
		return nil, err
	}
	o := bedrockruntime.Options{
		Region: region(u.Hostname()), BaseEndpoint: aws.String(strings.TrimRight(e.BaseURL, "/")),
		HTTPClient: client, RetryMaxAttempts: 1, Credentials: pair(guard.Placeholder),
		AuthSchemePreference: []string{"sigv4"}, // an API key is the guard's to set, over this signature
	}
	if signing {
		o.Credentials = pair(key)
	}
	backend, err := bedrock.NewWithContext(ctx,
		bedrock.WithClient(bedrockruntime.New(o)), bedrock.WithModel(e.Model), bedrock.WithModelProvider(Anthropic))
	if err != nil {
		return nil, guard.Typed(Bedrock, err)
	}
	return &Model{provider: Bedrock, model: e.Model, host: u.Host, backend: backend}, nil
}

// pair reads ID:SECRET[:TOKEN].
func pair(key string) aws.CredentialsProviderFunc {
	parts := append(strings.SplitN(key, ":", 3), "", "")
	c := aws.Credentials{AccessKeyID: parts[0], SecretAccessKey: parts[1], SessionToken: parts[2], Source: "roleos"}
	if c.SecretAccessKey == "" {
		c.SecretAccessKey = guard.Placeholder
	}
	return func(context.Context) (aws.Credentials, error) { return c, nil }
}

// region reads the region from a Bedrock host name; another host has none that matters.
func region(host string) string {
	parts := strings.Split(host, ".")
	if len(parts) > 2 && strings.HasPrefix(parts[0], "bedrock-runtime") {
		return parts[1]
	}
	return "us-east-1"
}
