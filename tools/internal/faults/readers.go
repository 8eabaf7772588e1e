package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

const (
	// readersEach is how many readers each commander has; readEvery is the time between two reads of one.
	readersEach = 2
	readEvery   = 60 * time.Millisecond
	// recent is how many of the last missions are read most of the time; the others now and then.
	recent = 60
)

// readers read accepted missions from each commander, and write down what they saw.
type readers struct {
	flow *flow

	mu     sync.Mutex
	sights []check.Sight
	odd    []check.Odd // answers that are neither a mission, nor 404, nor 503
}

func newReaders(f *flow) *readers { return &readers{flow: f} }

// run reads until ctx ends.
func (r *readers) run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	for _, url := range r.flow.urls {
		c, err := client.New(client.Config{BaseURL: url, Timeout: callTimeout, Retry: client.Retry{Attempts: 1}})
		if err != nil {
			return err
		}
		defer c.CloseIdleConnections()
		for range readersEach {
			all.Go(func() { r.reader(ctx, c) })
		}
	}
	all.Wait()
	return nil
}

func (r *readers) reader(ctx context.Context, c *client.Client) {
	for sleep(ctx, readEvery) {
		n := recent
		if rand.IntN(5) == 0 { //nolint:gosec // any will do
			n = 1 << 30
		}
		if id := r.flow.any(n); id != "" {
			r.read(ctx, c, id)
		}
	}
}

func (r *readers) read(ctx context.Context, c *client.Client, id string) {
	s := check.Sight{ID: id, Asked: time.Now()}
	m, err := c.Get(ctx, id)
	s.Answered = time.Now()
	var problem *client.Problem
	var unreachable *client.UnreachableError
	switch {
	case err == nil:
		s.Status, s.Version, s.Degraded = m.Status, m.Version, m.Degraded
		if m.Status == contracts.StatusFailed {
			r.flow.failed(id)
		}
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		s.Missing = true
	case ctx.Err() != nil, errors.As(err, &unreachable), errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable:
		return
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.odd = append(r.odd, check.Odd{Call: "read", ID: id, At: s.Answered, Said: err.Error()})
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sights = append(r.sights, s)
}

func (r *readers) seen() []check.Sight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sights
}
