package main

import (
	"fmt"
	"strings"

	"github.com/mission-control-dev/mission-control/bench/internal/report"
)

// Goals of ours: a share of the claim limit, how ours stand beside peers that have no broker and no HTTP, and how two commanders
// stand beside one.
const (
	goalOfLimit = 0.8
	goalBatches = 1.1
	goalSingles = 1.0
	goalTwo     = 1.0
)

// comparedSlots is the number of slots at which ours are compared with the claim limit.
const comparedSlots = 256

// addRatios compares like with like: the same appendfsync on both sides. River, which has no Redis, stands in both, and
// Asynq, which has no bulk call, stands among the batches with its singles.
func addRatios(t *report.Table) {
	for _, fsync := range []string{"always", "everysec"} {
		slots := fmt.Sprintf(", %d slots, %s", comparedSlots, fsync)
		named := func(name string) *report.Row {
			return t.Best(func(r *report.Row) bool { return r.Measure == batches && r.Entrant == name+slots })
		}
		t.Compare("batches, of the claim limit", named("ours"), named(claimLimit), goalOfLimit)
		for _, measure := range []string{batches, singles} {
			one := t.Best(func(r *report.Row) bool { return r.Measure == measure && r.Entrant == "ours"+slots })
			two := t.Best(func(r *report.Row) bool {
				return r.Measure == measure && r.Fsync == fsync && r.Group == "ours" && strings.Contains(r.Entrant, " 2 commanders")
			})
			t.Compare(measure+", 2 commanders beside 1", two, one, goalTwo)
		}
		ours := func(measure string) *report.Row {
			return t.Best(func(r *report.Row) bool { return r.Measure == measure && r.Group == "ours" && r.Fsync == fsync })
		}
		t.Compare("batches, beside the fastest peer", ours(batches), t.Best(func(r *report.Row) bool {
			throughput := r.Measure == batches || r.Measure == singles
			return throughput && peer(r.Group) && (r.Fsync == fsync || r.Fsync == "")
		}), goalBatches)
		t.Compare("singles, beside BullMQ's", ours(singles), t.Best(func(r *report.Row) bool {
			return r.Measure == singles && r.Group == "bullmq" && r.Fsync == fsync
		}), goalSingles)
	}
}

func peer(group string) bool { return group != "ours" && group != "limit" }
