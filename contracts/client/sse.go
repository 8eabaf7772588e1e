package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// maxEvent bounds one event of a stream, in bytes.
const maxEvent = 4 << 20

var errEventTooLarge = errors.New("an event of the stream is larger than 4 MiB")

// frame is one event as it came over the wire.
type frame struct {
	event string // "message" where the stream named none
	data  []byte
}

// frames reads a text/event-stream (WHATWG HTML, section 9.2.6). Line ends may be LF, CR or CRLF; an event that the end
// of the stream cuts off is dropped.
type frames struct {
	r *bufio.Reader
	// lastID is the id to resume from: that of the last whole event, or block without data.
	lastID string
	// retry is the wait that the stream asked for before a reconnect; 0 where it asked for none.
	retry time.Duration

	line    []byte
	started bool // the first line, which may begin with a byte order mark, is behind
	skipLF  bool // the last line ended in CR: an LF that follows belongs to it
}

func newFrames(r io.Reader, lastID string) *frames {
	return &frames{r: bufio.NewReader(r), lastID: lastID}
}

// next returns the next event. After an error there are no more.
func (f *frames) next() (frame, error) {
	var e frame
	id := f.lastID
	hasData := false
	for {
		line, err := f.readLine()
		if err != nil {
			return frame{}, err
		}
		if len(line) == 0 {
			f.lastID = id
			if !hasData {
				e = frame{}
				continue
			}
			if e.event == "" {
				e.event = "message"
			}
			return e, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			e.event = string(value)
		case "data":
			if len(e.data)+len(value) > maxEvent {
				return frame{}, errEventTooLarge
			}
			if hasData {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			hasData = true
		case "id":
			if headerValue(string(value)) { // else it could not be sent to resume
				id = string(value)
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
				f.retry = time.Duration(ms) * time.Millisecond
			}
		}
	}
}

// readLine returns a line without its end. The slice is good until the next call.
func (f *frames) readLine() ([]byte, error) {
	f.line = f.line[:0]
	for {
		b, err := f.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if f.skipLF {
			f.skipLF = false
			if b == '\n' {
				continue
			}
		}
		if b == '\n' || b == '\r' {
			f.skipLF = b == '\r'
			if !f.started {
				f.started = true
				return bytes.TrimPrefix(f.line, []byte("\ufeff")), nil
			}
			return f.line, nil
		}
		if len(f.line) >= maxEvent {
			return nil, errEventTooLarge
		}
		f.line = append(f.line, b)
	}
}
