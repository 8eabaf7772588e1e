package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/metrics"
	"github.com/mission-control-dev/mission-control/contracts"
)

func (s *Server) renewToken(ctx context.Context, c *fiber.Ctx) error {
	body, err := jsonBody(c, contracts.MaxRenewalSize)
	if err != nil {
		return err
	}
	r, err := readRenewal(body)
	if err != nil {
		return err
	}
	reply, err := s.deps.Tokens.Renew(ctx, r)
	if err != nil {
		return fmt.Errorf("renew soldier %s: %w", r.SoldierID, err)
	}
	return sendJSON(c, http.StatusOK, reply)
}

func (s *Server) getJWKS(_ context.Context, c *fiber.Ctx) error {
	set, err := s.deps.Tokens.JWKS()
	if err != nil {
		return fmt.Errorf("get key set: %w", err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(set)
}

func (s *Server) getMetrics(_ context.Context, c *fiber.Ctx) error {
	text, err := s.deps.Metrics.Text()
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	c.Set(fiber.HeaderContentType, metrics.ContentType)
	return c.Send(text)
}

func (s *Server) getContract(_ context.Context, c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/yaml")
	return c.SendString(contracts.OpenAPI())
}

func (s *Server) getDocs(_ context.Context, c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderContentSecurityPolicy, s.docs.Policy)
	return c.Send(s.docs.HTML)
}
