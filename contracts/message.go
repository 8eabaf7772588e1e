package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Version is the version of the messages that this release writes. Readers accept it and the one before it.
const Version = 1

// MessageType says what a message on a queue is. It stands in the body, and in the AMQP property `type`.
type MessageType string

// The message types.
const (
	TypeOrder   MessageType = "order"
	TypeStatus  MessageType = "status"
	TypeRenewal MessageType = "renewal"
	TypeMarker  MessageType = "marker"
	TypeAnswers MessageType = "answers"
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
// version other than this one and the one before.
func PeekHeader(body []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(body, &h); err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if h.V != Version && (h.V != Version-1 || h.V < 1) {
		return h, fmt.Errorf("%w: got %d, this release reads %d", ErrUnsupportedVersion, h.V, Version)
	}
	return h, nil
}

// decode reads body as a message of the wanted type into dst.
func decode(body []byte, want MessageType, dst any) error {
	h, err := PeekHeader(body)
	if err != nil {
		return err
	}
	if h.Type != want {
		return fmt.Errorf("%w: got %q, want %q", ErrUnknownType, h.Type, want)
	}
	if err := json.Unmarshal(body, dst); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// malformed says which field of a message is missing or wrong.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
