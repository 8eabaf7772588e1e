package dispatch

import (
	"sync"

	"github.com/mission-control-dev/mission-control/store"
)

// maxClearing is how many entries may wait to be cleared before further missions that find no room are left to theirs: some ten
// megabytes.
const maxClearing = 100_000

// clearing is the entries that are to be cleared. It is safe for concurrent use.
type clearing struct {
	// some has an item while there may be entries.
	some chan struct{}

	mu      sync.Mutex
	entries []store.Due
}

func newClearing() *clearing { return &clearing{some: make(chan struct{}, 1)} }

// add adds an entry. It never blocks.
func (c *clearing) add(e store.Due) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = append(c.entries, e)
	c.tell()
}

// addFew adds an entry, unless there are too many.
func (c *clearing) addFew(e store.Due) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxClearing {
		return false
	}
	c.entries = append(c.entries, e)
	c.tell()
	return true
}

func (c *clearing) tell() {
	select {
	case c.some <- struct{}{}:
	default:
	}
}

// take takes the eldest entries, as many as there are up to most.
func (c *clearing) take(most int) []store.Due {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(most, len(c.entries))
	taken := c.entries[:n:n]
	if c.entries = c.entries[n:]; len(c.entries) == 0 {
		c.entries = nil // else what was taken long ago would be kept
	} else {
		c.tell()
	}
	return taken
}
