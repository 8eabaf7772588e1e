// Package partlog takes what the parts of a local stack print: all of it goes to a file of bounded size, and the lines
// that a person at the terminal should see go to a callback.
//
// A file that can't be written does not disturb the part: its lines still reach the callback, and Close tells.
package partlog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// DefaultLimit is how large a file may grow before it becomes the older one: two files a part, at most.
const DefaultLimit = 10 << 20

// Config describes where a part's output goes.
type Config struct {
	// Path is the file; Path + ".old" is the one before it. Required; its folder is made when missing.
	Path string
	// Limit is its size in bytes. Default DefaultLimit.
	Limit int64
	// Line gets each whole line without its end, one after the other. nil drops them.
	Line func(line string)
}

// Log is an io.Writer for a part's output.
type Log struct {
	cfg Config

	mu      sync.Mutex
	file    *os.File
	size    int64
	failure error
	partial []byte
}

// maxLine bounds what is kept of a line without end.
const maxLine = 64 << 10

// Open opens the file, going on where an earlier run ended.
func Open(cfg Config) (*Log, error) {
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, fmt.Errorf("making the log folder: %w", err)
	}
	l := &Log{cfg: cfg}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open() error {
	file, err := os.OpenFile(l.cfg.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening a log file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("opening a log file: %w", err), file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Write never fails, so that a full disk does not end a part.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(b)
	l.tell(b)
	return len(b), nil
}

func (l *Log) keep(b []byte) {
	if l.file == nil {
		return
	}
	if l.size > 0 && l.size+int64(len(b)) > l.cfg.Limit {
		if err := l.turn(); err != nil {
			l.failure, l.file = err, nil
			return
		}
	}
	n, err := l.file.Write(b)
	l.size += int64(n)
	if err != nil && l.failure == nil {
		l.failure = fmt.Errorf("writing a log file: %w", err)
	}
}

// turn makes the file the older one and begins a new one.
func (l *Log) turn() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("closing a log file: %w", err)
	}
	if err := os.Rename(l.cfg.Path, l.cfg.Path+".old"); err != nil {
		return fmt.Errorf("turning a log file: %w", err)
	}
	return l.open()
}

func (l *Log) tell(b []byte) {
	if l.cfg.Line == nil {
		return
	}
	l.partial = append(l.partial, b...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 {
			break
		}
		l.cfg.Line(string(bytes.TrimRight(l.partial[:end], "\r")))
		l.partial = l.partial[end+1:]
	}
	if len(l.partial) > maxLine {
		l.partial = nil
	}
}

// Close closes the file and returns the first error that writing it met.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return l.failure
	}
	err := errors.Join(l.failure, l.file.Close())
	l.file = nil
	return err
}
