package shardstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// epochal is a shard in an epoch that a test sets.
type epochal struct {
	*shard
	epoch store.Epoch
}

func (e *epochal) Settle(ctx context.Context) (store.Epoch, error) {
	if _, err := e.shard.Settle(ctx); err != nil {
		return store.Epoch{}, err
	}
	return e.epoch, nil
}

func TestTheEpochOfAllIsAsYoungAsTheYoungest(t *testing.T) {
	some, all := shards(3)
	epochs := make([]*epochal, 3)
	for i := range some {
		epochs[i] = &epochal{some[i], store.Epoch{ID: string(rune('a' + i)), Began: contracts.FromMillis(int64(1000 * (i + 1))), Origin: store.EpochFirst}}
		all[i] = epochs[i]
	}
	s := over(t, all...)
	settle := func() store.Epoch {
		t.Helper()
		e, err := s.Settle(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	some[2].set(away, nil)
	if e, err := s.Settle(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("with a shard that was never seen: %+v, %v", e, err)
	}
	some[2].set(nil, nil)
	first := settle()
	if first.Began.Millis() != 3000 || first.Origin != store.EpochFirst || first.Adopted != 0 || settle() != first {
		t.Errorf("epoch %+v", first)
	}
	if e, err := over(t, all...).Settle(t.Context()); err != nil || e != first {
		t.Errorf("another commander settles %+v, %v", e, err)
	}

	// One is wiped while another is away: it serves again, so it must be known.
	some[2].set(away, nil)
	if e := settle(); e != first {
		t.Errorf("without a shard: %+v", e)
	}
	epochs[0].epoch = store.Epoch{ID: "new", Began: contracts.FromMillis(9000), Origin: store.EpochWiped}
	wiped := settle()
	if wiped.ID == first.ID || wiped.Began.Millis() != 9000 || wiped.Origin != store.EpochWiped {
		t.Errorf("after a wipe: %+v", wiped)
	}
	some[2].set(nil, nil)
	if e := settle(); e != wiped {
		t.Errorf("all are there: %+v", e)
	}
	epochs[0].epoch.Adopted, epochs[2].epoch.Adopted = 2, 3
	if e := settle(); e.Adopted != 5 || e.ID != wiped.ID {
		t.Errorf("adopted: %+v", e)
	}
	for _, shard := range some {
		shard.set(away, nil)
	}
	if e, err := s.Settle(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("all are away: %+v, %v", e, err)
	}
}

func TestCheckAsksAllShards(t *testing.T) {
	some, all := shards(3)
	s := over(t, all...)
	if warning, err := s.Check(t.Context()); warning != "" || err != nil {
		t.Errorf("%q, %v", warning, err)
	}
	some[2].skew = -2 * time.Second
	if warning, err := s.Check(t.Context()); !strings.Contains(warning, "shard 2") || err != nil {
		t.Errorf("%q, %v", warning, err)
	}
	some[1].set(away, nil)
	if _, err := s.Check(t.Context()); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "shard 1") {
		t.Errorf("%v", err)
	}
}
