package dualstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
)

// traffic reads and writes until it is ended.
type traffic struct {
	*testing.T
	stores []store.Store
	ids    []string
	done   chan struct{}
	all    sync.WaitGroup

	written, fromRedis, fromMemory atomic.Int64
	slowest                        atomic.Int64
}

// begin starts readers and writers of each store; every mission is known to every store by now.
func (tr *traffic) begin() {
	for _, s := range tr.stores {
		for i := range 2 {
			tr.all.Go(func() { tr.write(s, i) })
		}
		for range 2 {
			tr.all.Go(func() { tr.read(s) })
		}
	}
}

func (tr *traffic) end() {
	close(tr.done)
	tr.all.Wait()
}

func (tr *traffic) ended() bool {
	select {
	case <-tr.done:
		return true
	default:
		return false
	}
}

// write changes missions through a store, on and on, and ends each after ten changes.
func (tr *traffic) write(s store.Store, first int) {
	for i := first; !tr.ended(); i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := func() error {
			records, err := s.Load(ctx, tr.ids[i%len(tr.ids)])
			if err != nil {
				return err
			}
			r := records[0]
			c := store.Change{Record: r, IfVersion: r.Mission.Version, History: []contracts.HistoryLine{{Message: "changed"}}}
			if r.Mission.Status.Terminal() {
				return nil
			}
			c.Record.Mission.Progress++
			if c.Record.Mission.Version >= 10 {
				c.Record.Mission.Status, c.Record.Mission.Result = contracts.StatusCompleted, []byte(`"done"`)
			}
			outcomes, err := s.Commit(ctx, c)
			if err == nil && outcomes[0].Code == store.Applied {
				tr.written.Add(1)
			}
			return err
		}()
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			tr.Errorf("write: %v", err)
		}
		cancel()
		select {
		case <-tr.done:
		case <-time.After(time.Millisecond):
		}
	}
}

// read reads through a store, on and on. What it reads never goes back.
func (tr *traffic) read(s store.Store) {
	ctx := context.Background()
	seen := map[string]contracts.Mission{}
	see := func(m contracts.Mission, how string, source store.Source) {
		before := seen[m.MissionID]
		if m.Version < before.Version || before.Status == contracts.StatusCompleted && m.Status != before.Status {
			tr.Errorf("%s went back from version %d %s to %d %s (%s, degraded %v)",
				m.MissionID, before.Version, before.Status, m.Version, m.Status, how, source.Degraded)
		}
		seen[m.MissionID] = m
		if source.Degraded {
			tr.fromMemory.Add(1)
		} else {
			tr.fromRedis.Add(1)
		}
	}
	for i := 0; !tr.ended(); i++ {
		began := time.Now()
		r, source, err := s.Get(ctx, tr.ids[i%len(tr.ids)])
		if err != nil {
			tr.Errorf("Get: %v", err)
			return
		}
		tr.took(began)
		see(r.Mission, "Get", source)
		began = time.Now()
		p, err := s.List(ctx, store.Query{Limit: 50})
		if err != nil {
			tr.Errorf("List: %v", err)
			return
		}
		tr.took(began)
		for _, m := range p.Missions {
			see(m, "List", p.Source)
		}
		if _, err := s.Counts(ctx); err != nil {
			tr.Errorf("Counts: %v", err)
			return
		}
		select {
		case <-tr.done:
		case <-time.After(time.Millisecond):
		}
	}
}

func (tr *traffic) took(began time.Time) {
	took := int64(time.Since(began))
	for {
		slowest := tr.slowest.Load()
		if took <= slowest || tr.slowest.CompareAndSwap(slowest, took) {
			return
		}
	}
}

// grow waits until a counter has grown by n.
func (tr *traffic) grow(what string, counter *atomic.Int64, n int64) {
	tr.Helper()
	from := counter.Load()
	await(tr.T, what, func() bool { return counter.Load() >= from+n || tr.Failed() })
}

func TestReadsGoOnWhileRedisIsKilledRestartedAndPaused(t *testing.T) {
	server := redistest.Start(t)
	first, second := redis(t, server), redis(t, server)
	tr := &traffic{T: t, done: make(chan struct{})}
	for _, primary := range []store.Store{first, second} {
		tr.stores = append(tr.stores, start(t, dualstore.Config{Primary: primary}))
	}
	var changes []store.Change
	for range 50 {
		r := newRecord()
		tr.ids = append(tr.ids, r.Mission.MissionID)
		changes = append(changes, store.Change{Record: r})
	}
	await(t, "missions are created", func() bool {
		_, err := tr.stores[0].Commit(context.Background(), changes...)
		return err == nil
	})
	for _, s := range tr.stores {
		for _, id := range tr.ids {
			await(t, "both know them", func() bool {
				_, source, err := s.Get(context.Background(), id)
				return err == nil && !source.Degraded
			})
		}
	}

	tr.begin()
	for i, fault := range []func(){
		func() {
			kill(t, server)
			tr.grow("reads from memory while killed", &tr.fromMemory, 2000)
			restart(t, server)
		},
		func() {
			pauseServer(t, server)
			tr.grow("reads from memory while paused", &tr.fromMemory, 2000)
			resumeServer(t, server)
		},
		func() {
			kill(t, server)
			restart(t, server)
		},
	} {
		for round := range 2 {
			fault()
			tr.grow(fmt.Sprintf("reads from redis after fault %d.%d", i, round), &tr.fromRedis, 500)
			for _, s := range tr.stores {
				await(t, "redis is asked again", func() bool { return !degraded(t, s) })
			}
		}
	}
	tr.grow("reads from redis at the end", &tr.fromRedis, 500)
	tr.end()

	t.Logf("%d written, %d read from redis, %d from memory, slowest read %v",
		tr.written.Load(), tr.fromRedis.Load(), tr.fromMemory.Load(), time.Duration(tr.slowest.Load()))
	if slowest := time.Duration(tr.slowest.Load()); slowest > 2*time.Second {
		t.Errorf("a read took %v", slowest)
	}
	// In the end both memories have what Redis has.
	truth, err := first.Load(context.Background(), tr.ids...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range tr.stores {
		await(t, "the memory has caught up", func() bool { return caughtUp(t, s, server, truth) })
	}
}

// caughtUp compares what a store remembers with the truth, while Redis is paused.
func caughtUp(t testing.TB, s store.Store, server *redisserver.Server, truth []store.Record) bool {
	t.Helper()
	pauseServer(t, server)
	defer func() {
		resumeServer(t, server)
		await(t, "redis is back", func() bool { return !degraded(t, s) })
	}()
	await(t, "reads from memory", func() bool { return degraded(t, s) })
	for _, want := range truth {
		got, source, err := s.Get(context.Background(), want.Mission.MissionID)
		if err != nil || !source.Degraded || got.Mission.Version != want.Mission.Version {
			return false
		}
	}
	return true
}

func pauseServer(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
}

func resumeServer(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
}
