package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Source says where a read came from.
type Source struct {
	// Degraded: Redis is away, and the commander answered from its memory.
	Degraded bool `json:"degraded,omitempty"`
	// AsOf is when that memory last agreed with Redis.
	AsOf contracts.Time `json:"as_of,omitzero"`
}

// Mission is a mission and where the commander read it.
type Mission struct {
	contracts.Mission
	// Durable says what keeps a mission that was just submitted; empty in all other answers.
	Durable Durable `json:"durable,omitempty"`
	// ProgressText is what the handler said to its Progress; only from Get, of a mission that is not COMPLETED.
	ProgressText string `json:"progress_text,omitempty"`
	Source
}

// Durable says what keeps a mission that was just submitted.
type Durable string

// DurableBroker: Redis is away, and RabbitMQ keeps the mission. It is created once Redis is back; until then Get is a
// temporary Problem. Empty is how it is otherwise: the mission can be read at once.
const DurableBroker Durable = "broker"

// SubmitOptions are how a mission is submitted.
type SubmitOptions struct {
	// IdempotencyKey names this submission: for 24 h the same key with the same request gives the first mission again,
	// and with another request a Problem. Default a random one for each Submit, which makes its own retries safe. Give
	// your own where the whole call may be repeated, after a crash of the caller for example.
	IdempotencyKey string
	// NoKey sends no key, and then makes one try. While Redis is away the commander accepts only what has none; after an
	// error it is unknown whether the mission was created, and no call finds out.
	NoKey bool
}

// maxKey bounds an idempotency key, in bytes.
const maxKey = 255

// NewIdempotencyKey returns a random key.
func NewIdempotencyKey() string { return rand.Text() }

// Submit asks for a mission. It returns once the commander has promised it.
//
// After an UnreachableError or a temporary Problem it is unknown whether the mission was created; calling again with
// the same IdempotencyKey finds out.
func (c *Client) Submit(ctx context.Context, r contracts.MissionRequest, o SubmitOptions) (Mission, error) {
	body, err := encode(r)
	if err != nil {
		return Mission{}, fmt.Errorf("encoding the mission request: %w", err)
	}
	var m Mission
	if err := c.submit(ctx, call{method: http.MethodPost, path: "/missions", body: body, into: &m}, o); err != nil {
		return Mission{}, fmt.Errorf("submitting mission %q: %w", r.Name, err)
	}
	return m, nil
}

// submit makes tries under one key, or a single one without.
func (c *Client) submit(ctx context.Context, k call, o SubmitOptions) error {
	if o.NoKey {
		if o.IdempotencyKey != "" {
			return errors.New("both an IdempotencyKey and NoKey are given: choose one")
		}
		return c.once(ctx, k)
	}
	if k.key = o.IdempotencyKey; k.key == "" {
		k.key = NewIdempotencyKey()
	}
	if len(k.key) > maxKey || strings.IndexFunc(k.key, func(r rune) bool { return r < '!' || r > '~' }) >= 0 {
		return fmt.Errorf("an IdempotencyKey is 1 to %d printable ASCII characters without spaces, got %q", maxKey, k.key)
	}
	_, err := c.do(ctx, k)
	return err
}

// Batch is missions that were submitted together.
type Batch struct {
	// Missions are in the order of the requests, without payloads.
	Missions []contracts.Mission `json:"missions"`
	// Durable says what keeps them.
	Durable Durable `json:"durable,omitempty"`
}

// SubmitBatch asks for 1 to contracts.MaxBatchMissions missions, which are promised all or none. The
// IdempotencyKey is that of the whole; otherwise it is as Submit.
func (c *Client) SubmitBatch(ctx context.Context, rs []contracts.MissionRequest, o SubmitOptions) (Batch, error) {
	body, err := encode(contracts.BatchRequest{Missions: rs})
	if err != nil {
		return Batch{}, fmt.Errorf("encoding the mission requests: %w", err)
	}
	var b Batch
	if err := c.submit(ctx, call{method: http.MethodPost, path: "/missions/batch", body: body, long: true, into: &b}, o); err != nil {
		return Batch{}, fmt.Errorf("submitting %d missions: %w", len(rs), err)
	}
	return b, nil
}

// encode leaves <, > and & as they are: escaped they take six bytes each, and a payload that fits would be too large.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Get returns one mission, with payload and result. Code `not_found` (404) means that there is none; `not_in_memory`
// (503) that the commander can't know while Redis is away.
func (c *Client) Get(ctx context.Context, id string) (Mission, error) {
	var m Mission
	if _, err := c.do(ctx, call{method: http.MethodGet, path: missionPath(id), into: &m}); err != nil {
		return Mission{}, fmt.Errorf("reading mission %s: %w", id, err)
	}
	return m, nil
}

