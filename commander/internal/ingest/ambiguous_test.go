package ingest

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// TestASealOfAnAmbiguousMissionIsTaken: a soldier that reads keys exactly has another mission than the commander, which also reads
// them in other cases. The other updates of the message keep theirs.
func TestASealOfAnAmbiguousMissionIsTaken(t *testing.T) {
	in := New(Config{
		Verifier: tokenauthtest.NewVerifier(t, time.Now), SoldierClaim: "soldier_id", Refused: func(string) {}, Logger: zap.NewNop(),
	})
	token := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, time.Now), "s")
	const id = "10000000-0000-7000-8000-000000000001"
	claim := contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: "e", Seal: "the order's",
		Mission: &contracts.Mission{MissionID: id, Attempt: 1, Kind: "k", Payload: []byte(`{"genuine":1}`)},
	}
	evil := claim
	evil.Execution = "evil"
	body, err := contracts.NewStatusPack(token.Raw, contracts.At(time.Now()), "", claim, evil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(body), `"execution":"evil"`)
	text := before + `"execution":"evil"` + strings.Replace(after, `"payload":`, `"payload":{"evil":1},"Payload":`, 1)
	m := in.read(broker.NewDelivery(broker.Message{Body: []byte(text)}, "status_queue", broker.FirstDelivery, nil, 1))
	if m.refused != "" || len(m.items) != 2 {
		t.Fatalf("%q (%s), %d updates", m.refused, m.detail, len(m.items))
	}
	if got := m.items[0].Update.Seal; got != "the order's" {
		t.Errorf("the seal of the plain update is %q", got)
	}
	u := m.items[1].Update
	if u.Seal != "" || string(u.Mission.Payload) != `{"genuine":1}` {
		t.Errorf("seal %q of a mission with payload %s", u.Seal, u.Mission.Payload)
	}
}
