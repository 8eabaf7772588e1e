package dispatch

import (
	"strconv"
	"testing"

	"github.com/mission-control-dev/mission-control/store"
)

func TestEntriesAreClearedInTheirOrder(t *testing.T) {
	c := newClearing()
	for i := range 5 {
		c.add(store.Due{MissionID: strconv.Itoa(i)})
	}
	seen := 0
	for _, want := range []int{2, 2, 1} {
		select {
		case <-c.some:
		default:
			t.Fatalf("after %d, nobody is told of the rest", seen)
		}
		taken := c.take(2)
		if len(taken) != want {
			t.Fatalf("%d entries, want %d", len(taken), want)
		}
		for _, e := range taken {
			if e.MissionID != strconv.Itoa(seen) {
				t.Errorf("entry %s, want %d", e.MissionID, seen)
			}
			seen++
		}
	}
	if len(c.take(2)) > 0 || c.entries != nil {
		t.Error("more than there was")
	}
}

func TestTheEntriesThatWaitAreBoundedButForConfirmedOrders(t *testing.T) {
	c := newClearing()
	for range maxClearing {
		if !c.addFew(store.Due{}) {
			t.Fatal("no room")
		}
	}
	if c.addFew(store.Due{}) {
		t.Error("more than may wait")
	}
	c.add(store.Due{MissionID: "confirmed"})
	if got := c.take(maxClearing + 1); len(got) != maxClearing+1 || got[maxClearing].MissionID != "confirmed" {
		t.Errorf("%d entries", len(got))
	}
	if !c.addFew(store.Due{}) {
		t.Error("no room after all was taken")
	}
}
