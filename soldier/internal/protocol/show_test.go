package protocol_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// atWork returns a machine that has claimed its first order, under the session "s".
func atWork(t *testing.T, now time.Time) *protocol.Machine {
	t.Helper()
	m := protocol.New(protocol.Config{
		Slots: 1, Serves: func(kind string) bool { return kind == "k" }, NewExecution: func() string { return "e" },
	})
	m.InboxUp(now, "amq.gen-1")
	m.OrdersUp(topology.Orders)
	m.Renewed(now, "", contracts.RenewalReply{Session: "s", Token: "token", Lease: true}, now)
	m.OrdersTaken(now, []contracts.Order{sealedOrder(now, "k")}, broker.Delivery{Queue: topology.Orders})
	return m
}

// sealedOrder is an order of a kind, as a commander sends it.
func sealedOrder(now time.Time, kind string) contracts.Order {
	o := contracts.NewOrder(contracts.Mission{
		MissionID: missionID(1), Kind: kind, Attempt: 1, TimeoutSeconds: 60, Payload: []byte(`{"a":1}`),
	}, 1, contracts.At(now))
	o.Seal = "seal"
	return o
}

// sends takes the only update that there is to send, and has it published.
func sends(t *testing.T, m *protocol.Machine, now time.Time, err error) contracts.Update {
	t.Helper()
	p, ok := m.TakePack()
	if !ok || len(p.Updates) != 1 {
		t.Fatalf("there is %+v to send, want one update", p.Updates)
	}
	m.PackDone(now, p, err)
	return p.Updates[0]
}

func silent(t *testing.T, m *protocol.Machine) {
	t.Helper()
	if p, ok := m.TakePack(); ok {
		t.Fatalf("there is %+v to send, want nothing", p.Updates)
	}
}

func TestAClaimIsShownWhenACommanderAsks(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := atWork(t, now)
	if u := sends(t, m, now, nil); u.Mission != nil || u.Seal != "" {
		t.Errorf("a claim carries %+v unasked", u.Mission)
	}
	m.Answer(now, contracts.Answer{Type: contracts.AnswerShow, Execution: "another"})
	silent(t, m)
	show := contracts.Answer{Type: contracts.AnswerShow, MissionID: missionID(1), Execution: "e"}
	m.Answer(now, show)
	if u := sends(t, m, now, nil); u.Mission == nil || string(u.Mission.Payload) != `{"a":1}` || u.Seal != "seal" || u.Execution != "e" || u.Ticket != nil {
		t.Errorf("it shows %+v", u)
	}
	m.Answer(now, show) // to an earlier copy
	silent(t, m)
	now = now.Add(contracts.ClaimRepeat)
	m.Tick(now)
	if u := sends(t, m, now, nil); u.Mission == nil || u.Seal != "seal" {
		t.Error("the repeat shows nothing")
	}
}

func TestARunningExecutionIsShownOnceEachTime(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := atWork(t, now)
	sends(t, m, now, nil)
	ticket := contracts.Ticket{MissionID: missionID(1), Attempt: 1, Run: 3, Execution: "e", Session: "s", MAC: "m"}
	m.Answer(now, contracts.Answer{Type: contracts.AnswerGranted, MissionID: missionID(1), Execution: "e", Ticket: &ticket})
	asked := contracts.RenewalReply{Session: "s", Token: "token", Lease: true, Show: []string{"e", "another"}}
	for _, err := range []error{nil, errors.New("lost")} {
		m.Renewed(now, "s", asked, now)
		u := sends(t, m, now, err)
		if u.Status != contracts.UpdateInProgress || u.Ticket == nil || *u.Ticket != ticket || u.Mission == nil || string(u.Mission.Payload) != `{"a":1}` || u.Seal != "seal" {
			t.Errorf("it shows %+v", u)
		}
		silent(t, m)
	}
	m.HandlerEnded(now, 1, protocol.End{Status: contracts.UpdateCompleted})
	if u := sends(t, m, now, nil); u.Mission == nil || u.Mission.Payload != nil || u.Seal != "seal" {
		t.Errorf("the final carries %+v", u.Mission)
	}
	m.Renewed(now, "s", asked, now) // it has ended: its final says the same
	silent(t, m)
}

func TestAnOrderIsToldBackWithItsSeal(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := protocol.New(protocol.Config{Slots: 1, Serves: func(string) bool { return false }, NewExecution: func() string { return "e" }})
	m.InboxUp(now, "amq.gen-1")
	m.OrdersUp(topology.Orders)
	m.Renewed(now, "", contracts.RenewalReply{Session: "s", Token: "token", Lease: true}, now)
	m.OrdersTaken(now, []contracts.Order{sealedOrder(now, "k")}, broker.Delivery{Queue: topology.Orders})
	if u := sends(t, m, now, nil); u.Status != contracts.UpdateNoHandler || u.Mission == nil || u.Seal != "seal" {
		t.Errorf("it tells %+v", u)
	}
}

func TestNothingOfADeadSessionIsShown(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := atWork(t, now)
	sends(t, m, now, nil)
	ticket := contracts.Ticket{MissionID: missionID(1), Attempt: 1, Run: 3, Execution: "e", Session: "s", MAC: "m"}
	m.Answer(now, contracts.Answer{Type: contracts.AnswerGranted, MissionID: missionID(1), Execution: "e", Ticket: &ticket})
	m.Renewed(now, "s", contracts.RenewalReply{Session: "s", Token: "token", Lease: true, Show: []string{"e"}}, now)
	m.Renewed(now, "s", contracts.RenewalReply{Session: "s", Dead: true}, now)
	m.Renewed(now, "", contracts.RenewalReply{Session: "s2", Token: "token", Lease: true}, now)
	silent(t, m)
}
