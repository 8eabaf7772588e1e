package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/contracts"
)

func (s *Server) getStatsHistory(ctx context.Context, c *fiber.Ctx) error {
	r, err := readRange(c, contracts.HistoryRanges())
	if err != nil {
		return err
	}
	out, _, err := s.deps.Trends.History(ctx, r)
	if err != nil {
		return fmt.Errorf("read numbers over time: %w", err)
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) listFailures(ctx context.Context, c *fiber.Ctx) error {
	r, err := readRange(c, contracts.FailureRanges())
	if err != nil {
		return err
	}
	out, _, err := s.deps.Trends.Failures(ctx, r)
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	return sendJSON(c, http.StatusOK, out)
}

// readRange returns the range that a client asks for, the first of those allowed where it names none.
func readRange(c *fiber.Ctx, allowed []contracts.Range) (contracts.Range, error) {
	v, ok := param(c, "range")
	if !ok {
		return allowed[0], nil
	}
	if r := contracts.Range(v); slices.Contains(allowed, r) {
		return r, nil
	}
	names := make([]string, len(allowed))
	for i, r := range allowed {
		names[i] = string(r)
	}
	return "", &contracts.ValidationError{Fields: []contracts.FieldError{{
		Field: "range", Code: "invalid", Message: "must be one of " + strings.Join(names, ", "),
	}}}
}
