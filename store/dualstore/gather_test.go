package dualstore_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// slow is a primary whose Load takes a second, and answers with what is there at its end.
type slow struct {
	store.Store
	mu    sync.Mutex
	calls [][]string
	// bad is a mission that makes the call fail in which it is asked for.
	bad string
}

var errBad = errors.New("a row that can't be read")

func (s *slow) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	s.mu.Lock()
	s.calls = append(s.calls, ids)
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, store.ErrUnavailable
	}
	if slices.Contains(ids, s.bad) {
		return nil, errBad
	}
	return s.Store.Load(ctx, ids...)
}

// sizes are how many missions each call asked for.
func (s *slow) sizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n []int
	for _, ids := range s.calls {
		n = append(n, len(ids))
	}
	return n
}

// slowly returns a store that was not started over a slow primary, and the ids of its missions.
func slowly(t *testing.T, missions int) (*dualstore.Store, *slow, []string) {
	t.Helper()
	primary := &slow{Store: memstore.New(memstore.Config{})}
	s, err := dualstore.New(dualstore.Config{Primary: primary, ReadTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range missions {
		r := newRecord()
		if _, err := primary.Commit(t.Context(), store.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Mission.MissionID)
	}
	return s, primary, ids
}

func TestReadsShareTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, primary, ids := slowly(t, 100)
		var all sync.WaitGroup
		read := func(id string, took time.Duration) {
			all.Go(func() {
				began := time.Now()
				r, source, err := s.Get(t.Context(), id)
				if err != nil || r.Mission.MissionID != id || source.Degraded {
					t.Errorf("read %s: %+v, %+v, %v", id, r.Mission, source, err)
				}
				if got := time.Since(began); got > took {
					t.Errorf("a read took %v, want %v at most", got, took)
				}
			})
		}
		read(ids[0], time.Second) // alone: at once
		synctest.Wait()
		for _, id := range ids[1:] {
			read(id, 3*time.Second)
		}
		read(ids[1], 3*time.Second) // twice in one call or in two: both are answered
		all.Wait()
		if got := primary.sizes(); len(got) != 3 || got[0] != 1 || got[1] != 64 || got[2] != 36 {
			t.Errorf("calls of %d missions, want 1, 64 and 36", got)
		}
		read(ids[0], time.Second)
		all.Wait()
	})
}

// A read sees what was answered before it came, so it may not join a call that has begun.
func TestAReadSeesWhatWasWrittenBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		truth := memstore.New(memstore.Config{})
		early := &stale{Store: truth}
		s, err := dualstore.New(dualstore.Config{Primary: early, ReadTimeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		r := newRecord()
		if _, err := truth.Commit(t.Context(), store.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for version := int64(1); version <= 5; version++ {
			all.Go(func() {
				got, _, err := s.Get(t.Context(), r.Mission.MissionID)
				if err != nil || got.Mission.Version < version {
					t.Errorf("read version %d, %v, after %d was written", got.Mission.Version, err, version)
				}
			})
			synctest.Wait() // asked, or waiting
			r.Mission.Version = version
			if _, err := truth.Commit(t.Context(), store.Change{Record: r, IfVersion: version}); err != nil { // by another process
				t.Fatal(err)
			}
		}
		all.Wait()
	})
}

// stale is a primary whose Load answers a second later what was there when it began.
type stale struct{ store.Store }

func (s *stale) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	records, err := s.Store.Load(ctx, ids...)
	<-time.After(time.Second)
	return records, err
}

func TestAReadThatFailsIsTheOnlyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, primary, ids := slowly(t, 10)
		primary.bad = ids[5]
		var all sync.WaitGroup
		for _, id := range append(ids, "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b") {
			want := map[string]error{ids[5]: errBad, "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b": store.ErrNotFound}[id]
			all.Go(func() {
				if _, _, err := s.Get(t.Context(), id); !errors.Is(err, want) {
					t.Errorf("read %s: %v, want %v", id, err, want)
				}
			})
			synctest.Wait()
		}
		all.Wait()
	})
}

// Whoever gives up leaves, and the others are answered.
func TestAReadIsNotBoundToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, ids := slowly(t, 3)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var all sync.WaitGroup
		for i, ctx := range []context.Context{hasty, hasty, t.Context()} {
			all.Go(func() {
				_, _, err := s.Get(ctx, ids[i])
				if want := ctx.Err(); !errors.Is(err, want) {
					t.Errorf("read %d: %v, want %v", i, err, want)
				}
			})
			synctest.Wait()
		}
		all.Wait()
	})
}

// While the primary says nothing all who wait are answered by memory at the same time: none waits for a call of its own.
func TestReadsThatWaitGoToMemoryTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{to: memstore.New(memstore.Config{})}
		s := over250(t, g)
		var ids []string
		for range 200 {
			r := newRecord()
			if _, err := s.Commit(t.Context(), store.Change{Record: r}); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, r.Mission.MissionID)
		}
		g.set(deaf)
		var all sync.WaitGroup
		began := time.Now()
		for _, id := range ids {
			all.Go(func() {
				_, source, err := s.Get(t.Context(), id)
				if took := time.Since(began); err != nil || !source.Degraded || took > 250*time.Millisecond {
					t.Errorf("read: degraded %v, %v, after %v", source.Degraded, err, took)
				}
			})
		}
		all.Wait()
		if asked, _ := g.count(); asked != 1 {
			t.Errorf("the primary was asked %d times, want once", asked)
		}
		g.set(open)
		time.Sleep(2 * time.Second) //nolint:forbidigo // in a bubble: a deaf call ends
	})
}

// over250 returns a store that was not started, with the usual patience.
func over250(t *testing.T, primary store.Store) *dualstore.Store {
	t.Helper()
	s, err := dualstore.New(dualstore.Config{Primary: primary})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
