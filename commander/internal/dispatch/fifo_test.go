package dispatch

import (
	"strconv"
	"testing"

	"github.com/mission-control-dev/mission-control/store"
)

func TestWhatWaitsIsTakenInItsOrder(t *testing.T) {
	c := newFIFO[store.Due](10)
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
	if len(c.take(2)) > 0 || c.items != nil {
		t.Error("more than there was")
	}
}

func TestWhatWaitsIsBoundedWhereItIsOffered(t *testing.T) {
	const most = 3
	f := newFIFO[int](most)
	for i := range most {
		if f.room() != most-i || !f.offer(i) {
			t.Fatalf("no room for %d", i)
		}
	}
	if f.room() != 0 || f.offer(most) {
		t.Error("more than may wait")
	}
	f.add(most)
	if got := f.take(most + 1); len(got) != most+1 || got[most] != most {
		t.Errorf("%v", got)
	}
	if f.room() != most || !f.offer(0) {
		t.Error("no room after all was taken")
	}
}
