// Command bench measures Mission Control, systems like it, and what RabbitMQ and Redis leave room for, all on this
// machine and interleaved. See README.md beside it for what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// options are what the flags say.
type options struct {
	only, measures, fsync []string
	slots, commanders     []int
	rounds, missions      int
	cores                 int
	bin, json, pprof      string
	scripts               string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", strings.Join(groupNames(), ","), "who takes part, a comma list")
	measures := flags.String("measure", strings.Join(allMeasures(), ","), "what is measured, a comma list")
	fsync := flags.String("fsync", "always,everysec", "Redis's appendfsync for ours and for the claim limit, a comma list")
	slots := flags.String("slots", "64,256", "the soldier's slots for ours and for the claim limit, a comma list")
	commanders := flags.String("commanders", "1,2", "how many commanders ours have, a comma list; 1 is always measured")
	flags.IntVar(&o.rounds, "rounds", 3, "how often everything is measured")
	flags.IntVar(&o.missions, "missions", 30000, "how many missions a measurement of throughput takes")
	flags.IntVar(&o.cores, "cores", 2, "how many cores all of it shares (Linux)")
	flags.StringVar(&o.bin, "bin", "bin", "the folder of the programs commander, bench-soldier and bench-commander")
	flags.StringVar(&o.scripts, "scripts", "bench/internal/bullmqpeer", "the folder of BullMQ's scripts, with its npm packages")
	flags.StringVar(&o.json, "json", "", "a file for all numbers as JSON")
	flags.StringVar(&o.pprof, "pprof", "", "a folder for CPU profiles of our commander and soldier; slower, not for the record")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("takes flags alone, got %q", flags.Args())
	}
	o.only, o.measures, o.fsync = list(*only), list(*measures), list(*fsync)
	var err error
	if o.slots, err = numbers("slots", *slots); err != nil {
		return o, err
	}
	if o.commanders, err = numbers("commanders", *commanders); err != nil {
		return o, err
	}
	for flag, given := range map[string][2][]string{
		"only": {o.only, groupNames()}, "measure": {o.measures, allMeasures()}, "fsync": {o.fsync, {"always", "everysec"}},
	} {
		for _, one := range given[0] {
			if !slices.Contains(given[1], one) {
				return o, fmt.Errorf("--%s has %q, must be of %s", flag, one, strings.Join(given[1], ", "))
			}
		}
	}
	if o.rounds < 1 || o.missions < 1000 {
		return o, errors.New("--rounds must be at least 1, --missions at least 1000")
	}
	return o, nil
}

func numbers(flag, text string) ([]int, error) {
	var out []int
	for _, one := range list(text) {
		n, err := strconv.Atoi(one)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("--%s has %q, must be whole numbers from 1", flag, one)
		}
		out = append(out, n)
	}
	return out, nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := confine(o.cores); err != nil {
		return err
	}
	r := newRunner(o)
	failed := r.rounds(ctx)
	addRatios(r.table)
	// Also after an error: what was measured took its time.
	r.table.Print(os.Stdout)
	if o.json != "" {
		failed = errors.Join(failed, r.table.WriteJSON(o.json))
	}
	return failed
}
