package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
)

func (s *Server) getAttention(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.deps.Attention.Attention(ctx)
	if err != nil {
		return fmt.Errorf("look what needs attention: %w", err)
	}
	return sendJSON(c, http.StatusOK, out)
}

// seeAttention has a mark of its own: when it was looked at last is no change.
func (s *Server) seeAttention(ctx context.Context) (events.Picture, error) {
	out, err := s.deps.Attention.Attention(ctx)
	if err != nil {
		return events.Picture{}, err
	}
	b, err := json.Marshal(out)
	if err != nil {
		return events.Picture{}, err
	}
	mark, err := json.Marshal(out.Items)
	return events.Picture{JSON: b, Mark: mark}, err
}
