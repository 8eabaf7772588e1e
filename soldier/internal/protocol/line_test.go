package protocol_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

const (
	high   = contracts.PriorityHigh
	normal = contracts.PriorityNormal
	low    = contracts.PriorityLow
)

// lined is a packer with backlogs at the broker, which sends the next order of a queue a moment after one was acked.
type lined struct {
	*packer
	backlog map[contracts.Priority]int
	lent    map[contracts.Priority]int
	orders  int
	started []contracts.Priority
}

// newLined is subscribed to all queues.
func newLined(t *testing.T, slots int) *lined {
	l := &lined{packer: newPacker(t, slots), backlog: map[contracts.Priority]int{}, lent: map[contracts.Priority]int{}}
	for _, p := range contracts.Priorities() {
		l.OrdersUp(queueOf(p))
	}
	return l
}

func queueOf(p contracts.Priority) string { return topology.OrdersQueue(contracts.DefaultSquad, p) }

// send has the broker send one order, and tells whether it had one, and the soldier room for it.
func (l *lined) send(p contracts.Priority) bool {
	if l.backlog[p] == 0 || l.lent[p] >= l.Ration(l.now, p) {
		return false
	}
	l.backlog[p]--
	l.lent[p]++
	l.orders++
	o := contracts.NewOrder(contracts.Mission{
		MissionID: missionID(l.orders), Kind: kindWork, Attempt: 1, TimeoutSeconds: 900, Priority: p,
	}, 1, contracts.At(l.now))
	l.OrdersTaken(l.now, []contracts.Order{o}, broker.NewDelivery(broker.Message{ID: string(p)}, queueOf(p), broker.FirstDelivery, nil, 1))
	l.carry()
	return true
}

// sendAll sends all that there is room for, low ones first.
func (l *lined) sendAll() {
	for _, p := range []contracts.Priority{low, normal, high} {
		for l.send(p) {
		}
	}
}

// carry grants all claims, and notes in what order missions were claimed and which messages are no more on loan.
func (l *lined) carry() {
	for pack, some := l.TakePack(); some; pack, some = l.TakePack() {
		l.PackDone(l.now, pack, nil)
		for _, u := range pack.Updates {
			a := contracts.Answer{Type: contracts.AnswerRecorded, Execution: u.Execution}
			if !u.Status.Final() {
				a = contracts.Answer{Type: contracts.AnswerGranted, Execution: u.Execution, Ticket: &contracts.Ticket{
					MissionID: u.MissionID, Attempt: 1, Run: 1, Execution: u.Execution, Session: "s",
				}}
			}
			l.Answer(l.now, a)
		}
	}
	for _, e := range l.Effects() {
		switch e := e.(type) {
		case protocol.Start:
			l.inside = append(l.inside, e.Work)
			l.started = append(l.started, e.Mission.Priority)
		case protocol.Settle:
			p := contracts.Priority(e.Delivery.ID)
			l.lent[p]--
			if e.Outcome == broker.Requeued {
				l.backlog[p]++
			}
		}
	}
}

// step ends the handler that runs longest; a millisecond later the broker's next orders are there.
func (l *lined) step() {
	id := l.inside[0]
	l.inside = l.inside[1:]
	l.HandlerEnded(l.now, id, protocol.End{Status: contracts.UpdateCompleted})
	l.carry()
	l.pass(time.Millisecond)
	l.sendAll()
}

// pass lets time pass, with its ticks.
func (l *lined) pass(d time.Duration) {
	for end := l.now.Add(d); l.now.Before(end); {
		l.now = end
		if at, ok := l.Wake(); ok && at.Before(end) {
			l.now = at
		}
		l.Tick(l.now)
		l.carry()
		l.Renewed(l.now, "s", contracts.RenewalReply{Session: "s", Token: "token", Lease: true}, l.now)
		l.carry()
		// The subscription follows the ration, and what waits is given back.
		for _, p := range contracts.Priorities() {
			if l.lent[p] > l.Ration(l.now, p) {
				l.GiveBack(queueOf(p))
				l.carry()
			}
		}
	}
}

// share is how many of the missions started since from were of a priority.
func (l *lined) share(from int, p contracts.Priority) int {
	n := 0
	for _, x := range l.started[from:] {
		if x == p {
			n++
		}
	}
	return n
}

// TestHighGoesFirst and the lower ones have about an eighth of the slots each, however many slots there are, and whether they hold as many
// orders or the broker has the next one.
func TestHighGoesFirst(t *testing.T) {
	for _, slots := range []int{1, 2, 4, 16, 64} {
		l := newLined(t, slots)
		l.backlog[high], l.backlog[normal], l.backlog[low] = 100_000, 100_000, 100_000
		l.sendAll()
		for range 20 * slots { // the first ones started before others had come
			l.step()
		}
		from := len(l.started)
		for range 1600 {
			l.step()
		}
		h, n, w := l.share(from, high), l.share(from, normal), l.share(from, low)
		if h < 1200 || n < 170 || w < 170 {
			t.Errorf("%d slots: %d high, %d normal, %d low of %d", slots, h, n, w, len(l.started)-from)
		}
		for p, n := range l.lent {
			if n > slots {
				t.Errorf("%d slots: %d orders of %s on loan", slots, n, p)
			}
		}
	}
}

