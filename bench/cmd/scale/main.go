// Command scale shows what a million missions, a thousand soldiers and thousands of listeners do to Mission Control, all on
// this machine. See README.md beside it for what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/ours"
	"github.com/mission-control-dev/mission-control/bench/internal/scale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func run(ctx context.Context, args []string) (failed error) {
	var c scale.Config
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	steps := flags.String("steps", strings.Join(scale.Steps(), ","), "what is measured, a comma list; drain needs backlog")
	fsync := flags.String("fsync", "always", "Redis's appendfsync: always or everysec")
	slots := flags.Int("slots", 256, "the soldier's slots")
	bin := flags.String("bin", "bin", "the folder of the programs commander and bench-soldier")
	file := flags.String("json", "", "a file for all numbers as JSON")
	picture := flags.String("picture", "", "a file for the sweep as SVG")
	flags.IntVar(&c.Missions, "missions", 1_000_000, "how many missions the backlog has")
	flags.IntVar(&c.Soldiers, "soldiers", 1000, "how many sessions the fleet has")
	flags.IntVar(&c.Streams, "streams", 2000, "how many listeners there are")
	flags.DurationVar(&c.Drain, "drain", time.Minute, "for how long the drain is measured")
	flags.DurationVar(&c.Hold, "hold", 30*time.Second, "for how long fleet and listeners are held")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.Steps = strings.FieldsFunc(*steps, func(r rune) bool { return r == ',' })
	for _, step := range c.Steps {
		if !slices.Contains(scale.Steps(), step) {
			return fmt.Errorf("--steps has %q, must be of %s", step, strings.Join(scale.Steps(), ", "))
		}
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("takes flags alone, got %q", flags.Args())
	case *fsync != "always" && *fsync != "everysec":
		return fmt.Errorf("--fsync is %q, must be always or everysec", *fsync)
	case *slots < 1 || c.Missions < 1000 || c.Soldiers < 1 || c.Streams < 1:
		return errors.New("--slots, --soldiers and --streams must be at least 1, --missions at least 1000")
	}
	c.Stack = ours.Config{
		Commander: filepath.Join(*bin, "commander"), Soldier: filepath.Join(*bin, "bench-soldier"), Slots: *slots, AppendFsync: *fsync,
	}
	dir, err := os.MkdirTemp("", "mission-control-scale-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { failed = errors.Join(failed, os.RemoveAll(dir)) }()
	c.Dir = dir
	r, failed := scale.Run(ctx, c)
	// Also after an error: what was measured took its time.
	r.Print(os.Stdout)
	if *file != "" {
		failed = errors.Join(failed, r.WriteJSON(*file))
	}
	if *picture != "" && failed == nil {
		failed = r.Draw(*picture)
	}
	return failed
}
