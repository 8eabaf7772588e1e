package cliout

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The exit codes.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
	// ExitVerdict: the command did its work, and the answer is bad.
	ExitVerdict = 3
	// ExitInterrupted is 128 + SIGINT, as shells have it.
	ExitInterrupted = 130
)

// ExitCodesHelp explains the exit codes to people.
const ExitCodesHelp = `Exit codes: 0 done; 1 it failed, standard error says why; 2 wrong usage; 3 the command did its
work and the answer is bad (the mission that was waited for did not complete, the commander is down, a drill found a
lost or doubled mission); 130 interrupted.`

// CodeError is an error with its exit code.
type CodeError struct {
	Code int
	Err  error
}

func (e *CodeError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *CodeError) Unwrap() error { return e.Err }

// Usage returns an error for a command line that makes no sense.
func Usage(format string, args ...any) error {
	return &CodeError{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// Verdict returns an error for a bad answer.
func Verdict(format string, args ...any) error {
	return &CodeError{Code: ExitVerdict, Err: fmt.Errorf(format, args...)}
}

// Exit prints err, if there is one, and returns the exit code that it stands for. Where ctx was ended by a signal, and
// the command had no better answer, that is ExitInterrupted.
func Exit(ctx context.Context, io Streams, err error) int {
	if err == nil {
		return ExitOK
	}
	var coded *CodeError
	if !errors.As(err, &coded) {
		if ctx.Err() != nil {
			fmt.Fprintln(io.Err, "missionctl: interrupted")
			return ExitInterrupted
		}
		coded = &CodeError{Code: ExitFailure, Err: err}
	}
	fmt.Fprintln(io.Err, "missionctl: "+strings.TrimSpace(err.Error()))
	return coded.Code
}
