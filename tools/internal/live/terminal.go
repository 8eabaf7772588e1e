package live

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// Terminal is a Screen on a real one, from Open to Close.
type Terminal struct {
	in, out *os.File
	before  *term.State
	keys    chan byte
	palette Palette
}

// What a terminal is told. The alternate screen keeps what was on it before; lines that are too long are cut, not wrapped.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	leave = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	toEnd = "\x1b[K"
	below = "\x1b[J"
)

// Open takes a terminal over: keys come one by one, unseen, and Ctrl-C is a key. Close gives it back.
func Open(in, out *os.File) (*Terminal, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("taking over the terminal: %w", err)
	}
	t := &Terminal{in: in, out: out, before: before, keys: make(chan byte, 16)}
	if os.Getenv("NO_COLOR") != "" {
		t.palette = Uncoloured
	}
	if _, err := t.out.WriteString(enter); err != nil {
		_ = t.Close() // the first error says why
		return nil, fmt.Errorf("taking over the terminal: %w", err)
	}
	go t.read()
	return t, nil
}

// read ends with the terminal: nothing but a key ends a read of one, so a process that goes on after Close loses that key.
func (t *Terminal) read() {
	defer close(t.keys)
	b := make([]byte, 16)
	for {
		n, err := t.in.Read(b)
		for _, key := range b[:n] {
			select {
			case t.keys <- key:
			default: // nobody takes keys any more, or somebody leans on one
			}
		}
		if err != nil {
			return
		}
	}
}

// Close gives the terminal back as it was.
func (t *Terminal) Close() error {
	_, err := t.out.WriteString(leave)
	if restored := term.Restore(int(t.in.Fd()), t.before); restored != nil {
		err = restored
	}
	return err
}

// Size is 80 x 24 where the terminal doesn't tell.
func (t *Terminal) Size() (width, height int) {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// Keys is what is typed.
func (t *Terminal) Keys() <-chan byte { return t.keys }

// Draw writes over what is there, which flickers less than clearing first.
func (t *Terminal) Draw(lines []Line) error {
	width, _ := t.Size()
	var b strings.Builder
	b.WriteString(home)
	for i, l := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(l.Render(width, t.palette))
		if l.Width() < width { // else it would erase the last cell, where the cursor stays
			b.WriteString(toEnd)
		}
	}
	b.WriteString(below)
	_, err := t.out.WriteString(b.String())
	return err
}
