package soldier

import (
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Why a handler's context ended: context.Cause(ctx) is one of these.
var (
	// ErrTimeout: the mission's timeout_seconds are over.
	ErrTimeout = errors.New("mission ran past its timeout_seconds")
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

// Codes of package contracts that a handler may want to give, too.
const (
	// CodeInvalidPayload: the payload does not fit the handler's input type.
	CodeInvalidPayload = contracts.ErrorCodeInvalidPayload
	// CodeInvalidResult: the handler's result can't be written as JSON.
	CodeInvalidResult = contracts.ErrorCodeInvalidResult
)
