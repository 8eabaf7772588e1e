package protocol_test

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// grants answers the claim of atWork's order, leaving so long.
func grants(m *protocol.Machine, now time.Time, left time.Duration) {
	ticket := contracts.Ticket{MissionID: missionID(1), Attempt: 1, Run: 3, Execution: "e", Session: "s", MAC: "m"}
	m.Answer(now, contracts.Answer{
		Type: contracts.AnswerGranted, MissionID: missionID(1), Execution: "e", Ticket: &ticket, Left: left.Milliseconds(),
	})
}

// causes returns why handlers are to end.
func causes(m *protocol.Machine) (all []protocol.Cause) {
	for _, e := range m.Effects() {
		if c, is := e.(protocol.Cancel); is {
			all = append(all, c.Cause)
		}
	}
	return all
}

func TestAHandlerEndsAtTheEarlierOfTimeoutAndDeadline(t *testing.T) {
	for left, want := range map[time.Duration]struct {
		after time.Duration
		cause protocol.Cause
	}{
		0:                {63 * time.Second, protocol.CauseTimeout}, // timeout_seconds is 60, from the start
		20 * time.Second: {20 * time.Second, protocol.CauseDeadline},
		62 * time.Second: {62 * time.Second, protocol.CauseDeadline},
		time.Hour:        {63 * time.Second, protocol.CauseTimeout},
	} {
		sent := time.Unix(1e9, 0)
		m := atWork(t, sent)
		sends(t, m, sent, nil)
		grants(m, sent.Add(3*time.Second-time.Millisecond), left) // the answer's way is not added to the deadline
		m.Effects()
		slack := time.Millisecond
		m.Tick(sent.Add(want.after - 2*slack))
		if c := causes(m); len(c) != 0 {
			t.Errorf("%v left: ended too early, by %v", left, c)
		}
		m.Tick(sent.Add(want.after))
		if c := causes(m); len(c) != 1 || c[0] != want.cause {
			t.Errorf("%v left: ended by %v, want %v", left, c, want.cause)
		}
	}
}

func TestTheDeadlineCountsFromTheClaimThatWasSentLast(t *testing.T) {
	first := time.Unix(1e9, 0)
	m := atWork(t, first)
	sends(t, m, first, nil)
	again := first.Add(contracts.ClaimRepeat)
	m.Tick(again)
	sends(t, m, again, nil)
	grants(m, again, 20*time.Second)
	m.Effects()
	m.Tick(first.Add(20 * time.Second))
	if c := causes(m); len(c) != 0 {
		t.Errorf("ended by %v, counted from the first claim", c)
	}
	m.Tick(again.Add(20 * time.Second))
	if c := causes(m); len(c) != 1 || c[0] != protocol.CauseDeadline {
		t.Errorf("ended by %v", c)
	}
	m.Tick(again.Add(20*time.Second + contracts.CancelGrace)) // the handler ignores it
	if u := sends(t, m, again, nil); u.Status != contracts.UpdateFailed || u.Error.Code != contracts.ErrorCodeDeadline {
		t.Errorf("%+v", u)
	}
}

func TestAGrantThatCameTooLateIsNotStarted(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := atWork(t, now)
	sends(t, m, now, nil)
	grants(m, now.Add(2*time.Second), time.Second)
	for _, e := range m.Effects() {
		if _, is := e.(protocol.Start); is {
			t.Error("its handler is called")
		}
	}
	if u := sends(t, m, now, nil); u.Status != contracts.UpdateFailed || u.Error.Code != contracts.ErrorCodeDeadline {
		t.Errorf("%+v", u)
	}
}
