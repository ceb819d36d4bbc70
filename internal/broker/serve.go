package broker

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// most is how long one write may take, whatever became of who asked for it.
const most = 5 * time.Minute

// keptSets is how many sets' bytes are kept between the changes of one.
const keptSets = 4

// Server is the broker's own side.
type Server struct {
	Keys change.Keys // with the secret half
	Hand change.Hand
	Solo bool // the workspace is that of one person
	Now  func() time.Time
}

// Serve answers what comes in until it ends. What is under way then is finished.
func (s Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	h := handler{Server: s, sets: map[string]*guardrails.ChangeSet{}}
	var writing sync.Mutex
	var work sync.WaitGroup
	defer work.Wait()
	for {
		var q request
		if err := readFrame(in, &q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // who started it has ended
			}
			return err
		}
		work.Go(func() {
			a := h.answer(ctx, q)
			a.ID = q.ID
			writing.Lock()
			defer writing.Unlock()
			_ = writeFrame(out, a) // nobody is left to be told when it fails
		})
	}
}

type handler struct {
	Server

	mu    sync.Mutex
	sets  map[string]*guardrails.ChangeSet
	order []string // of the sets, oldest first
}

func (h *handler) answer(ctx context.Context, q request) response {
	switch q.Op {
	case opPublic:
		pub, err := h.Keys.Public(ctx, q.Key)
		return response{Data: pub, Failure: failed(err)}
	case opSign:
		if err := Signable(q.Message, h.Now(), h.Solo); err != nil {
			return response{Failure: failed(err)}
		}
		key, sig, err := h.Keys.Sign(ctx, q.Message)
		return response{Key: key, Data: sig, Failure: failed(err)}
	case opDo:
		set, err := h.set(q)
		if err != nil {
			return response{Failure: failed(errors.Join(err, change.ErrNotDone))}
		}
		if set == nil {
			return response{NeedSet: true}
		}
		ctx, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		return response{Failure: failed(h.Hand.Do(ctx, change.Order{Set: set, Index: q.Index, Grant: q.Grant, Signature: q.Signature, Key: q.Key}))}
	}
	return response{Failure: failed(fault.New(fault.Invalid, "broker", "the broker signs and does, not %.40q", q.Op))}
}

// set returns the set that the request is about, nil when its bytes are not here.
func (h *handler) set(q request) (*guardrails.ChangeSet, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cs, ok := h.sets[q.Digest]; ok || len(q.Set) == 0 {
		return cs, nil
	}
	cs, err := guardrails.Open(q.Set)
	if err != nil {
		return nil, fault.Wrap(err, fault.Denied, "broker.do", "the set cannot be read")
	}
	if len(h.order) == keptSets {
		delete(h.sets, h.order[0])
		h.order = h.order[1:]
	}
	h.sets[cs.Digest()], h.order = cs, append(h.order, cs.Digest())
	if cs.Digest() != q.Digest {
		return nil, fault.New(fault.Denied, "broker.do", "the set is not the one that was named")
	}
	return cs, nil
}
