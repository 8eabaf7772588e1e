package faults

import (
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// TestAFinishedDrillLeavesNothing holds a short drill to its end.
func TestAFinishedDrillLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a whole drill takes most of a minute")
	}
	needServers(t)
	bin, dir := t.TempDir(), t.TempDir()
	build(t, "soldier", bin, "")
	build(t, "commander", bin, "")
	out, err := faults.Run(t.Context(), faults.Config{
		Schedule: schedule.Config{Seed: 1, Each: 1, Only: []schedule.Kind{schedule.KillSoldier}}, BinDir: bin, Dir: dir, Log: t.Logf,
	})
	if err != nil || out.Interrupted || len(out.Violations) > 0 || len(out.Recoveries) != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
	if out.Versions.RabbitMQ == "unknown" || out.Versions.Redis == "unknown" {
		t.Errorf("ran on %+v", out.Versions)
	}
	nothingIsLeft(t, dir)
}
