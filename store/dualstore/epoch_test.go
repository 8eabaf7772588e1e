package dualstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

func TestWiped(t *testing.T) {
	server := redistest.Shared(t)
	empty(t, server)
	storetest.RunWiped(t, over(t, patientRedis(t, server)), over(t, patientRedis(t, server)), func() { empty(t, server) })
}

// TestMemoryDoesNotOutliveAWipe wipes Redis, settles, and stops Redis: memory must not answer with what went.
func TestMemoryDoesNotOutliveAWipe(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server := redistest.Start(t)
	s := start(t, dualstore.Config{Primary: patientRedis(t, server)})
	await(t, "redis is there", func() bool { return !degraded(t, s) })
	if _, err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	gone := newRecord()
	if o, err := s.Commit(ctx, store.Change{Record: gone}); err != nil || o[0].Code != store.Applied {
		t.Fatal(o, err)
	}
	empty(t, server)
	if e, err := s.Settle(ctx); err != nil || e.Origin != store.EpochWiped {
		t.Fatal(e, err)
	}
	kept := newRecord()
	if o, err := s.Commit(ctx, store.Change{Record: kept}); err != nil || o[0].Code != store.Applied {
		t.Fatal(o, err)
	}
	kill(t, server)
	await(t, "redis is away", func() bool { return degraded(t, s) })
	if r, _, err := s.Get(ctx, gone.Mission.MissionID); !errors.Is(err, store.ErrNotInMemory) {
		t.Errorf("what was wiped is answered from memory: %+v, %v", r, err)
	}
	if _, source, err := s.Get(ctx, kept.Mission.MissionID); err != nil || !source.Degraded {
		t.Errorf("what came after the wipe: %+v, %v", source, err)
	}
	if c, err := s.Counts(ctx); err == nil && c.ByStatus[gone.Mission.Status] > 1 {
		t.Errorf("counts of what was wiped: %+v", c)
	}
}
