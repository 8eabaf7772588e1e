// Package fiberauth protects Fiber (v2) handlers with tokens.
//
//	protect, err := fiberauth.New(bearer.Config{Verifier: verifier})
//	app.Get("/reports", protect, reports)
//
// A request passes with a good token in Authorization; the handler finds its
// claims with tokenauth.ClaimsFrom(c.UserContext()). Package bearer says what
// the others are answered: by this middleware itself, so that an application's
// ErrorHandler changes nothing of it. httpauth is the same for net/http.
//
// Fiber reads 4 KiB of a request's headers unless told otherwise, and answers
// 431 to more. Where tokens may come near tokenauth.MaxTokenBytes, give
// fiber.Config a ReadBufferSize of 8 KiB.
package fiberauth

import (
	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
)

// New gives the middleware.
func New(cfg bearer.Config) (fiber.Handler, error) {
	guard, err := bearer.New(cfg)
	if err != nil {
		return nil, err
	}
	return func(c *fiber.Ctx) error {
		var authorization []string
		for _, value := range c.Request().Header.PeekAll(fiber.HeaderAuthorization) {
			authorization = append(authorization, string(value))
		}
		claims, problem := guard.Check(authorization)
		if problem != nil {
			problem.Header(c.Set)
			return c.Status(problem.Status).Send(problem.Body())
		}
		c.SetUserContext(tokenauth.NewContext(c.UserContext(), claims))
		return c.Next()
	}, nil
}
