package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Problem is a refusal of the commander (RFC 9457).
type Problem struct {
	// Status is the HTTP status.
	Status int
	// Code is stable: compare it, never the texts. It may be empty where a proxy answered.
	Code string
	// Title and Detail are for people.
	Title, Detail string
	// Errors names the fields that are wrong.
	Errors []contracts.FieldError
	// MissionID names a mission that stands in the way; see TakenBy.
	MissionID string
	// RetryAfter is when the commander thinks that another try is worth it; 0 where it said nothing.
	RetryAfter time.Duration
}

// problemWire is a Problem as JSON. Its status is not read: the response line has it, and a number that contradicts it
// must not win.
type problemWire struct {
	Code   string                 `json:"code"`
	Title  string                 `json:"title"`
	Detail string                 `json:"detail"`
	Errors []contracts.FieldError `json:"errors"`

	MissionID string `json:"mission_id"`
}

// TakenBy returns the mission that has the UniqueKey which a Submit, a SubmitBatch or a Retry asked for, and which has not ended.
func TakenBy(err error) (missionID string, taken bool) {
	var p *Problem
	if errors.As(err, &p) && p.Code == "unique_key_taken" {
		return p.MissionID, true
	}
	return "", false
}

// Error says what is wrong and what to do, in one line.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.sentence())
	for i, f := range p.Errors {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(f.Error())
	}
	if p.Code == "" {
		fmt.Fprintf(&b, " (HTTP %d)", p.Status)
	} else {
		fmt.Fprintf(&b, " (%s, HTTP %d)", p.Code, p.Status)
	}
	return b.String()
}

// sentence is the commander's own, or one that fits the status.
func (p *Problem) sentence() string {
	if s := strings.TrimRight(strings.TrimSpace(p.Detail), "."); s != "" {
		return s
	}
	switch p.Status {
	case http.StatusUnauthorized:
		return "the commander asks for an API key: give the one in its COMMANDER_API_KEY"
	case http.StatusNotFound:
		return "the commander knows no such mission: check the id and the commander's URL"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "the commander can't do this now: try again in a moment, /health shows what is away"
	}
	if s := strings.TrimRight(strings.TrimSpace(p.Title), "."); s != "" {
		return s
	}
	return "the commander refused"
}

func (p *Problem) temporary() bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// UnreachableError says that no answer came: nobody listens there, the connection broke, or the try took too long.
// Whether the commander did what was asked is unknown.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string {
	why := "no answer from the commander at " + e.URL
	switch {
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "no commander listens at " + e.URL + ": start one with ./task up, or give the URL of one that runs"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return why + " in time: try again, or see whether it is overloaded"
	}
	return fmt.Sprintf("%s: %v", why, e.Err)
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// UnexpectedError says that what answered is no commander, or one of another version.
type UnexpectedError struct {
	URL         string
	Status      int
	ContentType string
	Err         error
}

func (e *UnexpectedError) Error() string {
	s := fmt.Sprintf("%s answered HTTP %d (%s), which no commander does: check the URL", e.URL, e.Status, orUnknown(e.ContentType))
	if e.Err != nil {
		s += fmt.Sprintf(" and its version (%v)", e.Err)
	}
	return s
}

// Unwrap returns the cause.
func (e *UnexpectedError) Unwrap() error { return e.Err }

func orUnknown(media string) string {
	if media == "" {
		return "unknown type"
	}
	return media
}

// Temporary tells whether the same call may succeed a moment later: no answer came, or the commander (or a proxy before
// it) said that something is away. It is false once the caller's own context ended.
func Temporary(err error) bool {
	var ended *endedError
	var unreachable *UnreachableError
	var problem *Problem
	switch {
	case errors.As(err, &ended):
		return false
	case errors.As(err, &unreachable):
		return true
	case errors.As(err, &problem):
		return problem.temporary()
	}
	return false
}

// unreachable wraps what the transport returned. ctx is the caller's: where that ended, it is the reason, and no more
// tries make sense.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("calling %s: %w", c.shown, context.Cause(ctx))
	}
	return &UnreachableError{URL: c.shown, Err: err}
}
