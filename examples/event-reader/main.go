package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

func main() {
	logger := log.New(os.Stderr, "event-reader: ", log.LstdFlags)
	commander := flag.String("url", client.DefaultBaseURL, "the commander's address; its API key comes from COMMANDER_API_KEY")
	hook := flag.String("webhook", "", "post each failed mission here; default: print a line for each")
	path := flag.String("state", "", "the file to remember in what was told; default: begin anew with each start")
	flag.Parse()
	if flag.NArg() > 0 {
		logger.Printf("there are no arguments, only flags: see -help")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := follow(ctx, *commander, *hook, *path, logger); err != nil {
		logger.Print(err)
		stop()
		os.Exit(1)
	}
}

func follow(ctx context.Context, commander, hook, path string, logger *log.Logger) error {
	c, err := client.New(client.Config{BaseURL: commander, APIKey: os.Getenv("COMMANDER_API_KEY"), UserAgent: "event-reader"})
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	st, err := openState(path, time.Now())
	if err != nil {
		return err
	}
	var to sink = lines{os.Stdout}
	if hook != "" {
		if u, err := url.Parse(hook); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("-webhook must look like https://example.org/hook, got %q", hook)
		}
		to = webhook{hook, &http.Client{}}
	}
	r := &reader{missions: c, sink: to, state: st, firstDelay: time.Second, maxDelay: time.Minute, log: logger}
	return r.run(ctx)
}
