package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func removal(r store.Record) store.Removal {
	return store.Removal{MissionID: r.Mission.MissionID, IfVersion: r.Mission.Version}
}

// wantRemoved removes missions, of which these are to be gone by it.
func (t *tester) wantRemoved(missions []store.Removal, want ...string) {
	t.Helper()
	removed, err := t.Remove(t.ctx, missions...)
	t.must(err)
	if d := diff(want, removed); d != "" {
		t.Fatalf("removed: %s", d)
	}
}

func removeTests() []test {
	const completed, failed = contracts.StatusCompleted, contracts.StatusFailed
	return []test{
		{"what has ended goes, whatever its status, and all else stays", func(t *tester) {
			var all []store.Removal
			for n, status := range contracts.Statuses() {
				all = append(all, removal(t.load(t.ended(status, n, time.Hour, 0))))
			}
			unknown := store.Removal{MissionID: t.aged(time.Hour, 90), IfVersion: 1}
			stays := t.load(t.ended(failed, 91, time.Hour, 0))
			var want []string
			for i, status := range contracts.Statuses() {
				if status.Terminal() {
					want = append(want, all[i].MissionID)
				}
			}
			t.wantRemoved(append(all, unknown), want...)
			t.wantRemoved(append(all, unknown))
			counts, err := t.Counts(t.ctx)
			t.must(err)
			for _, status := range contracts.Statuses() {
				left := int64(1)
				if status.Terminal() && status != failed {
					left = 0
				}
				if counts.ByStatus[status] != left {
					t.Errorf("%d are %s, want %d", counts.ByStatus[status], status, left)
				}
			}
			if got := t.load(stays.Mission.MissionID); got.Mission.Version != stays.Mission.Version {
				t.Errorf("what was not named is %+v", got)
			}
			for _, id := range want {
				if _, err := t.History(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("History: %v", err)
				}
			}
			if ids := t.all(store.Query{Kind: contracts.DefaultKind}); len(ids) != 4 {
				t.Errorf("%d are listed, want 4", len(ids))
			}
		}},
		{"what changed meanwhile stays", func(t *tester) {
			r := t.load(t.ended(failed, 1, time.Hour, 0))
			c := next(r, toStatus(contracts.StatusQueued))
			c = next(t.apply(c), toStatus(failed))
			t.apply(c)
			t.wantRemoved([]store.Removal{removal(r)})
			t.wantRemoved([]store.Removal{removal(t.load(r.Mission.MissionID))}, r.Mission.MissionID)
			c.IfVersion = 3
			t.wantCode(c, store.Conflict)
		}},
		{"of many who remove and who change a mission one wins", func(t *tester) {
			for n := range 30 {
				r := t.load(t.ended(completed, n, time.Hour, 0))
				var removed, changed atomic.Int32
				var all sync.WaitGroup
				for range 3 {
					all.Go(func() {
						ids, err := t.Remove(t.ctx, removal(r))
						if err != nil {
							t.Error(err)
						}
						removed.Add(int32(len(ids))) //nolint:gosec // 0 or 1
					})
					all.Go(func() {
						outcomes, err := t.Commit(t.ctx, next(r, toStatus(contracts.StatusQueued)))
						if err != nil {
							t.Error(err)
						} else if outcomes[0].Code == store.Applied {
							changed.Add(1)
						}
					})
				}
				all.Wait()
				if removed.Load()+changed.Load() != 1 {
					t.Fatalf("removed %d times, changed %d times", removed.Load(), changed.Load())
				}
			}
		}},
		{"what is not to be is refused", func(t *tester) {
			id := t.aged(time.Hour, 1)
			for _, missions := range [][]store.Removal{
				{{MissionID: "x", IfVersion: 1}}, {{MissionID: id}}, {{MissionID: id, IfVersion: 1}, {MissionID: id, IfVersion: 2}},
				make([]store.Removal, store.MaxTrim+1),
			} {
				if _, err := t.Remove(t.ctx, missions...); err == nil {
					t.Errorf("%+v is taken", missions)
				}
			}
			t.wantRemoved(nil)
		}},
	}
}
