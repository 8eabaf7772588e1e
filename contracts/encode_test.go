package contracts_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestNoHandlerHasNoTicket(t *testing.T) {
	u := contracts.Update{
		Status: contracts.UpdateNoHandler, MissionID: "01a3185b-65a0-7000-8000-000000000007", Attempt: 1, Execution: "e",
		Ticket: &contracts.Ticket{MissionID: "01a3185b-65a0-7000-8000-000000000007", Attempt: 1, Execution: "e"},
	}
	for want, ticket := range map[error]*contracts.Ticket{contracts.ErrMalformed: u.Ticket, nil: nil} {
		u.Ticket = ticket
		body, err := contracts.NewStatusPack("token", contracts.At(time.Now()), "", u).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := contracts.DecodeStatusPack(body); !errors.Is(err, want) {
			t.Errorf("ticket %v: %v", ticket, err)
		}
	}
}

// TestAPayloadKeepsItsSize sends a payload of characters that HTML would have escaped through an order, and back with a claim.
func TestAPayloadKeepsItsSize(t *testing.T) {
	payload := `{"a":"` + strings.Repeat("<>&\u2028", 50_000)
	payload = strings.ToValidUTF8(payload[:contracts.MaxPayloadSize-2], "") + `"}`
	order := contracts.NewOrder(contracts.Mission{
		MissionID: "01a3185b-65a0-7000-8000-000000000007", Kind: "k", Attempt: 1, TimeoutSeconds: 1, Payload: []byte(payload),
	}, 1, contracts.At(time.Now()))
	body, err := order.Encode()
	if err != nil || bytes.HasSuffix(body, []byte("\n")) {
		t.Fatalf("ends with %q, %v", body[len(body)-1:], err)
	}
	order, err = contracts.DecodeOrder(body)
	if err != nil {
		t.Fatal(err)
	}
	body, err = contracts.NewStatusPack("token", contracts.At(time.Now()), "", contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: order.Mission.MissionID, Attempt: 1, Execution: "e", Mission: &order.Mission,
	}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	pack, err := contracts.DecodeStatusPack(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := pack.Updates[0].Mission.Payload; string(got) != payload {
		t.Errorf("a payload of %d bytes came back with %d", len(payload), len(got))
	}
}
