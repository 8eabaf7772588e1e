package dispatch

import "sync"

// fifo is what waits for somebody to take it, some at a time. It is safe for concurrent use.
type fifo[T any] struct {
	most int
	// some has an item while there may be something.
	some chan struct{}

	mu    sync.Mutex
	items []T
}

func newFIFO[T any](most int) *fifo[T] { return &fifo[T]{most: most, some: make(chan struct{}, 1)} }

// add adds an item, however many there are. It never blocks.
func (f *fifo[T]) add(item T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, item)
	f.tell()
}

// offer adds an item, unless there are as many as may wait.
func (f *fifo[T]) offer(item T) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.items) >= f.most {
		return false
	}
	f.items = append(f.items, item)
	f.tell()
	return true
}

func (f *fifo[T]) tell() {
	select {
	case f.some <- struct{}{}:
	default:
	}
}

// take takes the eldest items, up to so many.
func (f *fifo[T]) take(most int) []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(most, len(f.items))
	taken := f.items[:n:n]
	if f.items = f.items[n:]; len(f.items) == 0 {
		f.items = nil // else what was taken long ago would be kept
	} else {
		f.tell()
	}
	return taken
}

// room is how many more may wait.
func (f *fifo[T]) room() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(0, f.most-len(f.items))
}
