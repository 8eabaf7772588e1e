package protocol_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// packer is a machine that may claim, and what it wants done.
type packer struct {
	*protocol.Machine
	t       *testing.T
	now     time.Time
	made    int
	inside  []protocol.WorkID
	settled []string
}

func newPacker(t *testing.T, slots int) *packer {
	p := &packer{t: t, now: time.Unix(1e9, 0)}
	p.Machine = protocol.New(protocol.Config{
		Slots: slots, Serves: func(kind string) bool { return kind == kindWork },
		NewExecution: func() string { p.made++; return fmt.Sprint("e", p.made) },
	})
	p.InboxUp(p.now, "inbox")
	p.OrdersUp(topology.Orders)
	p.Renewed(p.now, "", contracts.RenewalReply{Session: "s", Token: "token", Lease: true}, p.now)
	return p
}

// deliver delivers a message with orders of these missions.
func (p *packer) deliver(name string, missions ...int) {
	var orders []contracts.Order
	for _, i := range missions {
		orders = append(orders, contracts.NewOrder(contracts.Mission{
			MissionID: missionID(i), Kind: kindWork, Attempt: 1, TimeoutSeconds: 90,
		}, 1, contracts.At(p.now)))
	}
	p.OrdersTaken(p.now, orders, broker.NewDelivery(broker.Message{ID: name}, topology.Orders, broker.FirstDelivery, nil, 1))
	p.flow()
}

// flow grants all claims and confirms all finals.
func (p *packer) flow() {
	for pack, some := p.TakePack(); some; pack, some = p.TakePack() {
		p.PackDone(p.now, pack, nil)
		for _, u := range pack.Updates {
			a := contracts.Answer{Type: contracts.AnswerRecorded, Execution: u.Execution}
			if !u.Status.Final() {
				a = contracts.Answer{Type: contracts.AnswerGranted, Execution: u.Execution, Ticket: &contracts.Ticket{
					MissionID: u.MissionID, Attempt: 1, Run: 1, Execution: u.Execution, Session: "s",
				}}
			}
			p.Answer(p.now, a)
		}
	}
	for _, e := range p.Effects() {
		switch e := e.(type) {
		case protocol.Start:
			p.inside = append(p.inside, e.Work)
		case protocol.Settle:
			p.settled = append(p.settled, fmt.Sprint(e.Delivery.ID, " ", e.Outcome == broker.Acked))
		}
	}
}

func (p *packer) finish() {
	id := p.inside[0]
	p.inside = p.inside[1:]
	p.HandlerEnded(p.now, id, protocol.End{Status: contracts.UpdateCompleted})
	p.flow()
}

// tick lets time pass.
func (p *packer) tick(d time.Duration) {
	p.now = p.now.Add(d)
	p.Tick(p.now)
	p.Renewed(p.now, "s", contracts.RenewalReply{Session: "s", Token: "token", Lease: true}, p.now)
	p.flow()
}

// want checks how many handlers run, the ration, and what was settled since the last call: messages, and whether acked.
func (p *packer) want(running, ration int, settled ...string) {
	p.t.Helper()
	if got := p.Counts().Running; got != running {
		p.t.Errorf("%d handlers run, want %d", got, running)
	}
	if got := p.Ration(p.now, contracts.PriorityNormal); got != ration {
		p.t.Errorf("ration %d, want %d", got, ration)
	}
	if fmt.Sprint(p.settled) != fmt.Sprint(settled) {
		p.t.Errorf("settled %v, want %v", p.settled, settled)
	}
	p.settled = nil
}

func TestAPackIsAckedWithItsLastOrder(t *testing.T) {
	p := newPacker(t, 2)
	p.deliver("a", 1, 2, 3)
	p.want(2, 2)
	for range 2 {
		p.finish()
		p.want(min(2, len(p.inside)), 2)
	}
	p.finish()
	p.want(0, 2, "a true")
}

// TestAPackThatWaitsGoesBack: it holds back what another soldier could start. What was claimed from it goes on, and no more
// than there are slots for is taken for a while.
func TestAPackThatWaitsGoesBack(t *testing.T) {
	p := newPacker(t, 4)
	p.deliver("a", 1, 2)
	p.deliver("b", 3, 4, 5)
	p.deliver("c", 6, 7)
	p.deliver("d", 8)
	p.tick(999 * time.Millisecond)
	p.want(4, 4)
	p.tick(time.Millisecond)
	p.want(4, 2, "b false", "c false", "d false")
	for range 4 {
		p.finish()
	}
	p.want(0, 4, "a true") // 4 orders, as the last message had one
	p.deliver("e", 9, 10)
	p.want(2, 2) // in messages of two
	p.finish()
	p.finish()
	p.tick(time.Minute)
	p.want(0, 4, "e true")
}

func TestAPackBehindShortMissionsStays(t *testing.T) {
	p := newPacker(t, 1)
	p.deliver("a", 1, 2, 3)
	for range 2 {
		p.tick(400 * time.Millisecond)
		p.finish()
		p.want(1, 1)
	}
	p.finish()
	p.want(0, 1, "a true")
}

func TestADrainGivesAPackBack(t *testing.T) {
	p := newPacker(t, 1)
	p.deliver("a", 1, 2)
	p.deliver("b", 3, 4)
	p.Drain(p.now)
	p.flow()
	p.want(1, 0, "a false", "b false")
	p.deliver("c", 5, 6)
	p.finish()
	p.want(0, 0, "c false")
	if !p.Idle() {
		t.Error("not idle")
	}
}

// TestALostConnectionTakesAPack: nothing of it is settled on another connection.
func TestALostConnectionTakesAPack(t *testing.T) {
	p := newPacker(t, 1)
	p.deliver("a", 1, 2)
	p.OrdersDown(topology.Orders)
	p.OrdersUp(topology.Orders)
	p.finish()
	p.want(0, 1)
	if c := p.Counts(); c != (protocol.Counts{}) {
		t.Errorf("left: %+v", c)
	}
}
