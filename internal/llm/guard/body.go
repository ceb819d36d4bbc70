package guard

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

var errTooLarge = errors.New("too large")

// capped ends a body with an error after so many bytes.
type capped struct {
	body io.ReadCloser
	left int64
	fail func(error) error
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, c.fail(errTooLarge)
	}
	n, err := c.body.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.fail(err)
	}
	return n, err
}

func (c *capped) Close() error { return c.body.Close() }

// events passes a stream of server-sent events on without its comment lines,
// which servers send to keep a connection alive and libraries stumble over.
// What is left out counts towards the bound.
type events struct {
	body  io.ReadCloser
	left  int64
	fail  func(error) error
	lines *bufio.Reader
	rest  []byte
	blank bool // the line before was blank, or there was none
	err   error
}

func (e *events) Read(p []byte) (int, error) {
	if e.lines == nil {
		e.lines, e.blank = bufio.NewReader(e.body), true
	}
	for len(e.rest) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		line, err := e.line()
		switch {
		case errors.Is(err, io.EOF):
			e.err = io.EOF
		case err != nil:
			e.err = e.fail(err)
		}
		text := bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || bytes.HasPrefix(text, []byte(":")) || len(text) == 0 && e.blank {
			continue
		}
		e.rest, e.blank = line, len(text) == 0
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// line reads one line, within the bound.
func (e *events) line() ([]byte, error) {
	var out []byte
	for {
		part, err := e.lines.ReadSlice('\n')
		if e.left -= int64(len(part)); e.left < 0 {
			return nil, errTooLarge
		}
		out = append(out, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
	}
}

func (e *events) Close() error { return e.body.Close() }
