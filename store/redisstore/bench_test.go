package redisstore_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"go.uber.org/zap"
)

// The steps of a mission's usual life, as the commander commits them.

func granting(r store.Record) store.Change {
	r.Mission.Status, r.Mission.Run, r.Mission.SoldierID = contracts.StatusInProgress, 1, "soldier-1"
	r.Mission.StartedAt, r.Session, r.Execution = contracts.At(time.Now()), "0192d4e0-0000-7000-8000-000000000000", r.Mission.MissionID
	return store.Change{Record: r, IfVersion: r.Mission.Version, IfSession: r.Session, Due: store.DueDrop, History: line(contracts.CauseGranted, r)}
}

func finishing(r store.Record) store.Change {
	r.Mission.Status, r.Mission.Progress = contracts.StatusCompleted, 100
	r.Mission.FinishedAt, r.Session, r.Execution, r.Recorded = contracts.At(time.Now()), "", "", r.Execution
	r.Mission.Result = []byte(`{"slept_seconds":7.25}`)
	return store.Change{Record: r, IfVersion: r.Mission.Version, History: line(contracts.CauseCompleted, r)}
}

func line(cause contracts.Cause, r store.Record) []contracts.HistoryLine {
	now := contracts.At(time.Now())
	return []contracts.HistoryLine{{
		MadeAt: now, RecordedAt: now, Status: r.Mission.Status, Cause: cause, Attempt: 1, Run: 1, SoldierID: r.Mission.SoldierID,
	}}
}

// commitAll commits, and returns the records as they then are.
func commitAll(b testing.TB, s store.Store, changes []store.Change) []store.Record {
	b.Helper()
	outcomes, err := s.Commit(context.Background(), changes...)
	if err != nil {
		b.Fatal(err)
	}
	records := make([]store.Record, len(changes))
	for i, o := range outcomes {
		if o.Code != store.Applied {
			b.Fatalf("outcome %v", o)
		}
		records[i] = changes[i].Record
		records[i].Mission.Version++
	}
	return records
}

func benchStore(b *testing.B) store.Store {
	s := start(b, redisstore.Config{URL: emptied(b), Timeout: time.Minute, Logger: zap.NewNop()})
	_, err := s.Renew(context.Background(), store.Session{ID: "0192d4e0-0000-7000-8000-000000000000", SoldierID: "soldier-1"}, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkLife is one mission created, granted and finished: three commits, one after the other or in batches.
func BenchmarkLife(b *testing.B) {
	for _, batch := range []int{1, 64} {
		b.Run("batch "+strconv.Itoa(batch), func(b *testing.B) {
			s := benchStore(b)
			b.ResetTimer()
			for done := 0; done < b.N; done += batch {
				life(b, s, min(batch, b.N-done))
			}
			b.ReportMetric(3*float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
	b.Run("32 at the same time", func(b *testing.B) {
		s := benchStore(b)
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				life(b, s, 1)
			}
		})
		b.ReportMetric(3*float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
}

func life(b testing.TB, s store.Store, n int) {
	changes := make([]store.Change, n)
	for i := range changes {
		changes[i] = newMission()
	}
	for _, step := range []func(store.Record) store.Change{granting, finishing, nil} {
		records := commitAll(b, s, changes)
		if step == nil {
			return
		}
		for i, r := range records {
			changes[i] = step(r)
		}
	}
}

// filled returns a store with n missions that ended, one in ten of another kind and squad.
func filled(b testing.TB, s store.Store, n int) []string {
	b.Helper()
	var ids []string
	for len(ids) < n {
		changes := make([]store.Change, min(1000, n-len(ids)))
		for i := range changes {
			changes[i] = newMission()
			if i%10 == 0 {
				changes[i].Record.Mission.Kind, changes[i].Record.Mission.Squad = "resize", "gpu"
			}
			ids = append(ids, changes[i].Record.Mission.MissionID)
		}
		for _, step := range []func(store.Record) store.Change{granting, finishing} {
			for i, r := range commitAll(b, s, changes) {
				changes[i] = step(r)
			}
		}
		commitAll(b, s, changes)
	}
	return ids
}

// BenchmarkRead reads among 100,000 missions, and tells what each takes in Redis.
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	s := benchStore(b)
	c := client(b, redistest.Shared(b).URL())
	memory := func() float64 {
		text, err := c.Do(context.Background(), c.B().Info().Section("memory").Build()).ToString()
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(text, "used_memory:")
		used, _, _ := strings.Cut(rest, "\r\n")
		v, err := strconv.ParseFloat(used, 64)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	before := memory()
	ids := filled(b, s, n)
	perMission := (memory() - before) / n
	ctx := context.Background()
	b.Run("Get", func(b *testing.B) {
		b.ReportMetric(perMission, "redis-B/mission")
		for i := range b.N {
			if _, _, err := s.Get(ctx, ids[i*7919%n]); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, q := range []store.Query{
		{}, {Status: contracts.StatusCompleted}, {Status: contracts.StatusCompleted, Kind: "resize", Squad: "gpu"},
		{Kind: "simulate", Squad: "gpu"}, // none fits: the longest walk
	} {
		q.Limit, q.Cursor = 50, ids[n/2]
		b.Run(fmt.Sprintf("List status=%s kind=%s squad=%s", q.Status, q.Kind, q.Squad), func(b *testing.B) {
			for range b.N {
				if _, err := s.List(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Counts", func(b *testing.B) {
		for range b.N {
			if _, err := s.Counts(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
