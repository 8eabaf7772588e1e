package contracts

import (
	"errors"
	"fmt"
)

// Sentinels of this package. Compare with errors.Is.
var (
	// ErrUnsupportedVersion: the message was written by a release too far from this one; upgrade the older side.
	ErrUnsupportedVersion = errors.New("message version not supported")
	// ErrUnknownType: the message says that it is something that this reader does not know.
	ErrUnknownType = errors.New("unknown message type")
	// ErrMalformed: the message can't be read, or lacks what its type needs.
	ErrMalformed = errors.New("malformed message")
	// ErrForgedTicket: the ticket's MAC does not fit its content.
	ErrForgedTicket = errors.New("ticket is forged or was signed with another key")
)

// IllegalTransitionError says that a mission can't go from one status to the other.
type IllegalTransitionError struct{ From, To Status }

func (e *IllegalTransitionError) Error() string {
	return fmt.Sprintf("a mission can't go from %s to %s", e.From, e.To)
}

// FieldError says what is wrong with one field, in words that its sender can act on.
type FieldError struct {
	// Field is the JSON path, such as `name` or `missions[3].payload`.
	Field string `json:"field"`
	// Code is stable: required, too_long, too_large, too_small, invalid, unknown, not_supported.
	Code string `json:"code"`
	// Message names the limit and what to do.
	Message string `json:"message"`
}

func (e FieldError) Error() string { return e.Field + ": " + e.Message }

// Of returns the error as one of a part of a larger request: Of("missions[3]") of `name` is of `missions[3].name`.
func (e FieldError) Of(part string) FieldError {
	e.Field = part + "." + e.Field
	return e
}

// ValidationError collects every FieldError of one request.
type ValidationError struct{ Fields []FieldError }

func (e *ValidationError) Error() string {
	if len(e.Fields) == 1 {
		return e.Fields[0].Error()
	}
	return fmt.Sprintf("%d fields are invalid, first %s", len(e.Fields), e.Fields[0].Error())
}
