package contracts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Version is the version of the messages that this release writes. Readers accept it and the one before it.
const Version = 1

// MessageType says what a message on a queue is. It stands in the body, and in the AMQP property `type`.
type MessageType string

// The message types.
const (
	TypeOrder   MessageType = "order"
	TypeOrders  MessageType = "orders"
	TypeStatus  MessageType = "status"
	TypeRenewal MessageType = "renewal"
	TypeMarker  MessageType = "marker"
	TypeAnswers MessageType = "answers"
	// TypeTelemetry is what handlers report while they run.
	TypeTelemetry MessageType = "telemetry"
	// TypeSubmission is between commanders.
	TypeSubmission MessageType = "submission"
)

// Header stands in every message.
type Header struct {
	V    int         `json:"v"`
	Type MessageType `json:"type"`
}

// header returns the Header that this release writes.
func header(t MessageType) Header { return Header{V: Version, Type: t} }

// encode returns v as JSON without HTML's escapes: they would make six bytes of each <, > and &, and so bring a payload, which
// travels as it was ordered, over its limit.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// PeekHeader reads what a body says of itself. It fails with ErrMalformed, or with ErrUnsupportedVersion for a
// version other than this one and the one before. Where the header comes first, as this release writes it, the rest of the
// body is not looked at: whether it can be read is found by its type's decoder.
func PeekHeader(body []byte) (Header, error) {
	var h Header
	r := reader{body: body}
	for name := r.first(); name != nil && (h.V == 0 || h.Type == ""); name = r.next() {
		r.header(&h, name)
	}
	if r.bad || h.V == 0 || h.Type == "" {
		h = Header{}
		if err := json.Unmarshal(body, &h); err != nil {
			return Header{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return h, h.checkVersion()
}

func (h Header) checkVersion() error {
	if h.V != Version && (h.V != Version-1 || h.V < 1) {
		return fmt.Errorf("%w: got %d, this release reads %d", ErrUnsupportedVersion, h.V, Version)
	}
	return nil
}

// head returns the header of a message that embeds it.
func (h *Header) head() *Header { return h }

// decode reads body as a message of the wanted type into dst, which is empty.
func decode(body []byte, want MessageType, dst interface{ head() *Header }) error {
	if err := json.Unmarshal(body, dst); err != nil {
		// Of another version or type, it need not be as we know it.
		if h, err := PeekHeader(body); err == nil || errors.Is(err, ErrUnsupportedVersion) {
			if err := h.check(want); err != nil {
				return err
			}
		}
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return dst.head().check(want)
}

func (h Header) check(want MessageType) error {
	if err := h.checkVersion(); err != nil {
		return err
	}
	if h.Type != want {
		return fmt.Errorf("%w: got %q, want %q", ErrUnknownType, h.Type, want)
	}
	return nil
}

// malformed says which field of a message is missing or wrong.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
