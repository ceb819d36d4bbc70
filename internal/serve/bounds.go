package serve

import (
	"cmp"
	"io"
	"net/http"
	"strings"
	"time"

	"roleos/internal/httpapi"
)

// How long a request may take to arrive, and its answer to be taken.
const (
	formTime   = 30 * time.Second // where Options.Patience says nothing else
	uploadTime = 5 * time.Minute
	answerTime = 10 * time.Minute // streams set their own with every event
)

// timed bounds how long a client may take with a body and with taking the answer,
// so that one who sends a byte a minute holds nothing. The bound ends with the
// body: what the request asks for may take longer.
func (s *Server) timed(w http.ResponseWriter, r *http.Request, now time.Time) *http.Request {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(now.Add(answerTime)) // a writer that has no connection has no deadline either
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	within := cmp.Or(s.o.Patience, formTime)
	if r.URL.Path == "/new" || strings.HasPrefix(r.URL.Path, httpapi.Base+"/uploads") {
		within = uploadTime
	}
	_ = c.SetReadDeadline(now.Add(within))
	r.Body = &timedBody{r.Body, c}
	return r
}

type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF { //nolint:errorlint // readers return it as it is
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
