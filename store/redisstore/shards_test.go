package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

func TestAnotherNumberOfShardsIsRefused(t *testing.T) {
	url := emptied(t)
	if _, err := start(t, redisstore.Config{URL: url, Shard: 1, Shards: 4}).Counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 5} {
		s := start(t, redisstore.Config{URL: url, Shard: 1, Shards: n})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Counts(ctx)
		var shards *redisstore.ShardsError
		if !errors.As(err, &shards) || *shards != (redisstore.ShardsError{Found: 4, Want: n}) || errors.Is(err, store.ErrUnavailable) ||
			!strings.Contains(err.Error(), "set it to 4") {
			t.Errorf("%d shards: %v", n, err)
		}
	}
	if _, err := start(t, redisstore.Config{URL: url, Shard: 1, Shards: 4}).Counts(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAShardThatNobodyUsedIsNotTaken: only shard 0 knows that it is the only one.
func TestAShardThatNobodyUsedIsNotTaken(t *testing.T) {
	url := emptied(t)
	if _, err := start(t, redisstore.Config{URL: url}).Counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := start(t, redisstore.Config{URL: url, Shard: 3, Shards: 4})
	var shards *redisstore.ShardsError
	if _, err := s.Commit(t.Context(), newMission()); !errors.As(err, &shards) || shards.Found != 1 {
		t.Errorf("a commit to a shard that is none: %v", err)
	}
}

func TestAShardIsOneOfAll(t *testing.T) {
	for _, shard := range []int{-1, 2} {
		if _, err := redisstore.New(redisstore.Config{URL: "redis://127.0.0.1:1", Shard: shard, Shards: 2}); err == nil {
			t.Errorf("shard %d of 2 is taken", shard)
		}
	}
}
