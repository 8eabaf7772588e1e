package redisstore_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/redis/rueidis"
)

type cpu struct{ user, sys time.Duration }

// redisCPU returns how long Redis' main thread has worked: unlike wall time it says something on a busy machine.
func redisCPU(b *testing.B, c rueidis.Client) cpu {
	b.Helper()
	text, err := c.Do(context.Background(), c.B().Info().Section("cpu").Build()).ToString()
	if err != nil {
		b.Fatal(err)
	}
	var sum [2]float64
	for i, field := range []string{"used_cpu_user_main_thread:", "used_cpu_sys_main_thread:"} {
		_, rest, _ := strings.Cut(text, field)
		seconds, _, _ := strings.Cut(rest, "\r\n")
		v, err := strconv.ParseFloat(seconds, 64)
		if err != nil {
			b.Fatalf("%s%v", field, err)
		}
		sum[i] = v
	}
	return cpu{time.Duration(sum[0] * float64(time.Second)), time.Duration(sum[1] * float64(time.Second))}
}

// BenchmarkRedisCPU is what a mission's life costs Redis, by step: created, its due entry cleared onto a shelf, granted,
// finished; in commits of one, of 64, and created by 500.
func BenchmarkRedisCPU(b *testing.B) {
	for _, batch := range []int{1, 64, 500} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s := start(b, redisstore.Config{URL: emptied(b), Timeout: time.Minute, Logger: zap.NewNop()})
			c := client(b, redistest.Shared(b).URL())
			ctx := context.Background()
			if _, err := s.Renew(ctx, store.Session{ID: "0192d4e0-0000-7000-8000-000000000000", SoldierID: "soldier-1"}, time.Hour); err != nil {
				b.Fatal(err)
			}
			spent := map[string]time.Duration{}
			var user time.Duration
			last := redisCPU(b, c)
			took := func(step string) {
				now := redisCPU(b, c)
				spent[step] += now.user + now.sys - last.user - last.sys
				user += now.user - last.user
				last = now
			}
			changes := make([]store.Change, batch)
			missions := 0
			for b.Loop() {
				missions += batch
				for i := range changes {
					changes[i] = newMission()
					changes[i].Record.Mission.Payload = []byte(`{"min_seconds":0,"max_seconds":0}`)
					changes[i].History = line("", changes[i].Record)
				}
				outcomes, records := createBatch(b, s, changes)
				took("create")
				due := make([]store.Due, batch)
				for i, o := range outcomes {
					due[i] = store.Due{MissionID: records[i].Mission.MissionID, Dispatch: o.Dispatch, Shelf: "orders_queue"}
				}
				if err := s.ClearDue(ctx, due...); err != nil {
					b.Fatal(err)
				}
				took("clear")
				for i, r := range records {
					changes[i] = granting(r)
				}
				records = commitAll(b, s, changes)
				took("grant")
				for i, r := range records {
					changes[i] = finishing(r)
				}
				commitAll(b, s, changes)
				took("finish")
			}
			var all time.Duration
			for step, d := range spent {
				all += d
				b.ReportMetric(float64(d.Microseconds())/float64(missions), "µs-"+step)
			}
			b.ReportMetric(float64(all.Microseconds())/float64(missions), "µs-life")
			b.ReportMetric(float64(user.Microseconds())/float64(missions), "µs-life-user")
		})
	}
}

func createBatch(b *testing.B, s store.Store, changes []store.Change) ([]store.Outcome, []store.Record) {
	b.Helper()
	commit := s.Commit
	if len(changes) > 64 {
		commit = func(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
			return s.CreateAll(ctx, nil, changes...)
		}
	}
	outcomes, err := commit(context.Background(), changes...)
	if err != nil {
		b.Fatal(err)
	}
	records := make([]store.Record, len(changes))
	for i, o := range outcomes {
		if o.Code != store.Applied {
			b.Fatalf("outcome %v", o)
		}
		records[i] = changes[i].Record
		records[i].Mission.Version = 1
	}
	return outcomes, records
}
