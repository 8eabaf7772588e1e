package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Problem is the body of every refusal (RFC 9457).
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Code     string `json:"code"`
	Instance string `json:"instance"`
	// MissionID is who has the unique key.
	MissionID string                 `json:"mission_id,omitempty"`
	Errors    []contracts.FieldError `json:"errors,omitempty"`
}

// refusal is an answer to a request that can't be served. As an error it is what this package itself finds.
type refusal struct {
	status int
	code   string
	detail string
	errors []contracts.FieldError
	// mission is a mission that the refusal names.
	mission string
	// retryAfter is in seconds; 0 sends none.
	retryAfter int
}

func (r refusal) Error() string { return r.code + ": " + r.detail }

// panicError is a handler's panic.
type panicError struct {
	value any
	stack []byte
}

func (e panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// The Retry-After, in seconds, of what is over as soon as a server is back, and of what takes until it is.
const (
	retrySoon  = 2
	retryLater = 10
)

// refusalOf is the one place that knows which error is which answer.
func refusalOf(err error) refusal {
	var own refusal
	var invalid *contracts.ValidationError
	var state *mission.StateError
	var taken *mission.TakenError
	var syntax *strictjson.SyntaxError
	var server *fiber.Error
	for _, of := range []func(error) (refusal, bool){squadRefusal, bulkRefusal} {
		if r, is := of(err); is {
			return r
		}
	}
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &invalid):
		return invalidRefusal(invalid.Fields)
	case errors.As(err, &syntax):
		return refusal{status: http.StatusBadRequest, code: "invalid_json",
			detail: "The body is not JSON that is read here: " + syntax.Error() + "."}
	case errors.As(err, &state):
		return refusal{status: http.StatusConflict, code: "wrong_status",
			detail: fmt.Sprintf("Mission %s is %s: it can't %s.", state.MissionID, state.Status, state.Action)}
	case errors.As(err, &taken):
		return takenRefusal(taken)
	case errors.Is(err, mission.ErrApart):
		return invalidRefusal([]contracts.FieldError{notSupported("unique_key",
			"can't be given in a batch where Redis has more than one shard: send each such mission alone")})
	case errors.Is(err, mission.ErrIdempotencyMismatch):
		return refusal{status: http.StatusUnprocessableEntity, code: "idempotency_key_reused",
			detail: "The Idempotency-Key was used before with another body. Take a new key for a new mission, or send the first body again.",
			errors: []contracts.FieldError{{Field: headerIdempotencyKey, Code: "invalid", Message: "was used before with another body"}}}
	case errors.Is(err, mission.ErrRemoved):
		return refusal{status: http.StatusConflict, code: "mission_removed",
			detail: "The Idempotency-Key was used before; what it ordered has ended, and was removed since (COMMANDER_KEEP_...). Nothing is ordered twice: take a new key to order it anew."}
	case errors.Is(err, schedule.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found", detail: "There is no schedule of that name. Look it up with GET /schedules."}
	case errors.Is(err, store.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found", detail: "There is no mission with that id. Look it up with GET /missions."}
	case errors.Is(err, store.ErrCursor):
		return invalidRefusal([]contracts.FieldError{{
			Field: "cursor", Code: "invalid", Message: "must be the next_cursor of a list; leave it out to begin anew",
		}})
	case errors.Is(err, store.ErrNotInMemory):
		return refusal{status: http.StatusServiceUnavailable, code: "not_in_memory", retryAfter: retrySoon,
			detail: "Redis is away, and what this asks for is not in memory. It may well exist: ask again when GET /health is ok."}
	case errors.Is(err, setaside.ErrBusy):
		return refusal{status: http.StatusServiceUnavailable, code: "broker_unavailable", retryAfter: retryLater,
			detail: "Another call looks through what is set aside, or has what this one looks for, so this one did nothing. Ask again."}
	case errors.Is(err, setaside.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found",
			detail: "No set-aside message has that id, or another call looks at it just now. Look it up with GET /set-aside."}
	case errors.Is(err, setaside.ErrNoTarget):
		return refusal{status: http.StatusConflict, code: "no_target",
			detail: "It is not known from which queue this message came, or that queue is no more, so it can't be sent again. Drop it, or send it yourself."}
	case errors.Is(err, setaside.ErrUnavailable):
		return refusal{status: http.StatusServiceUnavailable, code: "broker_unavailable", retryAfter: retrySoon,
			detail: "RabbitMQ is away or too slow, or its queue is full: this is done in part, or not at all. What is not done is still set aside. Ask again once GET /health is ok."}
	case errors.Is(err, submit.ErrFull):
		return refusal{status: http.StatusServiceUnavailable, code: "submissions_full", retryAfter: retryLater,
			detail: "Redis is away or too slow, and as many missions wait for it at RabbitMQ as may. It is unknown whether the request took effect: send it again once GET /health is ok. With an Idempotency-Key from the start nothing is carried out twice."}
	case errors.Is(err, submit.ErrTooLarge):
		return refusal{status: http.StatusServiceUnavailable, code: "store_unavailable", retryAfter: retrySoon,
			detail: fmt.Sprintf("Redis is away or too slow, and this is too large to wait for it at RabbitMQ: over %d MiB. It is unknown whether the request took effect: send it again, or smaller batches, once GET /health is ok. With an Idempotency-Key from the start nothing is carried out twice.",
				contracts.MaxSubmissionSize>>20)}
	case errors.Is(err, submit.ErrNeedsStore):
		return refusal{status: http.StatusServiceUnavailable, code: "store_unavailable", retryAfter: retrySoon,
			detail: "Redis is away or too slow, and only there it is known whether the Idempotency-Key was used, or the unique_key is taken. It is unknown whether the request took effect: send it again, with the same key, once GET /health is ok. Without either it is accepted while Redis is away."}
	case errors.Is(err, submit.ErrBothAway):
		return refusal{status: http.StatusServiceUnavailable, code: "store_unavailable", retryAfter: retrySoon,
			detail: "Redis is away or too slow, and RabbitMQ did not take the missions either. It is unknown whether the request took effect: send it again once GET /health is ok, or degraded by one of them alone. With an Idempotency-Key from the start nothing is carried out twice."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return refusal{status: http.StatusServiceUnavailable, code: "store_unavailable", retryAfter: retrySoon,
			detail: "Redis is away or too slow, so it is unknown whether the request took effect. Send it again once GET /health is ok; an order for a mission with the same Idempotency-Key, so that it is not carried out twice."}
	case errors.Is(err, mission.ErrContended), errors.Is(err, schedule.ErrContended):
		return refusal{status: http.StatusServiceUnavailable, code: "contended", retryAfter: retrySoon,
			detail: "Others changed the same each time before this request could, so nothing was done. Send it again."}
	case errors.Is(err, events.ErrStopped), errors.Is(err, context.Canceled):
		return refusal{status: http.StatusServiceUnavailable, code: "stopping", retryAfter: retrySoon,
			detail: "This commander is shutting down. Ask another one, or this one again in a moment."}
	case errors.As(err, &server):
		return serverRefusal(server.Code)
	default:
		return refusal{status: http.StatusInternalServerError, code: "internal",
			detail: "Something went wrong here, and it is in the commander's log under this instance."}
	}
}

// ofReading is what a refusal says to a request that only reads: nothing took effect, nor could it.
func (r refusal) ofReading() refusal {
	if r.code == "store_unavailable" {
		r.detail = "Redis is away or too slow, and what this reads is there alone. Ask again once GET /health is ok."
	}
	return r
}

func invalidRefusal(fields []contracts.FieldError) refusal {
	r := refusal{status: http.StatusUnprocessableEntity, code: "not_supported", errors: fields,
		detail: "The request asks for what this release does not support yet: see errors."}
	for _, f := range fields {
		if f.Code != "not_supported" {
			r.code, r.detail = "invalid", "The request is readable but breaks the limits: see errors, then send it again."
		}
	}
	return r
}

// serverRefusal is for what fiber finds by itself, before or instead of a handler.
func serverRefusal(status int) refusal {
	switch status {
	case http.StatusNotFound:
		return refusal{status: status, code: "not_found", detail: "There is nothing at this path. What there is, is in /openapi.yaml."}
	case http.StatusMethodNotAllowed:
		return refusal{status: status, code: "method_not_allowed", detail: "This path takes other methods: see the header Allow."}
	case http.StatusRequestEntityTooLarge:
		return tooLarge(contracts.MaxBatchBodySize)
	case http.StatusRequestHeaderFieldsTooLarge:
		return refusal{status: status, code: "headers_too_large", detail: fmt.Sprintf("The request's head is over %d KiB. Send less of it.", headLimit>>10)}
	case http.StatusRequestTimeout:
		return refusal{status: status, code: "timeout", detail: fmt.Sprintf("The request did not arrive within %s. Send it again.", readLimit)}
	default:
		return refusal{status: http.StatusBadRequest, code: "bad_request", detail: "This is no HTTP request that is read here."}
	}
}

func takenRefusal(e *mission.TakenError) refusal {
	r := refusal{status: http.StatusConflict, code: "unique_key_taken", mission: e.Holder,
		detail: fmt.Sprintf("Mission %s has this unique_key and has not ended, so nothing was done. Wait for its end or cancel it, or take another key.", e.Holder)}
	if e.InBatch {
		r.errors = []contracts.FieldError{{
			Field: contracts.BatchField(e.Index) + ".unique_key", Code: "invalid", Message: "mission " + e.Holder + " has it and has not ended",
		}}
	}
	return r
}

func tooLarge(limit int) refusal {
	return refusal{status: http.StatusRequestEntityTooLarge, code: "body_too_large",
		detail: fmt.Sprintf("The body is over %d bytes (%d MiB). Send less at once, keep large inputs elsewhere, and send where they are.",
			limit, limit>>20)}
}

// refuse writes the problem for err. It is also fiber's error handler.
func (s *Server) refuse(c *fiber.Ctx, err error) error {
	r := refusalOf(err)
	if c.Method() == http.MethodGet {
		r = r.ofReading()
	}
	id := identify(c)
	if r.status == http.StatusInternalServerError {
		fields := []zap.Field{zap.String("request", id), zap.Error(err)}
		if p, ok := errors.AsType[panicError](err); ok {
			fields = append(fields, zap.ByteString("stack", p.stack))
		}
		s.log.Error("request failed", fields...)
	}
	if errors.Is(err, fiber.ErrRequestEntityTooLarge) { // found before the body was read
		linger(c)
	}
	if r.retryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(r.retryAfter))
	}
	if r.status == http.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="mission-control"`)
	}
	return send(c, r.status, "application/problem+json", r.problem("urn:uuid:"+id))
}

func (r refusal) problem(instance string) Problem {
	return Problem{
		Type: "about:blank", Title: http.StatusText(r.status), Status: r.status, Detail: r.detail, Code: r.code,
		Instance: instance, MissionID: r.mission, Errors: r.errors,
	}
}
