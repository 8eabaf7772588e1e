package up

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen writes whole lines for people: time, part, what happened.
type screen struct {
	mu     sync.Mutex
	out    io.Writer
	width  int            // of the column with the part's name
	recent map[string]int // warnings that a part has shown within the present window
	window time.Time
}

const (
	warningWindow = 10 * time.Second
	warningsShown = 10 // a part and a window
)

func newScreen(out io.Writer) *screen {
	return &screen{out: out, width: len("soldier-10"), recent: map[string]int{}}
}

// say writes one line about a part.
func (s *screen) say(part, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line(part, fmt.Sprintf(format, args...))
}

func (s *screen) line(part, text string) {
	fmt.Fprintf(s.out, "%s  %-*s  %s\n", time.Now().Format("15:04:05"), s.width, part, text)
}

// warn shows a line of a part's log, unless the part has shown many just now.
func (s *screen) warn(part, line, logFile string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.window) > warningWindow {
		s.window = now
		clear(s.recent)
	}
	s.recent[part]++
	switch n := s.recent[part]; {
	case n <= warningsShown:
		s.line(part, "| "+line)
	case n == warningsShown+1:
		s.line(part, "| and more of this: see "+logFile)
	}
}

// quote writes a part's last words below the line that tells of its death.
func (s *screen) quote(part, words string) {
	if words == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.SplitSeq(words, "\n") {
		s.line(part, "| "+line)
	}
}

// text writes lines as they are.
func (s *screen) text(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}
