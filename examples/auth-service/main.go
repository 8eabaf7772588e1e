// Command auth-service is an example of tokenauth with net/http, in two parts
// that share nothing but the issuer's address:
//
//	client -- POST /token (name and key) --> issuer   has the signing keys
//	       <-- a token of 30 s ------------            GET /.well-known/jwks.json
//	                                                        |
//	client -- GET /reports (token) --------> api  <---------+ public keys
//
// README.md runs it by hand.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// What the tokens say of themselves: who made them, and for whom.
const (
	issuerName   = "auth-service"
	audienceName = "reports"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "auth-service:", err)
		os.Exit(1)
	}
}

// run runs one part until ctx ends.
func run(ctx context.Context, args []string, output io.Writer) error {
	log := slog.New(slog.NewTextHandler(output, nil))
	part := ""
	if len(args) > 0 {
		part, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet(part, flag.ContinueOnError)
	flags.SetOutput(output)
	switch part {
	case "issuer":
		return runIssuer(ctx, flags, args, log)
	case "api":
		return runAPI(ctx, flags, args, log)
	default:
		return errors.New("say which part to run: auth-service issuer -h, or auth-service api -h")
	}
}

// serve answers on addr until ctx ends, then lets requests in flight finish.
func serve(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	log.Info("listening", "address", "http://"+listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}
