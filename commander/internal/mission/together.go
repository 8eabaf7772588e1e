package mission

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

const (
	// commits is how many of them are under way at once.
	commits = 2
	// maxTogether and maxTogetherBytes, of payloads, bound what shares one.
	maxTogether      = 64
	maxTogetherBytes = 1 << 20
	// togetherTimeout bounds a commit that more than one caller waits for.
	togetherTimeout = 10 * time.Second
)

// together has callers share commits. A caller commits at once, alone, if less than so many commits are under way. Who comes
// meanwhile shares the next one: nobody waits for a commit to fill, and the busier the store, the fewer calls it gets.
type together struct {
	commit func(ctx context.Context, changes ...store.Change) ([]store.Outcome, error)

	mu      sync.Mutex
	under   int       // commits under way; it falls only while nobody waits
	waiting []*waiter // empty while under is less than commits
}

// waiter is a caller with its change. The outcome is set before done is closed.
type waiter struct {
	change  store.Change
	done    chan struct{}
	outcome store.Outcome
	err     error
}

// apply applies a change, as store.Missions.Commit does.
func (t *together) apply(ctx context.Context, change store.Change) (store.Outcome, error) {
	t.mu.Lock()
	if t.under < commits {
		t.under++
		t.mu.Unlock()
		defer t.next()
		return t.alone(ctx, change)
	}
	w := &waiter{change: change, done: make(chan struct{})}
	t.waiting = append(t.waiting, w)
	t.mu.Unlock()
	select {
	case <-w.done:
		return w.outcome, w.err
	case <-ctx.Done():
		return store.Outcome{}, fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
	}
}

func (t *together) alone(ctx context.Context, change store.Change) (store.Outcome, error) {
	outcomes, err := t.commit(ctx, change)
	if err != nil {
		return store.Outcome{}, err
	}
	return outcomes[0], nil
}

// next goes on with those who wait, in the background: the caller has its answer.
func (t *together) next() {
	if ws := t.take(); len(ws) > 0 {
		go func() {
			for ; len(ws) > 0; ws = t.take() {
				t.settle(ws)
			}
		}()
	}
}

// take takes the next ones that wait. Where there are none, the commit is over.
func (t *together) take() []*waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, bytes := 0, 0
	for n < min(len(t.waiting), maxTogether) && (n == 0 || bytes < maxTogetherBytes) {
		bytes += len(t.waiting[n].change.Record.Mission.Payload)
		n++
	}
	ws := t.waiting[:n:n]
	t.waiting = t.waiting[n:]
	if n == 0 {
		t.under--
		t.waiting = nil
	}
	return ws
}

// settle commits what some wait for. Where the store is there, and yet one of the changes can't be committed, that one fails
// alone.
func (t *together) settle(ws []*waiter) {
	ctx, cancel := context.WithTimeout(context.Background(), togetherTimeout)
	defer cancel()
	changes := make([]store.Change, len(ws))
	for i, w := range ws {
		changes[i] = w.change
	}
	outcomes, err := t.commit(ctx, changes...)
	each := err != nil && len(ws) > 1 && !errors.Is(err, store.ErrUnavailable)
	for i, w := range ws {
		switch {
		case each:
			w.outcome, w.err = t.alone(ctx, w.change)
		case err != nil:
			w.err = err
		default:
			w.outcome = outcomes[i]
		}
		close(w.done)
	}
}
