package broker

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"os/exec"
	"sync"
	"time"

	"roleos/internal/change"
	"roleos/internal/fault"
)

// patience is how long an answer is waited for after the caller gave up: what
// becomes of a write should be known, not guessed.
const patience = 30 * time.Second

// Client is the service's side: a change.Broker in another process. It is safe
// for concurrent use.
type Client struct {
	command func() *exec.Cmd

	mu     sync.Mutex
	now    *process // nil before the first use and after the last one died
	public map[string]ed25519.PublicKey
	closed bool
}

// New returns the client of a broker that command makes, with its standard input
// and output left free. It is started at the first use, and anew when it died.
func New(command func() *exec.Cmd) *Client {
	return &Client{command: command, public: map[string]ed25519.PublicKey{}}
}

// Start starts the broker now, so that one that cannot start is known at once.
func (c *Client) Start() error {
	_, err := c.running()
	return err
}

// Close lets the broker finish what is under way and waits until it has ended.
func (c *Client) Close() error {
	c.mu.Lock()
	p := c.now
	c.now, c.closed = nil, true
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	err := p.in.Close()
	<-p.dead
	return err
}

// Sign implements change.Keys.
func (c *Client) Sign(ctx context.Context, message []byte) (key string, signature []byte, err error) {
	a, err := c.twice(ctx, request{Op: opSign, Message: message})
	return a.Key, a.Data, err
}

// Public implements change.Keys.
func (c *Client) Public(ctx context.Context, key string) (ed25519.PublicKey, error) {
	c.mu.Lock()
	pub, ok := c.public[key]
	c.mu.Unlock()
	if ok {
		return pub, nil
	}
	a, err := c.twice(ctx, request{Op: opPublic, Key: key})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.public[key] = a.Data
	return a.Data, nil
}

// Do implements change.Hand. When the broker dies meanwhile, whether the write
// happened is not known, and is not tried again.
func (c *Client) Do(ctx context.Context, o change.Order) error {
	q := request{Op: opDo, Digest: o.Set.Digest(), Index: o.Index, Grant: o.Grant, Signature: o.Signature, Key: o.Key}
	p, err := c.running()
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	a, err := p.ask(ctx, q)
	if err == nil && a.NeedSet {
		q.Set = o.Set.Bytes()
		a, err = p.ask(ctx, q)
	}
	return err
}

// twice asks for what may be asked for twice: once more when the broker died.
func (c *Client) twice(ctx context.Context, q request) (response, error) {
	p, err := c.running()
	if err != nil {
		return response{}, err
	}
	a, err := p.ask(ctx, q)
	if errors.Is(err, errDied) {
		if p, err = c.running(); err == nil {
			a, err = p.ask(ctx, q)
		}
	}
	return a, err
}

// running returns the broker, started if there is none.
func (c *Client) running() (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fault.New(fault.Unavailable, "broker.start", "the broker has ended")
	}
	if c.now != nil {
		select {
		case <-c.now.dead:
		default:
			return c.now, nil
		}
	}
	p, err := start(c.command())
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "broker.start", "the process that signs and applies cannot be started")
	}
	c.now = p
	return p, nil
}

// errDied says that the broker ended before it answered.
var errDied = errors.New("the process that signs and applies ended before it answered")

// process is one life of the broker.
type process struct {
	in   io.WriteCloser
	dead chan struct{} // closed when it has ended

	mu      sync.Mutex // of in, next and waiting
	next    uint64
	waiting map[uint64]chan response
}

func start(cmd *exec.Cmd) (*process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{in: in, dead: make(chan struct{}), waiting: map[uint64]chan response{}}
	go func() {
		defer close(p.dead)
		r := bufio.NewReader(out)
		for {
			var a response
			if err := readFrame(r, &a); err != nil {
				break
			}
			p.mu.Lock()
			if to, ok := p.waiting[a.ID]; ok {
				to <- a
				delete(p.waiting, a.ID)
			}
			p.mu.Unlock()
		}
		_ = in.Close() // one that talks nonsense is not talked to any more
		_ = cmd.Wait() // how it ended changes nothing
	}()
	return p, nil
}

func (p *process) ask(ctx context.Context, q request) (response, error) {
	got := make(chan response, 1)
	p.mu.Lock()
	p.next++
	q.ID = p.next
	p.waiting[q.ID] = got
	err := writeFrame(p.in, q)
	p.mu.Unlock()
	if err != nil {
		return response{}, errDied
	}
	gone := ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case a := <-got:
			return a, a.Failure.error()
		case <-p.dead:
			select {
			case a := <-got:
				return a, a.Failure.error()
			default:
			}
			return response{}, errDied
		case <-gone:
			gone, late = nil, time.After(patience)
		case <-late:
			return response{}, ctx.Err()
		}
	}
}
