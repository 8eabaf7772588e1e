package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

const (
	// callTimeout bounds a command that asks something and ends.
	callTimeout = 30 * time.Second
	// longCallTimeout bounds one that a commander may take a minute for.
	longCallTimeout = client.DefaultLongTimeout + 15*time.Second
)

// connection is the flags of every command that speaks with a commander.
type connection struct {
	url     string
	apiKey  string
	output  cliout.Format
	timeout time.Duration
}

func newConnection(flags *pflag.FlagSet) *connection {
	c := &connection{output: cliout.Table}
	flags.StringVar(&c.url, "url", "",
		"the commander's address (MISSIONCTL_URL, default "+client.DefaultBaseURL+")")
	flags.StringVar(&c.apiKey, "api-key", "",
		"the commander's API key; better in COMMANDER_API_KEY, or in the file that COMMANDER_API_KEY_FILE names")
	flags.VarP(&c.output, "output", "o", "how to print: table for people, json for programs")
	flags.DurationVar(&c.timeout, "timeout", 0,
		"give up after so long, as in 10s or 5m (default 30s, 90s for set-aside; none for what follows missions until they end)")
	return c
}

// client returns the client that the flags and the environment ask for. A flag wins over the environment.
func (c *connection) client(retry client.Retry) (*client.Client, error) {
	url := c.url
	if url == "" {
		url = os.Getenv("MISSIONCTL_URL")
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	cl, err := client.New(client.Config{BaseURL: url, APIKey: key, UserAgent: "missionctl", Retry: retry})
	if err != nil {
		return nil, cliout.Usage("%v: see --url and MISSIONCTL_URL", err)
	}
	return cl, nil
}

func (c *connection) key() (string, error) {
	if c.apiKey != "" {
		return c.apiKey, nil
	}
	key, path := os.Getenv("COMMANDER_API_KEY"), os.Getenv("COMMANDER_API_KEY_FILE")
	if key != "" && path != "" {
		return "", cliout.Usage("COMMANDER_API_KEY and COMMANDER_API_KEY_FILE are both set; set one of them")
	}
	if path == "" {
		return key, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", cliout.Usage("COMMANDER_API_KEY_FILE names a file that can't be read: %v", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// call bounds a command that asks something and ends.
func (c *connection) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return bounded(ctx, cmp.Or(max(c.timeout, 0), callTimeout))
}

// longCall bounds a command that asks for something that takes long, and ends.
func (c *connection) longCall(ctx context.Context) (context.Context, context.CancelFunc) {
	return bounded(ctx, cmp.Or(max(c.timeout, 0), longCallTimeout))
}

// follow bounds a command that goes on until missions end: only where --timeout was given.
func (c *connection) follow(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return bounded(ctx, c.timeout)
}

func bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("the time is up after %s, see --timeout", limit))
}
