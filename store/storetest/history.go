package storetest

import (
	"fmt"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func historyTests() []test {
	return []test{
		{"lines come back whole and in order", func(t *tester) {
			full := contracts.HistoryLine{
				MadeAt: contracts.FromMillis(1_700_000_000_001), RecordedAt: contracts.FromMillis(1_700_000_000_002),
				Status: contracts.StatusInProgress, Cause: contracts.CauseGranted, Attempt: 1, Run: 2, SoldierID: "soldier-1",
				Message: "a message", Refused: true,
			}
			c := create(record(newID()))
			c.History = []contracts.HistoryLine{full, {Message: "second"}}
			r := t.apply(c)
			c = next(r, toStatus(contracts.StatusInProgress))
			c.History = []contracts.HistoryLine{{Message: "third"}}
			t.apply(c)
			want := store.History{Lines: []contracts.HistoryLine{full, {Message: "second"}, {Message: "third"}}}
			got, err := t.History(t.ctx, r.Mission.MissionID)
			t.must(err)
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
		}},
		{"long lines come back whole and in order", func(t *tester) {
			r := t.apply(create(record(newID())))
			var want []contracts.HistoryLine
			for i := range 12 {
				c := next(r, func(*store.Record) {})
				for _, n := range []int{1, 300, 8 << 10}[:i%4] {
					c.History = append(c.History, contracts.HistoryLine{Run: int64(i), Message: strings.Repeat("x", n)})
				}
				want = append(want, c.History...)
				r = t.apply(c)
			}
			got, err := t.History(t.ctx, r.Mission.MissionID)
			t.must(err)
			if d := diff(want, got.Lines); d != "" || got.Dropped != 0 {
				t.Errorf("%d dropped, %s", got.Dropped, d)
			}
		}},
		{"the first 20 and the last 180 lines are kept", func(t *tester) {
			r := t.apply(create(record(newID())))
			total := 0
			for _, n := range []int{150, 50, 1, 0, 3, 60, 250} {
				c := next(r, func(*store.Record) {})
				for range n {
					c.History = append(c.History, contracts.HistoryLine{Message: fmt.Sprint("line ", total)})
					total++
				}
				r = t.apply(c)
				var want store.History
				for i := range total {
					if i < 20 || i >= total-180 {
						want.Lines = append(want.Lines, contracts.HistoryLine{Message: fmt.Sprint("line ", i)})
					} else {
						want.Dropped++
					}
				}
				got, err := t.History(t.ctx, r.Mission.MissionID)
				t.must(err)
				if d := diff(want, got); d != "" {
					t.Fatalf("after %d lines: %s", total, d)
				}
			}
		}},
	}
}
