package llmtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// Vendor is a real service that an adapter is held to.
type Vendor struct {
	Adapter
	Name string // of the cassette and, in capitals, of the variables
	Base string // the vendor's public address, "" for the adapter's own
}

// First lines of cassettes. A person who reads one must not take a made-up answer
// for a vendor's.
const (
	markSynthetic = "# synthetic: not recorded from the vendor. Answers of this package's own server, shaped by the vendor's documentation.\n"
	markRecorded  = "# recorded from "
)

// nowhere is the host in synthetic cassettes. It cannot exist (RFC 2606).
const nowhere = "https://synthetic.invalid"

// Contract asks a vendor a few small questions and checks what every caller relies
// on. It needs no input:
//
//   - with ROLEOS_TEST_<NAME>_KEY the vendor itself is asked, with ROLEOS_TEST_<NAME>_MODEL
//     instead of the usual model and ROLEOS_TEST_<NAME>_URL instead of the public address;
//   - with ROLEOS_TEST_RECORD=vendor beside it, the answers are kept in testdata/<name>.vendor.yaml;
//   - without a key that file is replayed or, while there is none, testdata/<name>.synthetic.yaml;
//   - ROLEOS_TEST_RECORD=synthetic makes the latter anew from this package's server.
//
// Nothing goes to a network but in the first case. Replaying fails when the adapter
// sends anything else than what was recorded: then record again. Cassettes hold no
// header but a few named ones, and no key.
func Contract(t *testing.T, v Vendor) {
	t.Helper()
	env := func(what string) string {
		return os.Getenv("ROLEOS_TEST_" + strings.ToUpper(v.Name) + "_" + what)
	}
	key, record := env("KEY"), os.Getenv("ROLEOS_TEST_RECORD")
	e := guard.Endpoint{Provider: string(v.Wire), Model: v.Model, BaseURL: v.Base, Key: Key(Secret)}
	synthetic, vendor := filepath.Join("testdata", v.Name+".synthetic"), filepath.Join("testdata", v.Name+".vendor")
	switch {
	case key != "":
		e.Key = Key(key)
		if m := env("MODEL"); m != "" {
			e.Model = m
		}
		if u := env("URL"); u != "" {
			e.BaseURL = u
		}
		if record == "vendor" {
			v.tape(t, vendor, &e, recorder.ModeRecordOnly, key)
		}
	case record == "synthetic":
		s := NewServer(t, v.Wire, ContractAnswers)
		e.BaseURL, e.Base = nowhere+v.Wire.base(), to(s.URL)
		v.tape(t, synthetic, &e, recorder.ModeRecordOnly, Secret)
	default:
		file := vendor
		if _, err := os.Stat(vendor + ".yaml"); err != nil {
			t.Logf("replaying answers of our own making; to ask the vendor set ROLEOS_TEST_%s_KEY", strings.ToUpper(v.Name))
			file, e.BaseURL = synthetic, nowhere+v.Wire.base()
		}
		v.tape(t, file, &e, recorder.ModeReplayOnly, Secret)
	}
	m, err := v.New(e)
	if err != nil {
		t.Fatal(err)
	}
	v.hold(t, m)
}

