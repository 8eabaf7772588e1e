package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// keyView is a concurrency key.
type keyView struct {
	Key string `json:"key"`
	contracts.Limit
	// Default: nobody set the limit.
	Default bool `json:"default,omitempty"`
	// Admitted may run: they do, or are ordered. Waiting wait for that.
	Admitted int `json:"admitted"`
	Waiting  int `json:"waiting"`
}

func viewOf(k limits.Key) keyView {
	return keyView{Key: k.Name, Limit: k.Limit, Default: !k.Set, Admitted: k.Admitted, Waiting: k.Waiting}
}

type keyList struct {
	Limits []keyView `json:"limits"`
}

func (s *Server) listLimits(ctx context.Context, c *fiber.Ctx) error {
	keys, err := s.deps.Limits.List(ctx)
	if err != nil {
		return err
	}
	list := keyList{Limits: make([]keyView, len(keys))}
	for i, k := range keys {
		list.Limits[i] = viewOf(k)
	}
	return sendJSON(c, http.StatusOK, list)
}

func (s *Server) getLimit(ctx context.Context, c *fiber.Ctx) error {
	return s.onKey(c, func(key string) (limits.Key, error) { return s.deps.Limits.Get(ctx, key) })
}

func (s *Server) putLimit(ctx context.Context, c *fiber.Ctx) error {
	return s.onKey(c, func(key string) (limits.Key, error) {
		body, err := jsonBody(c, contracts.MaxBodySize)
		if err != nil {
			return limits.Key{}, err
		}
		l, err := decodeLimit(body)
		if err != nil {
			return limits.Key{}, err
		}
		return s.deps.Limits.Set(ctx, key, l)
	})
}

func (s *Server) deleteLimit(ctx context.Context, c *fiber.Ctx) error {
	return s.onKey(c, func(key string) (limits.Key, error) {
		if err := noBody(c); err != nil {
			return limits.Key{}, err
		}
		return s.deps.Limits.Remove(ctx, key)
	})
}

// onKey does something with the key in the path, and shows the key as it then is.
func (s *Server) onKey(c *fiber.Ctx, do func(key string) (limits.Key, error)) error {
	key, err := url.PathUnescape(strings.Clone(c.Params("key")))
	if err != nil || !contracts.ValidConcurrencyKey(key) {
		return &contracts.ValidationError{Fields: []contracts.FieldError{{
			Field: "key", Code: "invalid", Message: "must be a concurrency key, percent-encoded: 1 to 200 bytes of printable UTF-8",
		}}}
	}
	k, err := do(key)
	if errors.Is(err, limits.ErrNotSupported) {
		return &contracts.ValidationError{Fields: []contracts.FieldError{ungated("key")}}
	}
	if r, is := limitRefusal(err); is {
		return r
	}
	if err != nil {
		return fmt.Errorf("limit of a concurrency key: %w", err)
	}
	return sendJSON(c, http.StatusOK, viewOf(k))
}

// limitRefusal is the answer to a limit that can't be written; false where err is something else.
func limitRefusal(err error) (refusal, bool) {
	switch {
	case errors.Is(err, limits.ErrFull):
		return refusal{status: http.StatusConflict, code: "limits_full",
			detail: "As many limits are set as may be, 1000. Remove one that nobody needs: see GET /limits."}, true
	case errors.Is(err, store.ErrDocumentChanged):
		return refusal{status: http.StatusServiceUnavailable, code: "contended", retryAfter: retrySoon,
			detail: "Others changed this limit at the same time, again and again. Send the request again."}, true
	}
	return refusal{}, false
}

// decodeLimit reads the body of PUT /limits/{key}, and of a squad's.
func decodeLimit(body []byte) (contracts.Limit, error) {
	var l contracts.Limit
	members, err := object(body)
	if err != nil {
		return l, err
	}
	var bad []contracts.FieldError
	given := false
	for _, m := range members {
		var wrong contracts.FieldError
		var is bool
		switch m.Key {
		case "max_running":
			given = true
			wrong, is = misread(m, m.Key, aNumber, decodeNumber(m.Value, &l.MaxRunning))
		case "rate":
			var fields []contracts.FieldError
			l.Rate, fields = decodeRate(m.Value)
			bad = append(bad, fields...)
		default:
			wrong, is = unknownField(m.Key), true
		}
		if is && len(bad) < maxErrors {
			bad = append(bad, wrong)
		}
	}
	if !given {
		bad = append(bad, contracts.FieldError{Field: "max_running", Code: "required",
			Message: fmt.Sprintf("must be 1 to %d", contracts.MaxRunningLimit)})
	}
	if bad != nil {
		return l, &contracts.ValidationError{Fields: bad}
	}
	return l, l.Validate()
}

func decodeRate(value json.RawMessage) (*contracts.Rate, []contracts.FieldError) {
	members, err := strictjson.Object(value, contracts.MaxJSONDepth)
	if err != nil {
		return nil, []contracts.FieldError{{Field: "rate", Code: "invalid", Message: err.Error()}}
	}
	r := &contracts.Rate{}
	var bad []contracts.FieldError
	for _, m := range members {
		to := map[string]*int{"starts": &r.Starts, "period_seconds": &r.PeriodSeconds}[m.Key]
		wrong, is := unknownField("rate."+m.Key), true
		if to != nil {
			wrong, is = misread(m, "rate."+m.Key, aNumber, decodeNumber(m.Value, to))
		}
		if is && len(bad) < maxErrors {
			bad = append(bad, wrong)
		}
	}
	return r, bad
}

// gated refuses requests for missions with a concurrency key where there can be none; field tells which one it is.
func (s *Server) gated(rs []contracts.MissionRequest, field func(i int) string) error {
	if s.deps.Limits.Supported() == nil {
		return nil
	}
	var bad []contracts.FieldError
	for i, r := range rs {
		if r.ConcurrencyKey != "" && len(bad) < maxErrors {
			bad = append(bad, ungated(field(i)))
		}
	}
	if bad == nil {
		return nil
	}
	return &contracts.ValidationError{Fields: bad}
}

func ungated(field string) contracts.FieldError {
	return notSupported(field, "there are no concurrency keys where missions lie in more than one shard (COMMANDER_REDIS_SHARDS); leave it out")
}
