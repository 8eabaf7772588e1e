package redisstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

func TestACommanderThatDoesNotCount(t *testing.T) {
	cfg := redisstore.Config{URL: emptied(t), Timeout: 10 * time.Second}
	s := start(t, cfg)
	before := redisstore.Uncounted(start(t, cfg))
	storetest.RunUncounted(t, s, func(changes ...store.Change) {
		t.Helper()
		outcomes, err := before.Commit(context.Background(), changes...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Code != store.Applied {
				t.Fatalf("outcome %+v", o)
			}
		}
	})
}

func ofSquad(squad string) store.Change {
	c := newMission()
	c.Record.Mission.Squad = squad
	return c
}

// wantSquads compares how many missions of squad lab are QUEUED, and how many of gpu are IN_PROGRESS.
func (h half) wantSquads(lab, gpu int64) {
	h.Helper()
	got, err := h.SquadCounts(context.Background())
	if err != nil || !got.Known || got.BySquad["lab"] != (store.Unended{Queued: lab}) || got.BySquad["gpu"] != (store.Unended{InProgress: gpu}) {
		h.Fatalf("SquadCounts: %+v, %v, want %d of lab QUEUED, %d of gpu IN_PROGRESS", got, err, lab, gpu)
	}
}

func (h half) wantRecounted() {
	h.Helper()
	if got, err := h.SquadCounts(context.Background()); err != nil || got.Known {
		h.Fatalf("SquadCounts: %+v, %v, want that they are not known", got, err)
	}
	if known, err := h.Recount(context.Background()); err != nil || !known {
		h.Fatalf("Recount of a few missions: %t, %v", known, err)
	}
}

// Whatever half a transaction or somebody's hand leaves, no count is told that is not that of the indexes.
func TestCountsOfSquadsAreRightOrNotKnown(t *testing.T) {
	h := newHalf(t)
	queued, running := ofSquad("lab"), ofSquad("gpu")
	h.commit(queued)
	h.commit(running)
	running.IfVersion, running.Record.Mission.Status = 1, contracts.StatusInProgress
	h.commit(running)
	h.wantSquads(1, 1)

	h.do("HINCRBY", "{mc:0}:squads", "Qlab", "1")
	h.wantRecounted()
	h.wantSquads(1, 1)

	h.do("DEL", "{mc:0}:squads")
	h.wantRecounted()
	h.wantSquads(1, 1)

	h.do("HSET", "{mc:0}:squads", "", "5-5") // the mark is written, its entry of the log is not
	h.wantRecounted()
	h.wantSquads(1, 1)

	h.do("DEL", "{mc:0}:events")
	h.wantRecounted()
	h.wantSquads(1, 1)
	h.commit(ended(queued))
	h.wantSquads(0, 1)

	// The row of one is gone, and its index has it: nobody knows its squad, and the others' counts are right.
	h.do("ZADD", "{mc:0}:st:Q", "0", ghost())
	h.wantRecounted()
	h.wantSquads(0, 1)
	h.commit(ofSquad("lab"))
	h.wantSquads(1, 1)
}

// Whatever somebody's hand makes of the counts, missions go on as ever, and the counts mend themselves.
func TestCountsOfSquadsThatCannotBeRead(t *testing.T) {
	for name, hand := range map[string][]string{
		"a count that is no number":   {"HSET", "{mc:0}:squads", "Qlab", "many"},
		"half a mission":              {"HSET", "{mc:0}:squads", "Qlab", "1.5", "Qgpu", "-0.5"},
		"less than none":              {"HSET", "{mc:0}:squads", "Qlab", "2", "Qgpu", "-1"},
		"no count":                    {"HSET", "{mc:0}:squads", "Sgpu", "nan"},
		"a status that is none":       {"HSET", "{mc:0}:squads", "Xlab", "1"},
		"another type":                {"SET", "{mc:0}:squads", "1"},
		"an id of another size":       {"ZADD", "{mc:0}:st:Q", "0", "x"},
		"an id that comes before all": {"ZADD", "{mc:0}:st:Q", "0", strings.Repeat("\x00", 16)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHalf(t)
			queued, running := ofSquad("lab"), ofSquad("gpu")
			h.commit(queued)
			h.commit(running)
			running.IfVersion, running.Record.Mission.Status = 1, contracts.StatusInProgress
			h.commit(running)
			if hand[0] == "SET" {
				h.do("DEL", hand[1])
			}
			h.do(hand...)
			h.wantRecounted()
			h.wantSquads(1, 1)

			h.do(hand...)
			h.commit(ended(queued))
			h.commit(ofSquad("lab"))
			h.commit(ofSquad("lab"))
			if _, err := h.Recount(context.Background()); err != nil {
				t.Fatal(err)
			}
			h.wantSquads(2, 1)
		})
	}
}

// An id of another size, which somebody's hand put into an index, keeps neither a count of many steps from its end nor a change from
// being made meanwhile, wherever it stands.
func TestMissionsAreCountedBesideAnIDOfAnotherSize(t *testing.T) {
	for name, odd := range map[string]string{"first": "\x00", "where a step ends": "\xff", "last": "\xff\xff"} {
		t.Run(name, func(t *testing.T) {
			h := newHalf(t)
			var changes []store.Change
			for range 598 { // with the one that is there and this one, as many as a step looks at
				changes = append(changes, ofSquad("lab"))
			}
			if _, err := h.Commit(context.Background(), changes...); err != nil {
				t.Fatal(err)
			}
			h.do("ZADD", "{mc:0}:st:Q", "0", odd)
			if odd == "\xff" {
				h.do("ZADD", "{mc:0}:st:Q", "0", "\xff\xfe")
			}
			h.do("DEL", "{mc:0}:squads")
			for known, steps := false, 0; !known; steps++ {
				var err error
				if known, err = h.Recount(context.Background()); err != nil || steps == 5 {
					t.Fatalf("Recount, step %d: %v", steps, err)
				}
				changes = append(changes, ofSquad("lab"))
				h.commit(changes[len(changes)-1])
			}
			h.wantSquads(int64(len(changes)), 0)
		})
	}
}

// Squads of the past leave nothing behind.
func TestCountsOfSquadsLeaveNothing(t *testing.T) {
	h := newHalf(t)
	for i := range 5 {
		c := ofSquad(fmt.Sprint("squad-", i))
		h.commit(c)
		h.commit(ended(c))
	}
	fields, err := h.client.Do(context.Background(), h.client.B().Hkeys().Key("{mc:0}:squads").Build()).AsStrSlice()
	if err != nil || slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(f, "squad-") }) {
		t.Errorf("the hash has %q, %v", fields, err)
	}
}
