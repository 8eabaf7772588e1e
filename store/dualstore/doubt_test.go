package dualstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func versionOf(v int64, s contracts.Status) store.Record {
	return store.Record{Mission: contracts.Mission{MissionID: "a", Version: v, Status: s}}
}

// The primary has lost versions 4 and 5, and gives 4 again before the mission's turn in the reload has come.
func TestAReloadIsNotKeptFromAMissionByANewerLostVersion(t *testing.T) {
	for name, between := range map[string]func(*twin){
		"a change": func(tw *twin) {
			tw.changed(store.Change{Record: versionOf(0, contracts.StatusQueued), IfVersion: 3})
		},
		"a read": func(tw *twin) { tw.learned(versionOf(4, contracts.StatusQueued), behind) },
	} {
		t.Run(name, func(t *testing.T) {
			tw := newTwin(Config{MaxMissions: 10, MaxBytes: 1 << 20, BodyLimit: 100})
			tw.learned(versionOf(5, contracts.StatusCompleted), inFront)
			ids := tw.reload()
			between(tw)
			if r, ok := tw.recall("a"); ok {
				t.Errorf("before its turn version %d is recalled", r.Mission.Version)
			}
			for _, id := range ids {
				tw.reloaded(id, versionOf(4, contracts.StatusQueued))
			}
			if r, ok := tw.recall("a"); !ok || r.Mission.Version != 4 {
				t.Errorf("after the reload version %d is recalled (%t), want 4", r.Mission.Version, ok)
			}
		})
	}
}

func TestWhatMayBeLostIsNotRecalled(t *testing.T) {
	s, err := New(Config{Primary: memstore.New(memstore.Config{}), Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	recalled := func() bool { _, ok := s.Recall("a"); return ok }
	s.twin.learned(versionOf(5, contracts.StatusQueued), inFront)
	if !recalled() {
		t.Fatal("what was just learned is not recalled")
	}
	ctx := context.Background()
	if _, err := s.ReadEvents(ctx, "gone", 1, 0); !errors.Is(err, store.ErrEventsTrimmed) || !recalled() {
		t.Errorf("%v; a reader of old events put memory in doubt", err)
	}
	if _, err := s.ReadEvents(ctx, "gone", 1, time.Second); !errors.Is(err, store.ErrEventsTrimmed) || recalled() {
		t.Errorf("%v; who follows the events was told that some are gone, and memory is not in doubt", err)
	}
	s.twin.learned(versionOf(5, contracts.StatusQueued), behind)
	if !recalled() {
		t.Error("what was confirmed is not recalled")
	}
}
