package dualstore

import (
	"context"
	"errors"
	"sync"

	"github.com/mission-control-dev/mission-control/store"
)

// gathering lets reads of single missions share calls of the primary. A read that comes while nothing is under way is a call at
// once; those that come meanwhile are the next one, together. So each is answered by a call that began after it came, and sees
// all that was answered before.
type gathering struct {
	// load asks the primary, for a bounded time.
	load func(ids []string) ([]store.Record, error)

	mu sync.Mutex
	// busy: a call is under way. waiting are those that come after it, the last of which may be joined.
	busy    bool
	waiting []*shared
}

// shared is a call, and what it answers once done is closed: a record for each id, the zero one where there is no mission.
type shared struct {
	ids     []string
	done    chan struct{}
	records []store.Record
	err     error
}

// sharedMost bounds what one call is asked for, since a mission may have half a megabyte.
const sharedMost = 64

// errShared says that a call of several reads failed in a way that may be the fault of one of them.
var errShared = errors.New("a call that several reads share failed")

// get returns a mission's record, the zero one where there is none. It is the caller's alone.
func (g *gathering) get(ctx context.Context, id string) (*store.Record, error) {
	call, at := g.join(id)
	select {
	case <-call.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case call.err == nil:
		return &call.records[at], nil
	case len(call.ids) > 1 && !errors.Is(call.err, store.ErrUnavailable):
		return nil, errShared
	default:
		return nil, call.err
	}
}

// join returns the call that asks for a mission, and at which place.
func (g *gathering) join(id string) (call *shared, at int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.waiting); n > 0 && len(g.waiting[n-1].ids) < sharedMost {
		call = g.waiting[n-1]
		call.ids = append(call.ids, id)
		return call, len(call.ids) - 1
	}
	call = &shared{ids: []string{id}, done: make(chan struct{})}
	if g.busy {
		g.waiting = append(g.waiting, call)
	} else {
		g.busy = true
		go g.run(call)
	}
	return call, 0
}

// run makes a call, and then those that wait, until there is none.
func (g *gathering) run(call *shared) {
	for call != nil {
		call.records, call.err = g.load(call.ids)
		close(call.done)
		call = g.next()
	}
}

func (g *gathering) next() *shared {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = false
		return nil
	}
	call := g.waiting[0]
	g.waiting[0] = nil
	g.waiting = g.waiting[1:]
	return call
}
