package main

import (
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/bench/internal/report"
)

func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		args string
		want []string // entrant: measures
	}{
		{"--only ours --slots 256 --commanders 1 --fsync always --measure batches,singles", []string{"ours, 256 slots, always: batches singles"}},
		{"--only ours --slots 64,256 --commanders 2 --fsync always --measure singles", []string{
			"ours, 64 slots, always: singles", "ours, 256 slots, always: singles", "ours, 256 slots, 2 commanders, always: singles",
		}},
		{"--only ours --slots 64 --fsync always --measure accept", []string{"ours, no soldier, always: accept"}},
		{"--only limit --slots 64 --fsync everysec", []string{
			"limit: 1 order + 2 status messages: batches", "limit: status messages packed: batches", "limit: orders packed, too: batches", "claim limit, 64 slots, everysec: batches singles latency",
		}},
		{"--only bullmq,river --fsync everysec --measure latency", []string{"river, tuned: latency", "bullmq, everysec: latency"}},
		{"--only asynq --fsync always --measure batches", nil},
	} {
		o, err := parse(strings.Fields(tt.args))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entrants(o) {
			got = append(got, e.name+": "+strings.Join(e.measures, " "))
			if e.settings == "" || e.group == "" {
				t.Errorf("%s says not how it is set up", e.name)
			}
		}
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s: %q", tt.args, got)
		}
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for _, args := range []string{
		"--only theirs", "--measure speed", "--fsync no", "--slots 0", "--slots many", "--commanders 0", "--rounds 0", "--missions 1", "more",
	} {
		flag, value, _ := strings.Cut(args, " ")
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), flag) && !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// Every row that a ratio needs is found under the name that the plan gives it.
func TestRatiosOfAFullRun(t *testing.T) {
	o, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	table := report.NewTable(o.missions)
	for i, e := range entrants(o) {
		for _, m := range e.measures {
			table.Add((&session{entrant: e}).row(m, "/s"), float64(100+i))
		}
	}
	addRatios(table)
	if len(table.Ratios) != 10 {
		t.Fatalf("%d ratios: %+v", len(table.Ratios), table.Ratios)
	}
	for _, r := range table.Ratios {
		if !strings.HasPrefix(r.Ours, "ours") || strings.HasPrefix(r.Other, "ours") != (r.Goal == goalTwo && strings.Contains(r.Of, "commanders")) {
			t.Errorf("%+v", r)
		}
	}
}