// hold checks a model.
func (v Vendor) hold(t *testing.T, m llm.Model) {
	check := func(what string, got llm.Response, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if got.Text == "" || got.Finish != llm.Stop || got.Usage.Input == 0 || got.Usage.Output == 0 || got.Usage.Estimated || got.Provider == "" || got.Model == "" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	r := Ask()
	got, err := m.Generate(t.Context(), r)
	check("a question", got, err)
	for _, schema := range []string{Form, RichForm} {
		r.Schema = json.RawMessage(schema)
		got, err = m.Generate(t.Context(), r)
		check("a form", got, err)
		var form struct {
			Name *string
			N    *int
		}
		if err == nil && (json.Unmarshal(got.JSON, &form) != nil || form.Name == nil || form.N == nil) {
			t.Errorf("a form: %s", got.JSON)
		}
	}
	if s, ok := m.(llm.Streamer); ok && !v.NoStream {
		var pieces strings.Builder
		got, err := s.Stream(t.Context(), Ask(), func(text string) error { pieces.WriteString(text); return nil })
		check("a stream", got, err)
		if err == nil && pieces.String() != got.Text {
			t.Errorf("a stream: the pieces %q are not the whole %q", pieces.String(), got.Text)
		}
	}
	r = Ask()
	r.Model = missing
	_, err = m.Generate(t.Context(), r)
	if e := llm.AsError(err); e == nil || e.Kind != llm.NotFound && e.Kind != llm.Invalid {
		t.Errorf("a model that is not there: %v", err)
	}
}

// missing is a model that no vendor has.
const missing = "roleos-no-such-model"

// ContractAnswers is how this package's server answers the questions of hold.
func ContractAnswers(c Call) Reply {
	switch {
	case strings.Contains(c.Path+string(c.Raw), missing):
		return Reply{Status: http.StatusNotFound, Raw: `{"error":{"type":"not_found_error","code":"model_not_found","status":"NOT_FOUND","message":"no such model"}}`}
	case c.toolAsked(), strings.Contains(string(c.Raw), "json_schema"), strings.Contains(string(c.Raw), "responseSchema"), strings.Contains(string(c.Raw), "responseJsonSchema"):
		return Reply{Text: `{"name":"Export","n":3}`}
	}
	return Reply{Text: "Export hangs"}
}

// tape puts a recorder under e.
func (v Vendor) tape(t *testing.T, file string, e *guard.Endpoint, mode recorder.Mode, secret string) {
	t.Helper()
	if mode == recorder.ModeReplayOnly {
		honest(t, file+".yaml")
	}
	o := []recorder.Option{
		recorder.WithMode(mode), recorder.WithSkipRequestLatency(true), recorder.WithMatcher(sameRequest),
		recorder.WithHook(scrub, recorder.BeforeSaveHook),
	}
	if e.Base != nil {
		o = append(o, recorder.WithRealTransport(e.Base))
	}
	rec, err := recorder.New(file, o...)
	if err != nil {
		t.Fatal(err)
	}
	e.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
		got, err := rec.RoundTrip(r)
		if errors.Is(err, cassette.ErrInteractionNotFound) {
			t.Errorf("what the adapter sends to %s is not in %s.yaml; if that is meant: ROLEOS_TEST_RECORD=synthetic go test -run Contract", r.URL.Path, file)
		}
		return got, err
	})
	t.Cleanup(func() {
		if err := rec.Stop(); err != nil {
			t.Error(err)
		}
		if mode != recorder.ModeRecordOnly {
			return
		}
		body, err := os.ReadFile(file + ".yaml")
		if err != nil {
			t.Error(err)
			return
		}
		if t.Failed() || bytes.Contains(body, []byte(secret)) {
			t.Errorf("%s.yaml is not kept: the test failed, or it holds the key", file)
			_ = os.Remove(file + ".yaml")
			return
		}
		mark := markSynthetic
		if !strings.HasSuffix(file, ".synthetic") {
			u, _ := url.Parse(e.BaseURL)
			mark = fmt.Sprintf("%s%s on %s\n", markRecorded, u.Host, time.Now().UTC().Format(time.DateOnly))
		}
		if err := os.WriteFile(file+".yaml", append([]byte(mark), body...), 0o600); err != nil {
			t.Error(err)
		}
	})
}

// honest fails for a cassette that does not say where it is from, or says it wrongly.
func honest(t *testing.T, file string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; record it: ROLEOS_TEST_RECORD=synthetic go test", err)
	}
	made := strings.HasSuffix(file, ".synthetic.yaml")
	if made != strings.HasPrefix(string(body), markSynthetic) || !made && !strings.HasPrefix(string(body), markRecorded) || made != strings.Contains(string(body), nowhere) {
		t.Fatalf("%s does not say where it is from", file)
	}
	for _, secret := range []string{"Authorization", "Api-Key", "AKIA", "Bearer ", "sk-", "AIza", "Set-Cookie"} {
		if strings.Contains(string(body), secret) {
			t.Errorf("%s holds %q", file, secret)
		}
	}
}

// scrub leaves of headers what the adapters read, and of an address no parameter
// that may be a key.
func scrub(i *cassette.Interaction) error {
	keep := func(h http.Header, prefixes ...string) {
		for name := range h {
			kept := false
			for _, p := range prefixes {
				kept = kept || strings.HasPrefix(strings.ToLower(name), p)
			}
			if !kept {
				delete(h, name)
			}
		}
	}
	keep(i.Request.Headers, "content-type")
	keep(i.Response.Headers, "content-type", "retry-after", "x-ratelimit-", "anthropic-ratelimit-")
	i.Request.RemoteAddr, i.Request.RequestURI, i.Request.Form = "", "", nil
	i.Response.Duration = 0
	u, err := url.Parse(i.Request.URL)
	if err != nil {
		return err
	}
	q := url.Values{}
	if alt := u.Query().Get("alt"); alt != "" {
		q.Set("alt", alt)
	}
	u.RawQuery, u.User = q.Encode(), nil
	i.Request.URL = u.String()
	return nil
}

// sameRequest matches by what the vendor reads: the method, the path and the body
// as JSON. The host is the same by construction: the guard lets no other be asked.
func sameRequest(r *http.Request, kept cassette.Request) bool {
	u, err := url.Parse(kept.URL)
	if err != nil || r.Method != kept.Method || r.URL.Path != u.Path {
		return false
	}
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return false
		}
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	var got, want any
	if json.Unmarshal(body, &got) != nil || json.Unmarshal([]byte(kept.Body), &want) != nil {
		return string(body) == kept.Body
	}
	return reflect.DeepEqual(got, want)
}

// to sends requests to a server on this machine, whatever host they name.
func to(server string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		u, err := url.Parse(server)
		if err != nil {
			return nil, err
		}
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.Host = u.Scheme, u.Host, u.Host
		return http.DefaultTransport.RoundTrip(out)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
