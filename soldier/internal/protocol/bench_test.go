package protocol_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// mute settles nothing.
type mute struct{}

func (mute) Settle(uint64, broker.Outcome) error { return nil }

// BenchmarkMission is what one mission costs the machine, from the delivery of its order to the answer that it is recorded,
// with all slots taken: each that ends makes room for the next.
func BenchmarkMission(b *testing.B) {
	for _, slots := range []int{16, 256, 1024} {
		b.Run(fmt.Sprintf("slots=%d", slots), func(b *testing.B) {
			ids, now := 0, time.Unix(1e9, 0)
			m := protocol.New(protocol.Config{
				Slots: slots, Serves: func(string) bool { return true },
				NewExecution: func() string { ids++; return fmt.Sprintf("e%d", ids) },
			})
			m.Renewed(now, "", contracts.RenewalReply{Session: "s", Token: "t", Lease: true}, now)
			m.InboxUp(now, "amq.gen-1")
			m.Renewed(now, "s", contracts.RenewalReply{Session: "s", Token: "t", Lease: true}, now)
			m.OrdersUp("q")
			order := contracts.Order{Mission: contracts.Mission{Kind: kindWork, Attempt: 1, TimeoutSeconds: 300}}
			tag := uint64(0)
			deliver := func() {
				tag++
				order.Mission.MissionID = missionID(int(tag))
				m.OrdersTaken(now, []contracts.Order{order}, broker.NewDelivery(broker.Message{}, "q", broker.FirstDelivery, mute{}, tag))
			}
			for range slots {
				deliver()
			}
			b.ReportAllocs()
			b.ResetTimer()
			// Packs are confirmed and claims are granted at once; handlers end in turn.
			var inside []protocol.WorkID
			ended := 0
			for recorded := 0; recorded < b.N; {
				for pack, some := m.TakePack(); some; pack, some = m.TakePack() {
					m.PackDone(now, pack, nil)
					for _, u := range pack.Updates {
						if u.Status.Final() {
							m.Answer(now, contracts.Answer{Type: contracts.AnswerRecorded, Execution: u.Execution})
							recorded++
							continue
						}
						m.Answer(now, contracts.Answer{Type: contracts.AnswerGranted, Execution: u.Execution, Ticket: &contracts.Ticket{
							MissionID: u.MissionID, Attempt: 1, Run: 1, Execution: u.Execution, Session: "s",
						}})
					}
				}
				for _, e := range m.Effects() {
					switch e := e.(type) {
					case protocol.Start:
						inside = append(inside, e.Work)
					case protocol.Settle:
						deliver()
					}
				}
				for _, id := range inside[:min(len(inside), 16)] {
					m.HandlerEnded(now, id, protocol.End{Status: contracts.UpdateCompleted})
					ended++
				}
				inside = inside[min(len(inside), 16):]
			}
		})
	}
}
