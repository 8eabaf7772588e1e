package shardstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

func TestOutcomesAndRecordsComeInTheCallersOrder(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	var changes []store.Change
	var ids []string
	var want []store.Code
	for i := range 30 {
		c := queued(i % 3)
		code := store.Applied
		if i%4 == 3 {
			c.IfVersion, code = 7, store.Conflict
		}
		changes, ids, want = append(changes, c), append(ids, c.Record.Mission.MissionID), append(want, code)
	}
	outcomes, err := s.Commit(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	records, err := s.Load(t.Context(), ids...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range changes {
		if outcomes[i].Code != want[i] || (records[i].Mission.MissionID == ids[i]) != (want[i] == store.Applied) {
			t.Errorf("change %d: %+v, record %+v", i, outcomes[i], records[i])
		}
	}
	for i, shard := range some {
		if n := shard.count("Commit"); n != 1 {
			t.Errorf("shard %d was called %d times", i, n)
		}
	}
}

func TestWhatAnAbsentShardMeansForTheOthers(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	a, b := queued(0), queued(1)
	some[1].set(away, nil)
	if _, err := s.Commit(t.Context(), a, b); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "shard 1") {
		t.Errorf("Commit: %v, want ErrUnavailable that names the shard", err)
	}
	// Nothing is known after an error. The caller loads again, what can be loaded.
	if load(t, s, missionID(a)).Mission.Version != 1 {
		t.Error("a shard that is there did nothing")
	}
	commit(t, s, store.Applied, queued(2))
	if _, err := s.Load(t.Context(), missionID(a), missionID(b)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Load: %v", err)
	}
	some[1].set(nil, away)
	if _, err := s.Commit(t.Context(), b); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Commit whose answer is lost: %v", err)
	}
	some[1].set(nil, nil)
	commit(t, s, store.Conflict, a, b) // both were made, each once
	if c, err := s.Counts(t.Context()); err != nil || c.ByStatus[contracts.StatusQueued] != 3 {
		t.Errorf("Counts: %+v, %v", c, err)
	}
}

// uncounted is a shard that does not know its counts until it has counted.
type uncounted struct {
	store.Store
	known bool
}

func (u *uncounted) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	if !u.known {
		return store.SquadCounts{}, nil
	}
	return u.Store.SquadCounts(ctx)
}

func (u *uncounted) Recount(context.Context) (bool, error) {
	before := u.known
	u.known = true
	return before, nil
}

func TestCountsOfSquadsAreKnownWhereAllShardsKnowThem(t *testing.T) {
	_, all := shards(3)
	all[1] = &uncounted{Store: all[1]}
	s := over(t, all...)
	commit(t, s, store.Applied, queued(0), queued(1), queued(2))
	if c, err := s.SquadCounts(t.Context()); err != nil || c.Known || len(c.BySquad) > 0 {
		t.Errorf("SquadCounts where a shard has none: %+v, %v", c, err)
	}
	for _, want := range []bool{false, true} {
		if known, err := s.Recount(t.Context()); err != nil || known != want {
			t.Errorf("Recount: %t, %v, want %t", known, err, want)
		}
	}
	c, err := s.SquadCounts(t.Context())
	if n := c.BySquad[queued(0).Record.Mission.Squad].Queued; err != nil || !c.Known || n != 3 {
		t.Errorf("SquadCounts: %+v, %v, want 3 QUEUED", c, err)
	}
}

func TestOneStepIsInOneShard(t *testing.T) {
	some, all := shards(4)
	s := over(t, all...)
	key := &store.Idempotency{Key: "k", BodyHash: "h", TTL: 1 << 40}
	right := shardstore.Of(s.Place(newID(0), "k"), 4)
	astray := queued((right + 1) % 4)
	astray.Idempotency = key
	if _, err := s.Commit(t.Context(), queued(0), astray); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a key of another shard: %v", err)
	}
	if _, err := s.CreateAll(t.Context(), key, queued((right+1)%4)); err == nil {
		t.Error("a batch's key of another shard was taken")
	}
	if _, err := s.CreateAll(t.Context(), nil, queued(1), queued(2)); err == nil {
		t.Error("a batch over two shards was taken")
	}
	for i, shard := range some {
		if c, err := shard.Counts(t.Context()); err != nil || c.ByStatus[contracts.StatusQueued] != 0 {
			t.Errorf("shard %d has %+v, %v", i, c, err)
		}
	}
	if o, err := s.CreateAll(t.Context(), key, queued(right), queued(right)); err != nil || o[0].Code != store.Applied {
		t.Errorf("%v, %v", o, err)
	}
}

func missionID(c store.Change) string { return c.Record.Mission.MissionID }
