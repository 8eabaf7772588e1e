package soldier

import (
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/worker"
)

// Why a handler's context ended: context.Cause(ctx) is one of these.
var (
	// ErrTimeout: the mission's timeout_seconds are over.
	ErrTimeout = errors.New("mission ran past its timeout_seconds")
	// ErrDeadline: the mission's deadline_at has come. Whatever attempts are left, none follows.
	ErrDeadline = errors.New("mission ran past its deadline_at")
	// ErrCancelled: a client asked for the mission's cancellation.
	ErrCancelled = errors.New("mission was cancelled")
	// ErrSuperseded: the commander holds another execution for the current one, or has given this soldier up. Nothing
	// that this execution does counts any more: stop at once.
	ErrSuperseded = errors.New("mission was taken away from this soldier")
	// ErrDraining: the soldier stops. A handler that returns an error now hands its mission back unspent.
	ErrDraining = errors.New("soldier is stopping")
)

// ErrDrained is what Stop wraps where not everything came to its end in time.
var ErrDrained = errors.New("stopped with work unfinished: it starts again on another soldier once this one's lease is over")

// ConfigError says which field of Config is wrong, and what to do about it.
type ConfigError struct {
	Field  string
	Advice string
}

func (e *ConfigError) Error() string { return "soldier.Config." + e.Field + " " + e.Advice }

// Error fails a mission with a code of the handler's own. Any other error fails it with the code `failed`.
type Error struct {
	// Code is stable and short, for programs: at most 64 bytes.
	Code string
	// Message is for people; at most 8 KiB, cut beyond.
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// NoRetry returns err so that the mission FAILS with it now, however many attempts are left. It returns nil for nil.
func NoRetry(err error) error {
	if err == nil {
		return nil
	}
	return &retryError{error: err, never: true}
}

// RetryAfter returns err so that the next attempt, if one is left, comes after d, and not when the mission's own delay is
// over: where a service says when to come again. At once is 0; a d over 366 days counts as that. It returns nil for nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &retryError{error: err, after: min(max(d, time.Millisecond), contracts.MaxRunAtAhead)}
}

// retryError says something of the attempts that are left. Of several in a chain the outermost counts.
type retryError struct {
	error
	never bool
	after time.Duration
}

func (e *retryError) Unwrap() error { return e.error }

// failure returns a handler's error as a worker reports it.
func failure(err error) error {
	var own *Error
	var retry *retryError
	hasOwn, hasRetry := errors.As(err, &own), errors.As(err, &retry)
	if !hasOwn && !hasRetry {
		return err
	}
	f := &worker.Failure{Err: err}
	if hasOwn {
		f.Code, f.Err = own.Code, errors.New(own.Message)
	}
	if hasRetry {
		f.NoRetry, f.RetryAfter = retry.never, retry.after
	}
	return f
}

// Codes of package contracts that a handler may want to give, too.
const (
	// CodeInvalidPayload: the payload does not fit the handler's input type.
	CodeInvalidPayload = contracts.ErrorCodeInvalidPayload
	// CodeInvalidResult: the handler's result can't be written as JSON.
	CodeInvalidResult = contracts.ErrorCodeInvalidResult
)
