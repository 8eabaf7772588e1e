// Command release makes a release of a module beside main and tags it; it pushes nothing. See package release.
//
//	release MODULE vX.Y.Z
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/mission-control-dev/mission-control/repo-tools/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	if len(args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ./task release -- MODULE vX.Y.Z")
		return 2
	}
	cfg := release.Ours()
	cfg.Checkout, cfg.Module, cfg.Version, cfg.Log = ".", args[0], args[1], os.Stdout
	made, err := release.Make(ctx, cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("tagged %s (%s); when you want others to have it: git push origin %s\n", made.Tag, made.Commit[:12], made.Tag)
	return 0
}
