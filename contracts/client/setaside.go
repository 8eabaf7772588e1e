package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// SetAsideMessage is a message that was set aside for a person: refused, or unreadable.
type SetAsideMessage struct {
	// ID stays the same while the message is set aside. Messages that are the same in every byte share it.
	ID string `json:"id"`
	// Queue is where it lies, From where it came from and is sent again; empty where that is not known.
	Queue string `json:"queue"`
	From  string `json:"from,omitempty"`
	// Type is a contracts.MessageType, or whatever its publisher wrote.
	Type string `json:"type,omitempty"`
	// Reason is a stable code, Detail is for people.
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Size is the body's, in bytes. Body is the body where it is JSON, BodyBase64 where it is something else; over 64 KiB it
	// is neither.
	Size       int             `json:"size"`
	Body       json.RawMessage `json:"body,omitempty"`
	BodyBase64 []byte          `json:"body_base64,omitempty"`
}

// SetAsideCount is how many messages of a queue have a reason.
type SetAsideCount struct {
	Queue    string `json:"queue"`
	Reason   string `json:"reason"`
	Messages int    `json:"messages"`
}

// SetAside is what is set aside.
type SetAside struct {
	// Messages are, as a rule, the oldest of each queue first.
	Messages []SetAsideMessage `json:"messages"`
	// Counts are of all that fits.
	Counts []SetAsideCount `json:"counts"`
	// Complete: Messages are all that fit. What another call looks at in that moment is never among them.
	Complete bool `json:"complete"`
}

// SetAsideFilter chooses messages. Empty fields choose all.
type SetAsideFilter struct{ Queue, Reason string }

func (f SetAsideFilter) query() url.Values {
	q := url.Values{}
	if f.Queue != "" {
		q.Set("queue", f.Queue)
	}
	if f.Reason != "" {
		q.Set("reason", f.Reason)
	}
	return q
}

// SetAsideDone is what an action did.
type SetAsideDone struct {
	// Messages were sent again or dropped. Skipped can't be sent again: nobody knows where they came from, or that queue is no
	// more.
	Messages int `json:"messages"`
	Skipped  int `json:"skipped"`
	// Complete: all was looked at, and none was left as its like was sent in this call. Otherwise there is more: ask again.
	Complete bool `json:"complete"`
}

// ListSetAside returns what is set aside, up to limit messages of it: 1 to contracts.MaxListLimit, 0 for
// contracts.DefaultListLimit. It may take 60 s, like all that follow: see DefaultLongTimeout.
func (c *Client) ListSetAside(ctx context.Context, f SetAsideFilter, limit int) (SetAside, error) {
	q := f.query()
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var s SetAside
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/set-aside", query: q, long: true, into: &s}); err != nil {
		return SetAside{}, fmt.Errorf("listing what is set aside: %w", err)
	}
	return s, nil
}

// ResendSetAside sends one message again to the queue that it came from. It is tried once, like all that follow: after an
// UnreachableError or a temporary Problem the message may be sent and still be set aside.
func (c *Client) ResendSetAside(ctx context.Context, id string) (SetAsideDone, error) {
	return c.actOnSetAside(ctx, call{method: http.MethodPost, path: setAsidePath(id) + "/resend"})
}

// DropSetAside drops one message for good.
func (c *Client) DropSetAside(ctx context.Context, id string) (SetAsideDone, error) {
	return c.actOnSetAside(ctx, call{method: http.MethodDelete, path: setAsidePath(id)})
}

// ResendAllSetAside sends all messages of a queue again, or of a reason there. The queue is required.
func (c *Client) ResendAllSetAside(ctx context.Context, f SetAsideFilter) (SetAsideDone, error) {
	return c.actOnSetAside(ctx, call{method: http.MethodPost, path: "/set-aside/resend", query: f.query()})
}

// DropAllSetAside drops all messages of a queue for good, or of a reason there. The queue is required.
func (c *Client) DropAllSetAside(ctx context.Context, f SetAsideFilter) (SetAsideDone, error) {
	return c.actOnSetAside(ctx, call{method: http.MethodDelete, path: "/set-aside", query: f.query()})
}

func (c *Client) actOnSetAside(ctx context.Context, k call) (SetAsideDone, error) {
	var d SetAsideDone
	k.into, k.long = &d, true
	if err := c.once(ctx, k); err != nil {
		return SetAsideDone{}, fmt.Errorf("acting on what is set aside: %w", err)
	}
	return d, nil
}

func setAsidePath(id string) string { return "/set-aside/" + url.PathEscape(id) }
