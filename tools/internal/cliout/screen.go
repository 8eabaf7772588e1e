package cliout

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// plainEvery is how often a status is printed where there is no terminal to keep it in place.
const plainEvery = 5 * time.Second

// Screen prints lines as they come, each with its time, and a status beneath them: in place on a terminal, now and then
// as a line of its own elsewhere. Its methods are safe for concurrent use.
type Screen struct {
	w        io.Writer
	terminal bool

	mu     sync.Mutex
	status string
	last   time.Time // of a status that was printed as a line
}

// NewScreen returns a Screen on w.
func NewScreen(w io.Writer) *Screen {
	return &Screen{w: w, terminal: Terminal(w), last: time.Now()}
}

// Line prints a line.
func (s *Screen) Line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := Clock(time.Now()) + "  " + Plain(fmt.Sprintf(format, args...))
	if s.status == "" {
		fmt.Fprintln(s.w, text)
		return
	}
	// Back to the line's start, erase it, and write the status anew beneath.
	fmt.Fprintf(s.w, "\r\x1b[2K%s\n%s", text, s.status)
}

// Status shows text beneath the lines.
func (s *Screen) Status(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.terminal:
		if text != s.status {
			s.status = text
			fmt.Fprintf(s.w, "\r\x1b[2K%s", text)
		}
	case time.Since(s.last) >= plainEvery:
		s.last = time.Now()
		fmt.Fprintln(s.w, Clock(s.last)+"  "+text)
	}
}

// Close leaves the last status where it is, and the cursor beneath it.
func (s *Screen) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != "" {
		s.status = ""
		fmt.Fprintln(s.w)
	}
}
