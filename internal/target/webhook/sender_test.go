package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/target/webhook"
)

func TestANoticeIsSignedAndSentOnce(t *testing.T) {
	var ids, bodies []string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		ids, bodies = append(ids, r.Header.Get("webhook-id")), append(bodies, string(body))
		if !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") || r.Header.Get("webhook-timestamp") != "1772366400" {
			status = http.StatusUnauthorized
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	at := func() time.Time { return time.Unix(1772366400, 0) }
	e := webhook.Endpoint{URL: server.URL, Secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", Private: true}
	s, err := webhook.NewSender(e, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), "ck-1_breach-1", []byte(`{"late":true}`)); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || ids[0] != "msg_ck-1_breach-1" || bodies[0] != `{"late":true}` {
		t.Errorf("ids %v, bodies %v", ids, bodies)
	}
	status = http.StatusTeapot
	if err := s.Send(t.Context(), "x", []byte("{}")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an answer of 418: %v", err)
	}
	for _, body := range [][]byte{nil, make([]byte, webhook.MaxBytes+1)} {
		if err := s.Send(t.Context(), "x", body); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d bytes: %v", len(body), err)
		}
	}
	e.Private = false
	if _, err := webhook.NewSender(e, at); err == nil {
		t.Error("an address without TLS is accepted")
	}
}
