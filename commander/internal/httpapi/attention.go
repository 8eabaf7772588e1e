package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"
)

func (s *Server) getAttention(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.deps.Attention.Attention(ctx)
	if err != nil {
		return fmt.Errorf("look what needs attention: %w", err)
	}
	return sendJSON(c, http.StatusOK, out)
}
