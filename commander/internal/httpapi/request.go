package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	headerLastEventID    = "Last-Event-ID"
	// maxIdempotencyKey is the longest key, in characters; idempotencyTTL is how long it is remembered.
	maxIdempotencyKey = 255
	idempotencyTTL    = 24 * time.Hour
	// maxOpaque is the longest cursor or event id that is looked at, in bytes.
	maxOpaque = 1024
)

// checkParams refuses query parameters that the route does not know, and those that stand twice where they may not.
func checkParams(c *fiber.Ctx, r route) error {
	if c.Context().QueryArgs().Len() == 0 {
		return nil
	}
	seen := map[string]bool{}
	var bad []contracts.FieldError
	for k := range c.Context().QueryArgs().All() {
		name := string(k)
		field := contracts.FieldError{Field: clip(strings.ToValidUTF8(name, "?"))}
		switch {
		case !slices.Contains(r.params, name):
			field.Code, field.Message = "unknown", "is no parameter of this call; leave it out"
		case seen[name] && !slices.Contains(r.repeated, name):
			field.Code, field.Message = "invalid", "stands twice; give it once"
		default:
			seen[name] = true
			continue
		}
		if !slices.Contains(bad, field) {
			bad = append(bad, field)
		}
	}
	if bad != nil {
		return &contracts.ValidationError{Fields: bad}
	}
	return nil
}

// param returns a copy of a query parameter, and whether it was given.
func param(c *fiber.Ctx, name string) (string, bool) {
	args := c.Context().QueryArgs()
	return string(args.Peek(name)), args.Has(name)
}

// missionID returns a copy of the id in the path. What can't be an id is the id of no mission.
func missionID(c *fiber.Ctx) (string, error) {
	id := strings.Clone(c.Params("mission_id"))
	if !contracts.ValidMissionID(id) {
		return "", store.ErrNotFound
	}
	return id, nil
}

// jsonBody returns a copy of the body, if it says that it is JSON and has limit bytes at most.
func jsonBody(c *fiber.Ctx, limit int) ([]byte, error) {
	head := &c.Request().Header
	switch encoding := string(head.ContentEncoding()); {
	case !saysJSON(string(head.ContentType())):
		return nil, unsupportedMedia("Send the body as JSON in UTF-8, with Content-Type: application/json.")
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return nil, unsupportedMedia("Send the body as it is: compressed bodies are not read here.")
	}
	// The raw body: fiber's Body would decompress.
	body := c.Request().Body()
	if len(body) > limit {
		return nil, tooLarge(limit)
	}
	return bytes.Clone(body), nil
}

// saysJSON tells whether a Content-Type is that of JSON in UTF-8.
func saysJSON(contentType string) bool {
	if contentType == fiber.MIMEApplicationJSON { // as nearly everybody writes it
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == fiber.MIMEApplicationJSON && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func unsupportedMedia(detail string) refusal {
	return refusal{status: fiber.StatusUnsupportedMediaType, code: "unsupported_media_type", detail: detail}
}

// noBody accepts what some clients send where nothing is asked for: an empty object.
func noBody(c *fiber.Ctx) error {
	if len(c.Request().Body()) == 0 {
		return nil
	}
	body, err := jsonBody(c, contracts.MaxBodySize)
	if err != nil {
		return err
	}
	members, err := object(body)
	if err != nil {
		return err
	}
	var bad []contracts.FieldError
	for _, m := range members {
		bad = append(bad, unknownField(m.Key))
	}
	if bad != nil {
		return &contracts.ValidationError{Fields: bad}
	}
	return nil
}

// object reads the body strictly.
func object(body []byte) ([]strictjson.Member, error) {
	members, err := strictjson.Object(body, contracts.MaxJSONDepth)
	if e, ok := errors.AsType[*strictjson.NotObjectError](err); ok {
		return nil, &contracts.ValidationError{Fields: []contracts.FieldError{{Field: "body", Code: "invalid", Message: e.Error()}}}
	}
	return members, err
}

func unknownField(name string) contracts.FieldError {
	return contracts.FieldError{Field: clip(name), Code: "unknown", Message: "is no field of this request; leave it out"}
}

// clip keeps a name that a client made up short.
func clip(name string) string {
	if len(name) <= 64 {
		return name
	}
	return strings.ToValidUTF8(name[:64], "") + "..."
}

// idempotency returns the client's key for a body, nil without one. The hash is over the body's canonical form: a client
// that makes its JSON anew for a retry may order keys differently.
func idempotency(c *fiber.Ctx, body []byte) (*store.Idempotency, error) {
	sent := c.Request().Header.PeekAll(headerIdempotencyKey)
	if len(sent) == 0 {
		return nil, nil //nolint:nilnil // no key is no error
	}
	key := string(sent[0])
	visible := !strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' })
	if len(sent) > 1 || key == "" || len(key) > maxIdempotencyKey || !visible {
		return nil, &contracts.ValidationError{Fields: []contracts.FieldError{{
			Field: headerIdempotencyKey, Code: "invalid",
			Message: fmt.Sprintf("must be one value of 1 to %d visible ASCII characters", maxIdempotencyKey),
		}}}
	}
	canonical, err := strictjson.Canonical(body)
	if err != nil {
		return nil, fmt.Errorf("hash body: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return &store.Idempotency{Key: key, BodyHash: hex.EncodeToString(sum[:]), TTL: idempotencyTTL}, nil
}

// send writes an answer as JSON. Characters such as < stay as they are: this is no HTML.
func send(c *fiber.Ctx, status int, contentType string, v any) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	c.Status(status).Response().Header.SetContentType(contentType)
	return c.Send(b)
}

func encode(v any) ([]byte, error) {
	if a, is := v.(appender); is {
		b, err := a.appendJSON(nil)
		return append(b, '\n'), err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func sendJSON(c *fiber.Ctx, status int, v any) error {
	return send(c, status, fiber.MIMEApplicationJSON, v)
}
