package shardstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// outbox creates so many due missions in each shard.
func outbox(t testing.TB, s store.Store, n ...int) {
	t.Helper()
	for i, n := range n {
		for range n {
			commit(t, s, store.Applied, queued(i))
		}
	}
}

func taken(t testing.TB, s store.Store, limit, shards int) (byShard []int) {
	t.Helper()
	entries, err := s.TakeDue(t.Context(), limit, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	byShard = make([]int, shards)
	for _, e := range entries {
		byShard[shardstore.Of(e.MissionID, shards)]++
	}
	return byShard
}

func TestShardsShareWhatIsTaken(t *testing.T) {
	_, all := shards(4)
	s := over(t, all...)
	outbox(t, s, 100, 100, 100, 3)
	for i, n := range taken(t, s, 40, 4) {
		if want := []int{10, 10, 10, 3}[i]; n < want || n > want+3 {
			t.Errorf("shard %d gave %d, want about %d", i, n, want)
		}
	}
	sum := 0
	for range 3 {
		for _, n := range taken(t, s, 1, 4)[:3] {
			sum += n
		}
	}
	if sum != 3 {
		t.Errorf("one at a time: %d of 3", sum)
	}
}

func TestAFullTakeIsFullWhereverTheEntriesLie(t *testing.T) {
	_, all := shards(4)
	s := over(t, all...)
	outbox(t, s, 0, 1200, 0, 10)
	got := taken(t, s, 700, 4)
	if got[1] != 690 || got[3] != 10 {
		t.Errorf("taken: %v", got)
	}
	if got := taken(t, s, 2000, 4); got[1] != 510 {
		t.Errorf("the rest: %v", got)
	}
	if got, err := s.TakeDue(t.Context(), -1, time.Hour); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEveryShardHasItsTurnWhereFewAreTaken(t *testing.T) {
	_, all := shards(4)
	s := over(t, all...)
	outbox(t, s, 10, 10, 10, 10)
	sum := make([]int, 4)
	for range 20 {
		for i, n := range taken(t, s, 1, 4) {
			sum[i] += n
		}
	}
	for i, n := range sum {
		if n == 0 {
			t.Errorf("shard %d had no turn: %v", i, sum)
		}
	}
}

func TestATakeWithAnAbsentShard(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	outbox(t, s, 5, 5, 5)
	some[1].set(away, nil)
	if got := taken(t, s, 100, 3); got[0] != 5 || got[2] != 5 {
		t.Errorf("taken: %v", got)
	}
	if _, err := s.TakeDue(t.Context(), 100, time.Hour); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("where nothing is taken: %v", err)
	}
	some[1].set(nil, nil)
	if got := taken(t, s, 100, 3); got[1] != 5 {
		t.Errorf("taken: %v", got)
	}
}

func TestShelvesOverShards(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	outbox(t, s, 4, 8, 4)
	entries, err := s.TakeDue(t.Context(), 100, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		entries[i].Shelf = "sent"
	}
	if err := s.ClearDue(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	later := contracts.At(time.Now().Add(time.Hour))
	ids, err := s.Shelved(t.Context(), "sent", later, 6)
	sum := make([]int, 3)
	for _, id := range ids {
		sum[shardstore.Of(id, 3)]++
	}
	if err != nil || len(ids) != 6 || sum[0] != 2 || sum[1] != 2 || sum[2] != 2 {
		t.Errorf("shelved: %v of shards, %v", sum, err)
	}
	// Fewer than were asked for are all there were: so an absent shard is an error.
	some[1].set(away, nil)
	if n, err := s.Unshelve(t.Context(), "sent", later, 100, contracts.FromMillis(1)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("unshelved %d, %v", n, err)
	}
	some[1].set(nil, nil)
	if n, err := s.Unshelve(t.Context(), "sent", later, 5, contracts.FromMillis(1)); err != nil || n != 5 {
		t.Errorf("unshelved %d, %v", n, err)
	}
	if n, err := s.Unshelve(t.Context(), "sent", later, 5, contracts.FromMillis(1)); err != nil || n != 3 {
		t.Errorf("unshelved %d, %v", n, err)
	}
}

func TestAnEntryIsGivenOnceInATake(t *testing.T) {
	_, all := shards(3)
	s := over(t, all...)
	outbox(t, s, 1, 1, 1)
	entries, err := s.TakeDue(t.Context(), 5, 0) // due again at once
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		e.Shelf = "sent"
		if err := s.ClearDue(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Unshelve(t.Context(), "sent", contracts.At(time.Now().Add(time.Hour)), 10, contracts.FromMillis(1)); err != nil || n != 3 {
		t.Errorf("%d of 3 were cleared, %v: some are older entries", n, err)
	}
}
