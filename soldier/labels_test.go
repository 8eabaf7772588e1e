package soldier

import (
	"encoding/json"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/worker"
)

// TestAHandlerHasItsOwnLabels: what it writes there is not reported, nor read while it writes.
func TestAHandlerHasItsOwnLabels(t *testing.T) {
	told := &contracts.Mission{MissionID: "m", Labels: map[string]string{"tenant": "a"}}
	m, err := missionOf[json.RawMessage](worker.Job{Mission: told, Ticket: &contracts.Ticket{}})
	if err != nil {
		t.Fatal(err)
	}
	m.Labels["tenant"] = "b"
	if told.Labels["tenant"] != "a" {
		t.Error("the mission that is reported has the handler's labels")
	}
}
