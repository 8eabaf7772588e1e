package shardstore_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// progress changes a mission n times, and returns the changes.
func progress(t testing.TB, s store.Store, id string, n int) {
	t.Helper()
	for i := range n {
		commit(t, s, store.Applied, changed(t, s, id, func(r *store.Record) { r.Mission.Progress = i }))
	}
}

func read(t testing.TB, s store.Store, after string, limit int) []store.Event {
	t.Helper()
	events, err := s.ReadEvents(t.Context(), after, limit, 0)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// wantWhole checks that events are of every version of each mission, in its order.
func wantWhole(t testing.TB, events []store.Event, versions map[string]int64) {
	t.Helper()
	got := map[string]int64{}
	for _, e := range events {
		if e.Version != got[e.MissionID]+1 {
			t.Fatalf("%s: version %d after %d", e.MissionID, e.Version, got[e.MissionID])
		}
		got[e.MissionID] = e.Version
	}
	if fmt.Sprint(got) != fmt.Sprint(versions) {
		t.Fatalf("got %v, want %v", got, versions)
	}
}

// history makes missions in all shards and changes them by turns.
func history(t testing.TB, s store.Store, n, rounds int) map[string]int64 {
	t.Helper()
	versions := map[string]int64{}
	var ids []string
	for i := range n {
		c := queued(i)
		commit(t, s, store.Applied, c)
		ids = append(ids, missionID(c))
	}
	for i := range rounds {
		progress(t, s, ids[i*i%n], 1)
	}
	for _, id := range ids {
		versions[id] = load(t, s, id).Mission.Version
	}
	return versions
}

func TestEventsResumeAtAnyCommander(t *testing.T) {
	_, all := shards(5)
	one, other := over(t, all...), over(t, all...)
	versions := history(t, one, 5, 60)
	events := read(t, one, "", 500)
	wantWhole(t, events, versions)
	for i, e := range events {
		rest := read(t, other, e.ID, 500)
		if !slices.Equal(rest, events[i+1:]) {
			t.Fatalf("after event %d: %d events, want %d", i, len(rest), len(events)-i-1)
		}
	}
	last, err := other.LastEvent(t.Context())
	if err != nil || last != events[len(events)-1].ID {
		t.Errorf("last event %q, %v", last, err)
	}
	var again []store.Event
	for after := ""; ; {
		part := read(t, other, after, 7)
		if len(part) == 0 {
			break
		}
		again, after = append(again, part...), part[len(part)-1].ID
	}
	if !slices.Equal(again, events) {
		t.Error("read in parts they are others")
	}
}

func TestAnEventsIDIsShort(t *testing.T) {
	_, all := shards(16)
	s := over(t, all...)
	history(t, s, 16, 200)
	last, err := s.LastEvent(t.Context())
	if err != nil || len(last) > 128 {
		t.Errorf("%d characters for 16 shards: %s, %v", len(last), last, err)
	}
}

func TestNoEventIsLostWhereClocksDiffer(t *testing.T) {
	for _, skew := range []time.Duration{20 * time.Millisecond, time.Second, time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				some, all := shards(3)
				some[1].skew, some[2].skew = -skew, skew
				s := over(t, all...)
				var events []store.Event
				versions := map[string]int64{}
				after, began := "", time.Now()
				var reader sync.WaitGroup
				reader.Go(func() {
					for len(events) < 33 {
						part, err := s.ReadEvents(t.Context(), after, 4, time.Minute)
						if err != nil {
							t.Error(err)
							return
						}
						events, after = append(events, part...), part[len(part)-1].ID
					}
				})
				for i := range 3 {
					c := queued(i)
					commit(t, s, store.Applied, c)
					versions[missionID(c)] = 11
				}
				for range 10 {
					for id := range versions {
						progress(t, s, id, 1)
						time.Sleep(7 * time.Millisecond)
					}
				}
				reader.Wait()
				wantWhole(t, events, versions)
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("it took %v", took)
				}
				if s.Stop(t.Context()) != nil {
					t.Error("it did not stop")
				}
			})
		})
	}
}

// A clock that is set back makes events that are older than what was read.
func TestNoEventIsLostWhereAClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, all := shards(3)
		s := over(t, all...)
		versions := history(t, s, 3, 10)
		events := read(t, s, "", 500)
		some[1].mu.Lock()
		some[1].skew = -time.Hour
		some[1].mu.Unlock()
		for id := range versions {
			time.Sleep(5 * time.Millisecond)
			progress(t, s, id, 5)
			versions[id] += 5
		}
		wantWhole(t, append(events, read(t, over(t, all...), events[len(events)-1].ID, 500)...), versions)
	})
}