// History is what happened to one mission.
type History struct {
	// Lines are oldest first.
	Lines []contracts.HistoryLine `json:"history"`
	// Dropped is how many lines in the middle were given up to keep the history short.
	Dropped int `json:"dropped,omitempty"`
	Source
}

// History returns every change of a mission, and the updates that were refused.
func (c *Client) History(ctx context.Context, id string) (History, error) {
	var h History
	if _, err := c.do(ctx, call{method: http.MethodGet, path: missionPath(id) + "/history", into: &h}); err != nil {
		return History{}, fmt.Errorf("reading the history of mission %s: %w", id, err)
	}
	return h, nil
}

// Cancel asks for a mission's end. A waiting one is CANCELLED in the answer; a running one has CancelRequested, and ends
// soon, perhaps as COMPLETED. A mission that had ended before is a Problem with status 409.
func (c *Client) Cancel(ctx context.Context, id string) (Mission, error) {
	var m Mission
	tries, err := c.do(ctx, call{method: http.MethodPost, path: missionPath(id) + "/cancel", into: &m})
	if err == nil {
		return m, nil
	}
	var p *Problem
	if tries > 1 && errors.As(err, &p) && p.Status == http.StatusConflict {
		// An earlier try of this very call may have done it, and only its answer was lost.
		if now, getErr := c.Get(ctx, id); getErr == nil && now.Status == contracts.StatusCancelled {
			return now, nil
		}
	}
	return Mission{}, fmt.Errorf("cancelling mission %s: %w", id, err)
}

// Retry has a FAILED or CANCELLED mission sent out again, as one more attempt. Any other status is a Problem with status
// 409.
//
// It is tried once, since a second try could start a second attempt. After an UnreachableError or a temporary Problem the
// mission's Attempt, as Get shows it, tells whether this took effect.
func (c *Client) Retry(ctx context.Context, id string) (Mission, error) {
	var m Mission
	if err := c.once(ctx, call{method: http.MethodPost, path: missionPath(id) + "/retry", into: &m}); err != nil {
		return Mission{}, fmt.Errorf("retrying mission %s: %w", id, err)
	}
	return m, nil
}

// ListOptions filter a list. Empty fields filter nothing.
type ListOptions struct {
	Status contracts.Status
	Kind   string
	Squad  string
	// Label is one that a mission must have.
	Label contracts.Label
	// Search is a mission's whole id, or the beginning of a name, which is looked for among the newest
	// contracts.SearchWindow missions; see Page.Searched.
	Search string
	// PageSize is how many missions one request asks for, 1 to contracts.MaxListLimit. Default
	// contracts.DefaultListLimit. It doesn't bound the list: stop ranging for that.
	PageSize int
	// Cursor is a Page's NextCursor: the list goes on behind it.
	Cursor string
}

// Page is a part of a list, newest first, without payloads and results.
type Page struct {
	Missions []contracts.Mission `json:"missions"`
	// NextCursor is empty on the last page.
	NextCursor string `json:"next_cursor"`
	// Complete: the list has all missions there are, not only those in the commander's memory.
	Complete bool `json:"complete"`
	// Searched is how many missions a search looks at, the newest; 0 where it looks at all.
	Searched int `json:"searched,omitempty"`
	Source
}

func (o ListOptions) query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("status", string(o.Status))
	set("kind", o.Kind)
	set("squad", o.Squad)
	set("q", o.Search)
	if o.Label != (contracts.Label{}) {
		q.Set("label", o.Label.String())
	}
	set("cursor", o.Cursor)
	if o.PageSize != 0 {
		q.Set("limit", strconv.Itoa(o.PageSize))
	}
	return q
}

// ListPage returns one page.
func (c *Client) ListPage(ctx context.Context, o ListOptions) (Page, error) {
	p := Page{Complete: true} // said only where it is not
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/missions", query: o.query(), into: &p}); err != nil {
		return Page{}, fmt.Errorf("listing missions: %w", err)
	}
	return p, nil
}

// List ranges over all missions that fit, newest first, fetching pages as it goes. An error ends it.
func (c *Client) List(ctx context.Context, o ListOptions) iter.Seq2[contracts.Mission, error] {
	return func(yield func(contracts.Mission, error) bool) {
		for {
			page, err := c.ListPage(ctx, o)
			if err != nil {
				yield(contracts.Mission{}, err)
				return
			}
			for _, m := range page.Missions {
				if !yield(m, nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			o.Cursor = page.NextCursor
		}
	}
}

func missionPath(id string) string { return "/missions/" + url.PathEscape(id) }