// TestOneAloneHasAll: nothing is kept for orders that do not come.
func TestOneAloneHasAll(t *testing.T) {
	for _, p := range contracts.Priorities() {
		l := newLined(t, 3)
		l.backlog[p] = 10
		l.sendAll()
		if len(l.inside) != 3 {
			t.Errorf("%s: %d run", p, len(l.inside))
		}
		for range 7 {
			l.step()
			if len(l.inside) != 3 {
				t.Errorf("%s: %d run, want 3 at once", p, len(l.inside))
			}
		}
	}
}

// TestASlotIsKeptForAMoment for the next high order, where there was one each time; then a low one has it.
func TestASlotIsKeptForAMoment(t *testing.T) {
	l := newLined(t, 1)
	l.backlog[high] = 4
	l.sendAll()
	l.backlog[low] = 10
	l.sendAll()
	for range 4 {
		l.step()
	}
	// The second slot was a low one's: nobody knew that a high order comes.
	if got := initials(l.started); got != "hlhhh" {
		t.Errorf("started %s", got)
	}
	l.step()
	if got := initials(l.started); got != "hlhhh" {
		t.Errorf("started %s, within 1 ms", got)
	}
	l.pass(arrival)
	l.step()
	l.step()
	if got := initials(l.started); got != "hlhhhlll" {
		t.Errorf("started %s", got)
	}
}

const arrival = 50 * time.Millisecond

func initials(ps []contracts.Priority) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteByte(p[0])
	}
	return b.String()
}

// TestWhatWaitsBehindHighOrdersGoesBack: another soldier may be free. When its turn comes an order is taken all the same; and all
// that fit, once slots are free.
func TestWhatWaitsBehindHighOrdersGoesBack(t *testing.T) {
	for _, slots := range []int{1, 16} {
		l := newLined(t, slots)
		l.backlog[high] = 1000
		for l.send(high) {
		}
		l.backlog[low] = 100
		for l.sendAll(); l.share(0, low) == 0; {
			l.step() // until low ones had their turn
		}
		if l.lent[low] != slots {
			t.Fatalf("%d slots: %d low orders on loan", slots, l.lent[low])
		}
		l.step()
		for range 2 {
			l.pass(linePatience)
			l.sendAll()
		}
		if l.lent[low] > 1 || l.Ration(l.now, low) != 0 {
			t.Errorf("%d slots: %d low orders on loan", slots, l.lent[low])
		}
		from := len(l.started)
		for range 160 {
			l.step()
			l.pass(linePatience) // long missions
			l.sendAll()
			running := l.share(len(l.started)-slots, low)
			if few := max(slots/8, 1); l.lent[low] > running+few {
				t.Fatalf("%d slots: %d low orders on loan, %d of them run", slots, l.lent[low], running)
			}
		}
		if n := l.share(from, low); n < 12 || n > 25 {
			t.Errorf("%d slots: %d of %d were low", slots, n, len(l.started)-from)
		}
		l.backlog[high] = 0
		for range 3 * slots {
			l.step()
			l.pass(arrival)
			l.sendAll()
		}
		if l.Ration(l.now, low) != slots || len(l.inside) != slots || l.share(len(l.started)-slots, low) != slots {
			t.Errorf("%d slots: ration %d, %d run, the last started %s", slots, l.Ration(l.now, low), len(l.inside), initials(l.started))
		}
	}
}

const linePatience = 5 * time.Second

// TestSubscribingInTurn: where all queues are subscribed to at once, what comes from a lower one first waits for the higher one.
func TestSubscribingInTurn(t *testing.T) {
	l := newLined(t, 1)
	l.backlog[high], l.backlog[low] = 1, 1
	for _, p := range contracts.Priorities() {
		l.OrdersAsked(l.now, p, 1)
	}
	l.OrdersComing(l.now, low, 1)
	l.send(low)
	l.pass(20 * time.Millisecond)
	l.OrdersComing(l.now, high, 1)
	l.pass(5 * time.Millisecond)
	l.send(high)
	l.pass(time.Second)
	l.step()
	l.pass(time.Second)
	if got := initials(l.started); got != "hl" {
		t.Errorf("started %s", got)
	}
	// A queue that there is not: nobody waits for it for long.
	l.backlog[low] = 1
	l.OrdersAsked(l.now, high, 1)
	l.send(low)
	l.step()
	l.pass(100 * time.Millisecond)
	if got := initials(l.started); got != "hll" {
		t.Errorf("started %s", got)
	}
}
