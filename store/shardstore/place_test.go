package shardstore_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

func TestAnIDTellsItsShardAndStaysAUUIDOfItsTime(t *testing.T) {
	var before, after []string
	for i := range 4096 {
		id := uuid.Must(uuid.NewV7()).String()
		placed := shardstore.Place(id, i%shardstore.MaxShards)
		if got := shardstore.Of(placed, shardstore.MaxShards); got != i%shardstore.MaxShards {
			t.Fatalf("%s lies in %d, placed in %d", placed, got, i%shardstore.MaxShards)
		}
		u, err := uuid.Parse(placed)
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || !contracts.ValidMissionID(placed) {
			t.Fatalf("%s: %v", placed, err)
		}
		if placed[:34] != id[:34] {
			t.Fatalf("%s became %s", id, placed)
		}
		before, after = append(before, id), append(after, placed)
	}
	if !slices.IsSorted(before) || !slices.IsSorted(after) {
		t.Error("they do not sort by time")
	}
}

func TestWhereMissionsArePlaced(t *testing.T) {
	s := over(t, memstores(5)...)
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	counts := map[int]int{}
	for range 50 {
		counts[shardstore.Of(s.Place(id(), ""), 5)]++
	}
	for i := range 5 {
		if counts[i] != 10 {
			t.Errorf("shard %d got %d of 50", i, counts[i])
		}
	}
	words := map[int]bool{}
	for _, word := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		first := shardstore.Of(s.Place(id(), word), 5)
		for range 5 {
			if got := shardstore.Of(s.Place(id(), word), 5); got != first {
				t.Errorf("the word %s is in shards %d and %d", word, first, got)
			}
		}
		words[first] = true
	}
	if len(words) < 3 {
		t.Errorf("ten words lie in %d shards", len(words))
	}
	// It must never change: keys of before are looked for there.
	if got := shardstore.Of(s.Place(id(), "order 4711"), 5); got != 1 {
		t.Errorf("a key moved to shard %d", got)
	}
}

func TestOneShardHasAllIDsThatThereEverWere(t *testing.T) {
	one := memstores(1)
	s := over(t, one...)
	for range 100 {
		id := uuid.Must(uuid.NewV7()).String()
		if got := s.Place(id, ""); got != id {
			t.Fatalf("%s became %s", id, got)
		}
		c := queued(0)
		c.Record.Mission.MissionID = id
		c.Idempotency = &store.Idempotency{Key: id, BodyHash: "h", TTL: 1 << 40}
		commit(t, s, store.Applied, c)
		if load(t, one[0], id).Mission.Version != 1 {
			t.Fatal("it is not in the shard")
		}
	}
}

func TestAnIDThatNobodyMadeIsNotFound(t *testing.T) {
	s := over(t, memstores(5)...)
	for _, id := range []string{"", "x", "01890000-0000-7000-8000-0000000000ff", "01890000-0000-7000-8000-00000000003F"} {
		if r := load(t, s, id); r.Mission.Version != 0 {
			t.Errorf("%q: %+v", id, r)
		}
	}
}

func TestNumberOfShards(t *testing.T) {
	for n, fine := range map[int]bool{0: false, 1: true, 64: true, 65: false} {
		if _, err := shardstore.New(shardstore.Config{Shards: memstores(n)}); (err == nil) != fine {
			t.Errorf("%d shards: %v", n, err)
		}
	}
}
