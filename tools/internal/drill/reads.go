package drill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
)

// readers is how many reads may be under way at once: a commander that hangs should not stop all.
const readers = 16

// readCounts counts the reads of a drill.
type readCounts struct {
	mu       sync.Mutex
	counts   verdict.Reads
	versions map[string]int64 // the newest read of each mission
}

func newReadCounts() *readCounts {
	return &readCounts{counts: verdict.Reads{Failures: map[string]int{}}, versions: map[string]int64{}}
}

// read reads every accepted mission again and again, at the pace that was asked for, until ctx ends.
func (d *Drill) read(ctx context.Context) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / d.cfg.ReadsPerSecond))
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, readers)
	var round []string
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if len(round) == 0 {
			round = d.book.ids()
		}
		if len(round) == 0 {
			continue
		}
		id := round[0]
		round = round[1:]
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		group.Go(func() {
			defer func() { <-places }()
			m, err := d.c.Get(ctx, id)
			if ctx.Err() != nil {
				return // cut off by the drill's own end
			}
			if failure := d.reads.count(id, m, err); failure != "" {
				d.screen.Step("a read of mission %s failed: %v", id, err)
			}
		})
	}
}

// count takes one read's answer, and returns how it failed; empty where it did not.
func (r *readCounts) count(id string, m client.Mission, err error) (failure string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Made++
	var problem *client.Problem
	var unreachable *client.UnreachableError
	switch {
	case err == nil:
		if m.Degraded {
			r.counts.Degraded++
		}
		if m.Version < r.versions[id] {
			r.counts.Older++
		}
		r.versions[id] = max(r.versions[id], m.Version)
		return ""
	case errors.As(err, &unreachable):
		r.counts.Unreachable++
		return ""
	case errors.As(err, &problem) && problem.Code != "":
		failure = problem.Code
	case errors.As(err, &problem):
		failure = fmt.Sprintf("http_%d", problem.Status)
	default:
		failure = "unexpected_answer"
	}
	r.counts.Failed++
	r.counts.Failures[failure]++
	return failure
}

func (r *readCounts) result() *verdict.Reads {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Missions, c.Failures = len(r.versions), maps.Clone(r.counts.Failures)
	return &c
}
