package submit

import (
	"sync"
	"time"
)

// jammedFor is after how long without another refusal the queue for what is set aside counts as full no more: what did not fit
// is tried again sooner than that.
const jammedFor = 3 * longestWait

// jam knows whether submissions_refused_queue is full.
type jam struct {
	mu    sync.Mutex
	stuck time.Time // when a submission last did not fit; zero where all fits
}

// note notes that a submission did not fit, and tells whether that is news.
func (j *jam) note() (news bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	news = j.stuck.IsZero()
	j.stuck = time.Now()
	return news
}

// clear notes that a submission fitted, and tells whether that is news.
func (j *jam) clear() (news bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	news = !j.stuck.IsZero()
	j.stuck = time.Time{}
	return news
}

// expire clears a jam of which nothing was heard for long: others set aside what did not fit.
func (j *jam) expire() (news bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stuck.IsZero() || time.Since(j.stuck) < jammedFor {
		return false
	}
	j.stuck = time.Time{}
	return true
}

func (j *jam) stands() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.stuck.IsZero()
}

// pace is how soon submissions are taken again. What can't be created nor set aside goes round for as long as there is no room
// for it: the longer, the slower. Not for use by several goroutines.
type pace struct {
	wait  time.Duration // the last pause after a round in which nothing could be done
	stuck bool          // something did not fit since something was last created or set aside
	moved int           // how many moved to the end of the queue since then, or since the last long pause
}

func newPace() pace { return pace{wait: checkEvery} }

// note notes what became of a batch.
func (p *pace) note(o outcome) {
	if o.done > 0 {
		*p = newPace()
	}
	p.stuck = p.stuck || o.moved > 0 || o.parked > 0
	p.moved += o.moved
}

// roundIsOver tells whether nothing could be done with all that waits, where so many do.
func (p *pace) roundIsOver(waiting int) bool { return p.stuck && p.moved >= waiting }

// next is the pause after a round in which nothing could be done.
func (p *pace) next() time.Duration {
	p.stuck, p.moved = false, 0
	p.wait = min(2*p.wait, longestWait)
	return p.wait
}
