package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/contracts"
)

const (
	// maxWatched is how many missions one stream may watch: each is read once a second.
	maxWatched = 16
	// maxPerSecond is how large the bound of a stream may be.
	maxPerSecond = 1000
)

func (s *Server) streamEvents(_ context.Context, c *fiber.Ctx) error {
	req, err := readStream(c, s.hub.Topics())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store, no-transform")
	c.Set("X-Accel-Buffering", "no")
	if c.Method() == fiber.MethodHead {
		return nil
	}
	conn := c.Context().Conn()
	req.SetWriteDeadline = conn.SetWriteDeadline
	stream, err := s.hub.Attach(req)
	if err != nil {
		return err
	}
	// The connection ends with its stream: a shutdown need not wait for what nobody will use again.
	c.Context().Response.SetConnectionClose()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) { stream.Run(w) })
	return nil
}

// readStream reads what a client wants of a stream that has these topics.
func readStream(c *fiber.Ctx, topics []string) (events.Request, error) {
	var req events.Request
	var wrong [4]*contracts.FieldError
	req.MissionID, req.Watch, wrong[0] = readWatched(c)
	req.PerSecond, wrong[1] = readPerSecond(c)
	req.Topics, wrong[2] = readTopics(c, topics)
	req.LastEventID, wrong[3] = readLastEventID(c)
	var bad []contracts.FieldError
	for _, w := range wrong {
		if w != nil {
			bad = append(bad, *w)
		}
	}
	if bad != nil {
		return req, &contracts.ValidationError{Fields: bad}
	}
	return req, nil
}

func readWatched(c *fiber.Ctx) (only string, watched []string, wrong *contracts.FieldError) {
	only, narrowed := param(c, "mission_id")
	if narrowed && !contracts.ValidMissionID(only) {
		return "", nil, invalidField("mission_id", "must be a mission's id, a UUID in lower case")
	}
	for _, v := range c.Context().QueryArgs().PeekMulti("watch") {
		watched = append(watched, string(v))
	}
	switch {
	case narrowed && watched != nil:
		wrong = invalidField("watch", "can't be given with mission_id, which watches that mission; leave one of them out")
	case len(watched) > maxWatched:
		wrong = &contracts.FieldError{Field: "watch", Code: "too_large", Message: fmt.Sprintf("may be given at most %d times", maxWatched)}
	case slices.ContainsFunc(watched, func(id string) bool { return !contracts.ValidMissionID(id) }):
		wrong = invalidField("watch", "must be a mission's id, a UUID in lower case")
	}
	return only, watched, wrong
}

func readPerSecond(c *fiber.Ctx) (int, *contracts.FieldError) {
	v, given := param(c, "per_second")
	if !given {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxPerSecond {
		return 0, invalidField("per_second", fmt.Sprintf("must be a whole number from 1 to %d", maxPerSecond))
	}
	return n, nil
}

func readTopics(c *fiber.Ctx, known []string) ([]string, *contracts.FieldError) {
	v, given := param(c, "topics")
	if !given {
		return []string{"stats", "soldiers", "health"}, nil
	}
	chosen := strings.Split(v, ",")
	if slices.ContainsFunc(chosen, func(name string) bool { return !slices.Contains(known, name) }) {
		return nil, invalidField("topics", "must be some of "+strings.Join(known, ", ")+", separated by commas")
	}
	return chosen, nil
}

func readLastEventID(c *fiber.Ctx) (string, *contracts.FieldError) {
	field := "last_event_id"
	id, _ := param(c, field)
	if v := string(c.Request().Header.Peek(headerLastEventID)); v != "" {
		field, id = headerLastEventID, v
	}
	if len(id) > maxOpaque {
		return "", &contracts.FieldError{Field: field, Code: "too_long", Message: fmt.Sprintf("must be the id of an event, at most %d bytes", maxOpaque)}
	}
	return id, nil
}

func invalidField(name, message string) *contracts.FieldError {
	return &contracts.FieldError{Field: name, Code: "invalid", Message: message}
}
