package modeltest

import (
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// report adds what a handler may have reported, in any order.
func (l *lockstep) report() {
	r := store.Report{
		MissionID: rapid.SampledFrom(slices.Concat(l.gone, l.ids)).Draw(l.T, "mission"),
		Attempt:   1, Run: rapid.Int64Range(1, 3).Draw(l.T, "run"), Seq: rapid.Int64Range(1, 4).Draw(l.T, "seq"),
		Before: rapid.Int64Range(0, 5).Draw(l.T, "before"),
	}
	if rapid.Bool().Draw(l.T, "progress") {
		r.Progress = &contracts.Progress{Percent: rapid.IntRange(0, 100).Draw(l.T, "percent"), Text: rapid.SampledFrom([]string{"", "text"}).Draw(l.T, "text")}
	}
	for range rapid.IntRange(0, 120).Draw(l.T, "lines") {
		r.Lines = append(r.Lines, contracts.LogLine{At: contracts.FromMillis(1_700_000_000_000), Level: contracts.LevelWarn, Text: "line"})
	}
	after := rapid.Int64Range(0, 300).Draw(l.T, "after")
	each(l, "AddReports", func(ctx context.Context, s store.Store, _ *peer) (struct{}, error) {
		return struct{}{}, s.AddReports(ctx, r)
	}, nil)
	each(l, "Progress", func(ctx context.Context, s store.Store, _ *peer) ([]store.Progress, error) {
		return s.Progress(ctx, r.MissionID, l.ids[0])
	}, nil)
	each(l, "Log", func(ctx context.Context, s store.Store, _ *peer) (store.Log, error) {
		return s.Log(ctx, r.MissionID, after)
	}, nil)
}
