package contracts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// What the messages of one mission cost: an order, and packs of 64 claims, grants, finals and confirmations. Each
// iteration is one message; divide packs by 64.

func benchMission() contracts.Mission {
	at := contracts.At(time.Date(2024, 12, 8, 9, 53, 47, 38e6, time.UTC))
	return contracts.Mission{
		MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: "resize cover 7", Kind: "resize",
		Payload: []byte(`{"image":"covers/7.png","width":640}`), Priority: contracts.PriorityNormal, Squad: "default",
		Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: 1, TimeoutSeconds: 300, CreatedAt: at, UpdatedAt: at, Version: 1,
	}
}

func benchOrder() contracts.Order {
	o := contracts.NewOrder(benchMission(), 4711, contracts.At(time.Now()))
	o.Seal = strings.Repeat("s", 86)
	return o
}

func benchTicket(mission, execution string) contracts.Ticket {
	return contracts.Ticket{
		MissionID: mission, Attempt: 1, Run: 1, Execution: execution,
		Session: "0193a5af-1b2c-7abc-8def-0123456789ab",
	}.Sign([]byte("key"))
}

func benchClaims() contracts.StatusPack {
	now := contracts.At(time.Now())
	p := contracts.NewStatusPack(strings.Repeat("t", 300), now, "amq.gen-Xa2vR0bJ1qk3cB9mT5yW7g")
	for i := range contracts.MaxPackedUpdates {
		p.Updates = append(p.Updates, contracts.Update{
			Status: contracts.UpdateInProgress, MissionID: fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-0c1d%08x", uint32(i)*0x9e3779b9), Attempt: 1,
			Execution: fmt.Sprintf("c9f0f895fb98ab9159f51fd0%08x", uint32(i)*0x517cc1b7), DispatchedAt: now, MadeAt: now,
		})
	}
	return p
}

func benchFinals() contracts.StatusPack {
	p := benchClaims()
	for i := range p.Updates {
		u := &p.Updates[i]
		t, m := benchTicket(u.MissionID, u.Execution), benchMission().Brief()
		m.MissionID = u.MissionID
		u.Status, u.DispatchedAt, u.Ticket, u.Mission, u.Seal = contracts.UpdateCompleted, contracts.Time{}, &t, &m, strings.Repeat("s", 86)
		u.Result = []byte(`{"ok":true}`)
	}
	return p
}

func benchAnswers(kind contracts.AnswerType) contracts.AnswerPack {
	p := contracts.NewAnswerPack()
	for _, u := range benchClaims().Updates {
		a := contracts.Answer{Type: kind, MissionID: u.MissionID, Execution: u.Execution}
		if kind == contracts.AnswerGranted {
			t := benchTicket(u.MissionID, u.Execution)
			a.Ticket = &t
		}
		p.Answers = append(p.Answers, a)
	}
	return p
}

func BenchmarkEncode(b *testing.B) {
	for _, m := range []struct {
		name    string
		message interface{ Encode() ([]byte, error) }
	}{
		{"order", benchOrder()}, {"claims", benchClaims()}, {"finals", benchFinals()},
		{"grants", benchAnswers(contracts.AnswerGranted)}, {"recorded", benchAnswers(contracts.AnswerRecorded)},
	} {
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, err := m.message.Encode()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(body)))
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	order := func(body []byte) error { _, err := contracts.DecodeOrder(body); return err }
	status := func(body []byte) error { _, err := contracts.DecodeStatusPack(body); return err }
	answers := func(body []byte) error { _, err := contracts.DecodeAnswerPack(body); return err }
	header := func(body []byte) error { _, err := contracts.PeekHeader(body); return err }
	for _, m := range []struct {
		name    string
		message interface{ Encode() ([]byte, error) }
		decode  func([]byte) error
	}{
		{"order", benchOrder(), order}, {"claims", benchClaims(), status}, {"finals", benchFinals(), status},
		{"grants", benchAnswers(contracts.AnswerGranted), answers}, {"recorded", benchAnswers(contracts.AnswerRecorded), answers},
		{"header of finals", benchFinals(), header},
	} {
		body, err := m.message.Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if err := m.decode(body); err != nil {
					b.Fatal(fmt.Errorf("%w: %s", err, body))
				}
			}
		})
	}
}
