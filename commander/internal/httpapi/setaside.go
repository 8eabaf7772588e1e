package httpapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/contracts"
)

// maxReason bounds a reason that is asked for, in bytes.
const maxReason = 255

func (s *Server) listSetAside(ctx context.Context, c *fiber.Ctx) error {
	f, bad := setAsideFilter(c)
	limit := contracts.DefaultListLimit
	if v, ok := param(c, "limit"); ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > contracts.MaxListLimit {
			bad = append(bad, contracts.FieldError{
				Field: "limit", Code: "invalid", Message: fmt.Sprintf("must be a whole number, 1 to %d", contracts.MaxListLimit),
			})
		}
		limit = n
	}
	if bad != nil {
		return &contracts.ValidationError{Fields: bad}
	}
	l, err := s.deps.SetAside.List(ctx, f, limit)
	if err != nil {
		return fmt.Errorf("list what is set aside: %w", err)
	}
	l.Messages, l.Counts = orEmpty(l.Messages), orEmpty(l.Counts)
	return sendJSON(c, http.StatusOK, l)
}

// actOnOne acts upon the message whose id is in the path.
func (s *Server) actOnOne(a setaside.Action) func(context.Context, *fiber.Ctx) error {
	return func(ctx context.Context, c *fiber.Ctx) error {
		id := strings.Clone(c.Params("id"))
		if b, err := hex.DecodeString(id); err != nil || len(b) != 16 {
			return setaside.ErrNotFound
		}
		return s.act(ctx, c, a, setaside.Filter{ID: id})
	}
}

// actOnMany acts upon all of a queue, or all of a reason there.
func (s *Server) actOnMany(a setaside.Action) func(context.Context, *fiber.Ctx) error {
	return func(ctx context.Context, c *fiber.Ctx) error {
		f, bad := setAsideFilter(c)
		if f.Queue == "" && bad == nil { // all of everything at once is asked for by mistake
			bad = append(bad, contracts.FieldError{Field: "queue", Code: "required", Message: "must be one of " + strings.Join(setaside.Queues(), ", ")})
		}
		if bad != nil {
			return &contracts.ValidationError{Fields: bad}
		}
		return s.act(ctx, c, a, f)
	}
}

func (s *Server) act(ctx context.Context, c *fiber.Ctx, a setaside.Action, f setaside.Filter) error {
	if err := noBody(c); err != nil {
		return err
	}
	done, err := s.deps.SetAside.Act(ctx, a, f)
	if err != nil {
		return fmt.Errorf("%s what is set aside: %w", a, err)
	}
	return sendJSON(c, http.StatusOK, done)
}

func setAsideFilter(c *fiber.Ctx) (f setaside.Filter, bad []contracts.FieldError) {
	if v, ok := param(c, "queue"); ok {
		if f.Queue = v; !slices.Contains(setaside.Queues(), v) {
			bad = append(bad, contracts.FieldError{
				Field: "queue", Code: "invalid", Message: "must be one of " + strings.Join(setaside.Queues(), ", "),
			})
		}
	}
	if v, ok := param(c, "reason"); ok {
		if f.Reason = v; v == "" || len(v) > maxReason || !utf8.ValidString(v) {
			bad = append(bad, contracts.FieldError{
				Field: "reason", Code: "invalid", Message: fmt.Sprintf("must be a reason as it is listed, of 1 to %d bytes", maxReason),
			})
		}
	}
	return f, bad
}
