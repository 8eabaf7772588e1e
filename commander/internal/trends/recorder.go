package trends

import (
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// counts is what happened in one step.
type counts struct {
	Created   int64     `json:"created,omitempty"`
	Completed int64     `json:"completed,omitempty"`
	Failed    int64     `json:"failed,omitempty"`
	Cancelled int64     `json:"cancelled,omitempty"`
	Wait      histogram `json:"wait,omitempty"`
	Run       histogram `json:"run,omitempty"`
}

// merge adds what others counted.
func (c *counts) merge(other counts) {
	c.Created += other.Created
	c.Completed += other.Completed
	c.Failed += other.Failed
	c.Cancelled += other.Cancelled
	c.Wait.merge(other.Wait)
	c.Run.merge(other.Run)
}

// none tells whether nothing happened.
func (c *counts) none() bool {
	return c.Created+c.Completed+c.Failed+c.Cancelled == 0 && len(c.Wait) == 0 && len(c.Run) == 0
}

// Recorder counts what happens, until its Keeper takes it. It is a mission.Tally: its methods may be called from many goroutines, and
// do not block.
type Recorder struct {
	mu       sync.Mutex
	counts   counts
	failures failures
}

// NewRecorder returns one that has counted nothing.
func NewRecorder() *Recorder { return &Recorder{} }

// Created counts a mission that was created.
func (r *Recorder) Created() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Created++
}

// Granted counts a run that began, and how long it could have before.
func (r *Recorder) Granted(waited time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Wait.add(waited)
}

// Ran counts how long a run took that COMPLETED or FAILED.
func (r *Recorder) Ran(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Run.add(took)
}

// Ended counts a mission that reached a terminal status.
func (r *Recorder) Ended(s contracts.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch s {
	case contracts.StatusCompleted:
		r.counts.Completed++
	case contracts.StatusFailed:
		r.counts.Failed++
	case contracts.StatusCancelled:
		r.counts.Cancelled++
	}
}

// Failed counts an attempt that failed, for the last time or not. The mission is as it is then, with its error.
func (r *Recorder) Failed(m *contracts.Mission) {
	one := failureOf(m)
	key := keyOf(one)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures.add(key, one)
}

// take returns what was counted since the last time.
func (r *Recorder) take() (counts, failures) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, f := r.counts, r.failures
	r.counts, r.failures = counts{}, failures{}
	return c, f
}
