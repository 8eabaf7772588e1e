package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// TestASealOfAnAmbiguousMissionProvesNothing: a soldier that reads keys exactly has another mission than the commander, which also
// reads them in other cases. The other updates of the message keep their seal.
func TestASealOfAnAmbiguousMissionProvesNothing(t *testing.T) {
	in := New(Config{
		Verifier: tokenauthtest.NewVerifier(t, time.Now), SoldierClaim: "soldier_id", Refused: func(string) {}, Logger: zap.NewNop(),
	})
	token := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, time.Now), "s")
	now := time.Now()
	// The mission is older than the store's epoch, in which nobody can speak up for it any more.
	epoch := store.Epoch{ID: "e", Began: contracts.At(now.Add(-time.Hour))}
	id := fmt.Sprintf("%012x", now.Add(-2*time.Hour).UnixMilli())
	id = id[:8] + "-" + id[8:] + "-7000-8000-000000000001"
	sent := &contracts.Mission{
		MissionID: id, Name: "n", Attempt: 1, MaxAttempts: 1, Kind: "k", Payload: []byte(`{"genuine":1}`), Squad: contracts.DefaultSquad,
		Priority: contracts.PriorityNormal, TimeoutSeconds: 300, Status: contracts.StatusQueued,
	}
	keys := mission.Keys{Ticket: []byte("the tickets' key"), Order: []byte("the orders' key")}
	seal, err := mission.Seal(*sent, keys.Order)
	if err != nil {
		t.Fatal(err)
	}
	claim := contracts.Update{Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: "e", Seal: seal, Mission: sent}
	evil := claim
	evil.Execution = "evil"
	body, err := contracts.NewStatusPack(token.Raw, contracts.At(now), "", claim, evil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(body), `"execution":"evil"`)
	text := before + `"execution":"evil"` + strings.Replace(after, `"payload":`, `"payload":{"evil":1},"Payload":`, 1)
	m := in.read(broker.NewDelivery(broker.Message{Body: []byte(text)}, "status_queue", broker.FirstDelivery, nil, 1))
	if m.refused != "" || len(m.items) != 2 {
		t.Fatalf("%q (%s), %d updates", m.refused, m.detail, len(m.items))
	}
	if u := m.items[1].Update; string(u.Mission.Payload) != `{"genuine":1}` {
		t.Fatalf("the ambiguous mission is read with payload %s", u.Mission.Payload)
	}
	for i, want := range []mission.Refusal{"", mission.RefusedUnsealed} {
		d := mission.Decide(store.Record{}, m.items[i], epoch, keys, contracts.At(now))
		if d.Refused != want || (d.Change != nil) != (want == "") {
			t.Errorf("update %d is refused as %q, want %q; changes: %v", i, d.Refused, want, d.Change != nil)
		}
	}
}