func TestEventsOfManyWritersAreReadWholeByMany(t *testing.T) {
	_, all := shards(4)
	writer := over(t, all...)
	versions := map[string]int64{}
	var writers, readers sync.WaitGroup
	for i := range 8 {
		c := queued(i % 4)
		versions[missionID(c)] = 26
		writers.Go(func() {
			commit(t, writer, store.Applied, c)
			progress(t, writer, missionID(c), 25)
		})
	}
	seen := make([][]store.Event, 3)
	for i := range seen {
		s := over(t, all...)
		readers.Go(func() {
			for after := ""; len(seen[i]) < 8*26; {
				events, err := s.ReadEvents(t.Context(), after, 9, time.Second)
				if err != nil || len(events) == 0 {
					t.Errorf("%d events, then %v", len(seen[i]), err)
					return
				}
				seen[i], after = append(seen[i], events...), events[len(events)-1].ID
			}
		})
	}
	writers.Wait()
	readers.Wait()
	for i := range seen {
		wantWhole(t, seen[i], versions)
		if !slices.Equal(seen[i], seen[0]) {
			t.Errorf("reader %d saw another order", i)
		}
	}
}

// What is written in the same millisecond by a shard that comes first is waited for: so all who read see one order.
func TestAnEventWaitsForThoseBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := over(t, memstores(3)...)
		late, early := queued(2), queued(0)
		commit(t, s, store.Applied, late)
		var reader sync.WaitGroup
		var events []store.Event
		reader.Go(func() { events, _ = s.ReadEvents(t.Context(), "", 10, 0) })
		synctest.Wait()
		commit(t, s, store.Applied, early)
		reader.Wait()
		if len(events) != 2 || events[0].MissionID != missionID(early) || events[1].MissionID != missionID(late) {
			t.Errorf("events: %v", events)
		}
	})
}

func TestALongLogIsReadWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := over(t, memstores(3)...)
		for range 50 {
			commit(t, s, store.Applied, queued(1))
		}
		began := time.Now() // still in that millisecond
		if events := read(t, s, "", 20); len(events) != 20 || time.Since(began) > 2*time.Millisecond {
			t.Errorf("%d events after %v", len(events), time.Since(began))
		}
		if events := read(t, s, "", 100); len(events) != 50 || time.Since(began) > 2*time.Millisecond {
			t.Errorf("%d events after %v", len(events), time.Since(began))
		}
	})
}

func TestIdleReadersShareFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, all := shards(8)
		s := over(t, all...)
		history(t, s, 8, 0)
		last, err := s.LastEvent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before := some[3].count("ReadEvents")
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for range 60 {
					if events, err := s.ReadEvents(t.Context(), last, 10, time.Second); err != nil || len(events) != 0 {
						t.Error(events, err)
					}
				}
			})
		}
		readers.Wait()
		// A look at the beginning and at the end of each second and reader; and every ten a wait, for both, and a look of each
		// when it ends.
		if n := some[3].count("ReadEvents") - before; n > 2*60*2+7*3 {
			t.Errorf("%d calls a shard in a minute", n)
		}
		if s.Stop(t.Context()) != nil {
			t.Error("it did not stop")
		}
	})
}

func TestAWaitEndsWithTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := over(t, memstores(3)...)
		var reader sync.WaitGroup
		reader.Go(func() {
			if _, err := s.ReadEvents(t.Context(), "", 1, time.Hour); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("ReadEvents: %v", err)
			}
		})
		synctest.Wait()
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		reader.Wait()
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestOneShardsTrouble(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	versions := history(t, s, 3, 10)
	first := read(t, s, "", 1)[0].ID
	some[1].set(away, nil)
	if _, err := s.ReadEvents(t.Context(), first, 10, 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("one is away: %v", err)
	}
	some[1].set(nil, nil)
	after := read(t, s, "", 500)[5].ID
	some[1].Store = memstores(1)[0]
	if _, err := s.ReadEvents(t.Context(), after, 10, 0); !errors.Is(err, store.ErrEventsTrimmed) {
		t.Errorf("one was wiped: %v", err)
	}
	_ = versions
}

func TestAnIDOfAnotherNumberOfShardsIsNone(t *testing.T) {
	_, all := shards(5)
	s := over(t, all...)
	history(t, s, 5, 5)
	id := read(t, s, "", 500)[7].ID
	// The first letter is of the number of shards.
	for _, bad := range []string{id[:len(id)-1], id + "A", "C" + id[1:], "-" + id, "AAAA"} {
		if _, err := s.ReadEvents(t.Context(), bad, 1, 0); !errors.Is(err, store.ErrEventsTrimmed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := over(t, all[:4]...).ReadEvents(t.Context(), id, 1, 0); !errors.Is(err, store.ErrEventsTrimmed) {
		t.Errorf("with four shards: %v", err)
	}
}
