package fiberauth_test

import (
	"context"
	"net"
	"testing"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer/bearertest"
	"github.com/mission-control-dev/mission-control/tokenauth/fiberauth"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp starts one for the process, and one for each server that ends within ten seconds of its end.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

func TestMiddleware(t *testing.T) {
	bearertest.Run(t, func(t *testing.T, cfg bearer.Config, handle func(context.Context) string) string {
		protect, err := fiberauth.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		app := fiber.New(fiber.Config{
			DisableStartupMessage: true,
			ReadBufferSize:        8 << 10, // as the package comment says
			ErrorHandler: func(c *fiber.Ctx, err error) error {
				t.Errorf("a refusal went to the application's error handler: %v", err)
				return c.SendStatus(fiber.StatusTeapot)
			},
		})
		app.All("/*", protect, func(c *fiber.Ctx) error { return c.SendString(handle(c.UserContext())) })
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- app.Listener(listener) }()
		t.Cleanup(func() {
			if err := app.Shutdown(); err != nil {
				t.Error(err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		return "http://" + listener.Addr().String()
	})
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := fiberauth.New(bearer.Config{}); err == nil {
		t.Error("made a middleware without a verifier")
	}
}
