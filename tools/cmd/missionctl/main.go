// Command missionctl is Mission Control at the command line: it submits and follows missions, and drills the stack.
//
// It decides nothing: what it shows is the commander's word, and what a drill counts comes from the commander and from
// the soldiers' journals. It exits with 0 when it did what was asked, and with the codes of package cliout otherwise.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], cliout.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
