package client

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// safetyNet is how often missions that are waited for are read though no event came.
const safetyNet = 15 * time.Second

// Wait returns the mission once it is COMPLETED, FAILED or CANCELLED. It follows the mission's events, and reads it when
// the stream stands, when it was reset, and every 15 s. A commander that is away is waited for; bound the wait by ctx.
func (c *Client) Wait(ctx context.Context, id string) (Mission, error) {
	for m, err := range c.wait(ctx, EventsOptions{MissionID: id}, id) {
		if err != nil {
			return Mission{}, err
		}
		return m, nil
	}
	panic("unreachable: the wait for one mission yields it or an error")
}

// WaitAll ranges over missions as they end, as Wait does for one. All are followed over one
// stream: prefer it to a Wait for each. A mission that can't be read for good, since it is unknown, comes as its id alone with
// the error, and the others go on; the end of ctx, or of the stream, comes as an error without an id, and is the last.
func (c *Client) WaitAll(ctx context.Context, ids ...string) iter.Seq2[Mission, error] {
	return c.wait(ctx, EventsOptions{}, ids...)
}

func (c *Client) wait(ctx context.Context, o EventsOptions, ids ...string) iter.Seq2[Mission, error] {
	return func(yield func(Mission, error) bool) {
		w := waiting{pending: map[string]bool{}, news: make(chan struct{}, 1)}
		for _, id := range ids {
			w.pending[id] = true
		}
		if len(w.pending) == 0 {
			return
		}
		followCtx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.follow(followCtx, c, o)
		}()
		defer func() { cancel(); <-done }()
		tick := time.NewTicker(safetyNet)
		defer tick.Stop()
		for {
			select {
			case <-w.news:
			case <-tick.C:
				w.markAll()
			case <-ctx.Done():
				yield(Mission{}, fmt.Errorf("waiting for the end of %s: %w", w.text(), context.Cause(ctx)))
				return
			}
			if !w.look(ctx, c, yield) {
				return
			}
		}
	}
}

// waiting is the missions that have not ended. Only the ranging goroutine removes any; the stream's marks them.
type waiting struct {
	mu      sync.Mutex
	pending map[string]bool // true: worth a look
	err     error           // the stream's end
	news    chan struct{}   // a mark, or the end
}

// text says what is waited for.
func (w *waiting) text() string {
	if len(w.pending) == 1 {
		for id := range w.pending {
			return "mission " + id
		}
	}
	return fmt.Sprintf("%d missions", len(w.pending))
}

// follow marks missions that may have ended.
func (w *waiting) follow(ctx context.Context, c *Client, o EventsOptions) {
	for e, err := range c.Events(ctx, o) {
		switch {
		case err != nil:
			w.mu.Lock()
			w.err = err
			w.mu.Unlock()
		case e.Type == EventConnected, e.Type == EventReset:
			w.markAll()
		case e.Type == EventMission:
			if !w.markEnded(e) {
				continue
			}
		default:
			continue
		}
		select {
		case w.news <- struct{}{}:
		default: // a look is already asked for, and will see this too
		}
	}
}

func (w *waiting) markAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.pending {
		w.pending[id] = true
	}
}

// markEnded tells whether the event is worth a look.
func (w *waiting) markEnded(e Event) bool {
	m, err := e.Mission()
	if err != nil { // what can't be read may be the one
		w.markAll()
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, waited := w.pending[m.MissionID]; !waited || !m.Status.Terminal() {
		return false
	}
	w.pending[m.MissionID] = true
	return true
}

// marked returns the missions that are worth a look, the oldest first, and unmarks them.
func (w *waiting) marked() ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(w.pending)) {
		if w.pending[id] {
			w.pending[id] = false
			ids = append(ids, id)
		}
	}
	return ids, w.err
}

// look reads what is marked and yields what has ended. It tells whether to go on.
func (w *waiting) look(ctx context.Context, c *Client, yield func(Mission, error) bool) bool {
	ids, streamErr := w.marked()
	if streamErr != nil && ctx.Err() == nil {
		yield(Mission{}, streamErr)
		return false
	}
	for _, id := range ids {
		m, err := c.Get(ctx, id)
		switch {
		case ctx.Err() != nil:
			return true // the caller says so
		case err == nil && !m.Status.Terminal(), Temporary(err):
			continue
		case err != nil:
			m.MissionID = id
		}
		w.mu.Lock()
		delete(w.pending, id)
		left := len(w.pending)
		w.mu.Unlock()
		if !yield(m, err) || left == 0 {
			return false
		}
	}
	return true
}
