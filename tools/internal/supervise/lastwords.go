package supervise

import (
	"io"
	"strings"
	"sync"
)

// lastWords passes output on and keeps the end of it.
type lastWords struct {
	mu   sync.Mutex
	next io.Writer // may be nil
	kept []byte
}

const keptBytes = 8 << 10

func (w *lastWords) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, b...)
	if over := len(w.kept) - keptBytes; over > 0 {
		w.kept = append(w.kept[:0], w.kept[over:]...)
	}
	if w.next == nil {
		return len(b), nil
	}
	return w.next.Write(b)
}

func (w *lastWords) last(n int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(w.kept)), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
