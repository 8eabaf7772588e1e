package redisstore

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// entryOf are events n to m of an entry that was written at a ms.
func entryOf(from, to, ms int) []store.Event {
	var events []store.Event
	for n := from; n <= to; n++ {
		events = append(events, store.Event{ID: fmt.Sprintf("%d-%d", n, ms), MissionID: fmt.Sprint("m", n)})
	}
	return events
}

func (l looked) span() string {
	if len(l.events) == 0 {
		return fmt.Sprintf("none known=%t lacks=%t", l.known, l.lacks)
	}
	return l.events[0].ID + ".." + l.events[len(l.events)-1].ID
}

func TestWhatIsToldFollowsTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		hear func(*told)
		want map[string]string // by the id behind which to look
	}{
		"nothing yet": {func(*told) {}, map[string]string{noEvent: "none known=false lacks=false"}},
		"replies in order": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("3-50", entryOf(4, 4, 51))
		}, map[string]string{noEvent: "1-50..4-51", "3-50": "4-51..4-51", "4-51": "none known=true lacks=false"}},
		"replies out of order": {func(h *told) {
			h.hear("3-50", entryOf(4, 4, 51))
			h.hear(noEvent, entryOf(1, 3, 50))
		}, map[string]string{noEvent: "1-50..4-51"}},
		"the reply before is on its way": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("4-51", entryOf(5, 6, 52))
		}, map[string]string{noEvent: "1-50..3-50", "3-50": "none known=true lacks=true", "4-51": "5-52..6-52"}},
		"what lacked was read": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("4-51", entryOf(5, 6, 52))
			h.hear("3-50", entryOf(4, 4, 51))
		}, map[string]string{"3-50": "4-51..6-52"}},
		"a number given again": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("3-50", entryOf(4, 4, 51)) // Redis lost it
			h.hear("4-99", entryOf(5, 5, 99)) // and another commander wrote 4-99
		}, map[string]string{"4-51": "none known=true lacks=true", "4-99": "5-99..5-99"}},
		"Redis lost events, and has others now": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("3-50", entryOf(4, 6, 51))
			h.hear("3-50", entryOf(4, 4, 99))
		}, map[string]string{"3-50": "4-99..4-99", noEvent: "none known=false lacks=true", "6-51": "none known=false lacks=false"}},
		"Redis lost events, and has none now": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("3-50", entryOf(4, 6, 51))
			h.heardEnd("3-50")
		}, map[string]string{"3-50": "none known=true lacks=false"}},
		"an event that was told is gone": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.hear("3-50", entryOf(4, 6, 51))
			h.gone("6-51")
		}, map[string]string{"3-50": "none known=false lacks=false"}},
		"an event that was never told is gone": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.gone("6-51")
		}, map[string]string{noEvent: "1-50..3-50"}},
		"another epoch": {func(h *told) {
			h.hear(noEvent, entryOf(1, 3, 50))
			h.forget()
		}, map[string]string{noEvent: "none known=false lacks=false"}},
		"the log's end when it was read": {func(h *told) {
			h.heardEnd("7-70")
		}, map[string]string{"7-70": "none known=true lacks=false"}},
		"the oldest are dropped": {func(h *told) {
			h.hear(noEvent, entryOf(1, toldKept, 50))
			h.hear(fmt.Sprintf("%d-50", toldKept), entryOf(toldKept+1, toldKept+1, 51))
		}, map[string]string{
			noEvent: "none known=false lacks=true", fmt.Sprintf("%d-50", toldPiece): fmt.Sprintf("%d-50..%d-51", toldPiece+1, toldKept+1),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTold()
			c.hear(h)
			for after, want := range c.want {
				if got := h.after(after, 2*toldKept).span(); got != want {
					t.Errorf("behind %s: %s, want %s", after, got, want)
				}
			}
		})
	}
}

func TestWhatIsToldKeepsToTheLimit(t *testing.T) {
	h := newTold()
	h.hear(noEvent, entryOf(1, 3, 50))
	h.hear("3-50", entryOf(4, 6, 51))
	for limit, want := range map[int]string{2: "1-50..2-50", 3: "1-50..3-50", 5: "1-50..5-51", 6: "1-50..6-51", 7: "1-50..6-51"} {
		if got := h.after(noEvent, limit).span(); got != want {
			t.Errorf("at most %d: %s, want %s", limit, got, want)
		}
	}
}

// A reply that overtook another one, whose sender has waited for long by then, is no reason to ask Redis at once.
func TestAReplyMayBeOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{told: newTold()}
		s.told.hear(noEvent, entryOf(1, 3, 50))
		go func() {
			time.Sleep(quietFor - 2*lackedFor)
			s.told.hear("4-51", entryOf(5, 5, 52))
			time.Sleep(lackedFor / 2)
			s.told.hear("3-50", entryOf(4, 4, 51))
		}()
		if l := s.heard(t.Context(), "3-50", 100, time.Now().Add(time.Minute)); l.span() != "4-51..5-52" {
			t.Errorf("heard %s", l.span())
		}
	})
}
