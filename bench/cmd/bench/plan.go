package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/limit"
	"github.com/mission-control-dev/mission-control/bench/internal/ours"
)

// group is entrants that --only names together.
type group struct {
	name     string
	entrants func(options) []entrant
}

// groups are all, in the order in which each round takes them.
func groups() []group {
	return []group{
		{"ours", ourEntrants}, {"limit", limitEntrants}, {"asynq", asynqEntrants}, {"river", riverEntrants}, {"bullmq", bullmqEntrants},
	}
}

func groupNames() []string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return names
}

// measures are the names that --measure takes.
const (
	batches = "batches"
	singles = "singles"
	accept  = "accept"
	reads   = "reads"
	latency = "latency"
)

func allMeasures() []string { return []string{batches, singles, accept, reads, latency} }

// entrant is a contender under one set of settings, and what is measured of it.
type entrant struct {
	name string
	// group is the group's name; fsync is Redis's appendfsync, empty where there is no Redis.
	group, fsync string
	// settings are what a reader must know to judge the number: how durable, how tuned.
	settings string
	measures []string
	new      func() contender.Contender
}

// entrants are all that the options ask for, in the order in which each round takes them.
func entrants(o options) []entrant {
	var out []entrant
	for _, g := range groups() {
		if slices.Contains(o.only, g.name) {
			for _, e := range g.entrants(o) {
				e.group = g.name
				out = append(out, e)
			}
		}
	}
	for i := range out {
		out[i].measures = slices.DeleteFunc(out[i].measures, func(m string) bool { return !slices.Contains(o.measures, m) })
	}
	return slices.DeleteFunc(out, func(e entrant) bool { return len(e.measures) == 0 })
}

// acceptWindow is a dispatch window that is full at once.
const acceptWindow = 1000

func ourEntrants(o options) []entrant {
	program := "commander"
	if o.pprof != "" {
		program = "bench-commander"
	}
	base := ours.Config{
		Commander: filepath.Join(o.bin, program), Soldier: filepath.Join(o.bin, "bench-soldier"), Pprof: o.pprof != "",
	}
	var out []entrant
	for _, fsync := range o.fsync {
		for _, slots := range o.slots {
			c := base
			c.AppendFsync, c.Slots = fsync, slots
			out = append(out, entrant{
				name:     fmt.Sprintf("ours, %d slots, %s", slots, fsync),
				fsync:    fsync,
				settings: fmt.Sprintf("quorum queues, confirms, Redis AOF appendfsync %s; 1 commander, 1 soldier", fsync),
				measures: []string{batches, singles, reads, latency},
				new:      func() contender.Contender { return ours.New(c) },
			})
		}
		for _, n := range o.commanders {
			if n == 1 {
				continue // above
			}
			c := base
			c.AppendFsync, c.Slots, c.Commanders = fsync, slices.Max(o.slots), n
			out = append(out, entrant{
				name:     fmt.Sprintf("ours, %d slots, %d commanders, %s", c.Slots, n, fsync),
				fsync:    fsync,
				settings: fmt.Sprintf("the same with %d commanders, posted to in turn", n),
				measures: []string{batches, singles},
				new:      func() contender.Contender { return ours.New(c) },
			})
		}
		c := base
		c.AppendFsync, c.OrdersWindow = fsync, acceptWindow
		out = append(out, entrant{
			name:     fmt.Sprintf("ours, no soldier, %s", fsync),
			fsync:    fsync,
			settings: fmt.Sprintf("as above, accepting alone: the dispatch window of %d orders is full", acceptWindow),
			measures: []string{accept},
			new:      func() contender.Contender { return ours.New(c) },
		})
	}
	return out
}

// claimLimit begins the names of the entrants that ours are compared with.
const claimLimit = "claim limit"

func limitEntrants(o options) []entrant {
	const unclaimed = 256
	out := []entrant{
		{name: "limit: 1 order + 2 status messages", settings: "bare clients, quorum queues, confirms; no Redis", measures: []string{batches},
			new: func() contender.Contender { return limit.New(limit.Config{Protocol: limit.Single, Slots: unclaimed}) }},
		{name: "limit: status messages packed", settings: "the same, up to 64 in a message", measures: []string{batches},
			new: func() contender.Contender { return limit.New(limit.Config{Protocol: limit.Packed, Slots: unclaimed}) }},
		{name: "limit: orders packed, too", settings: "the same, and 8 orders in a message", measures: []string{batches},
			new: func() contender.Contender {
				return limit.New(limit.Config{Protocol: limit.Packed, Slots: unclaimed, OrdersTogether: 8})
			}},
	}
	for _, fsync := range o.fsync {
		for _, slots := range o.slots {
			out = append(out, entrant{
				name:     fmt.Sprintf(claimLimit+", %d slots, %s", slots, fsync),
				fsync:    fsync,
				settings: fmt.Sprintf("packed; mission in Redis first, claim decided there and answered; appendfsync %s", fsync),
				measures: []string{batches, singles, latency},
				new: func() contender.Contender {
					return limit.New(limit.Config{Protocol: limit.Claimed, Slots: slots, AppendFsync: fsync})
				},
			})
		}
	}
	return out
}
