package storetest

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// limited creates a mission whose deadline is that far from now.
func (t *tester) limited(from time.Duration) store.Record {
	t.Helper()
	r := record(t.near(together))
	r.Mission.DeadlineAt = contracts.At(t.now().Add(from))
	return t.apply(create(r))
}

func (t *tester) wantDeadlines(limit int, hold time.Duration, want ...store.Record) {
	t.Helper()
	got, err := t.TakeDeadlines(t.ctx, limit, hold)
	t.must(err)
	var ids []string
	for _, r := range want {
		ids = append(ids, r.Mission.MissionID)
	}
	if d := diff(ids, got); d != "" {
		t.Fatalf("deadlines: %s", d)
	}
}

func deadlineTests() []test {
	return []test{
		{"what is past comes, the earliest first, and again after the hold", func(t *tester) {
			t.apply(create(record(t.near(together)))) // it has none
			late, early := t.limited(-time.Second), t.limited(-time.Minute)
			t.limited(time.Hour)
			t.wantDeadlines(1, time.Hour, early)
			t.wantDeadlines(10, -time.Second, late)
			t.wantDeadlines(10, time.Hour, late)
			t.wantDeadlines(10, time.Hour)
			t.wantDeadlines(0, time.Hour)
		}},
		{"one that has ended has none, and one that is retried has its own again", func(t *tester) {
			r := t.limited(-time.Minute)
			r = t.apply(next(r, toStatus(contracts.StatusInProgress)))
			t.wantDeadlines(10, -time.Second, r)
			r = t.apply(next(r, toStatus(contracts.StatusFailed)))
			t.wantDeadlines(10, time.Hour)
			r = t.apply(next(r, func(r *store.Record) { r.Mission.Progress = 1 }))
			t.wantDeadlines(10, time.Hour)
			r = t.apply(next(r, func(r *store.Record) {
				r.Mission.Status, r.Mission.DeadlineAt = contracts.StatusQueued, contracts.Time{}
			}))
			t.wantDeadlines(10, time.Hour, r)
		}},
		{"one that is created as ended has none", func(t *tester) {
			r := record(t.near(together))
			r.Mission.DeadlineAt, r.Mission.Status = contracts.FromMillis(1), contracts.StatusFailed
			t.apply(create(r))
			t.wantDeadlines(10, time.Hour)
		}},
		{"a batch and a mission that is made anew have theirs", func(t *tester) {
			a, b := record(t.near(together)), record(t.near(together))
			a.Mission.DeadlineAt, b.Mission.DeadlineAt = contracts.FromMillis(2), contracts.FromMillis(1)
			t.createAll(store.Applied, nil, create(a))
			anew := create(b)
			anew.FirstVersion = 1_700_000_000_000
			t.apply(anew)
			t.wantDeadlines(10, time.Hour, b, a)
		}},
	}
}
