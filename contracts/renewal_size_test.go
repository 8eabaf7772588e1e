package contracts_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
)

// TestTheLargestRenewalIsTaken: all slots taken, and as many unrecorded finals as a soldier may have.
func TestTheLargestRenewalIsTaken(t *testing.T) {
	const id = "01a3185b-65a0-7000-8000-000000000007"
	ref := contracts.ExecutionRef{MissionID: id, Execution: strings.Repeat("e", 32), Run: math.MaxInt32}
	token := strings.Repeat("k", 64)
	r := contracts.Renewal{
		SoldierID: token, Session: id, Squads: slices.Repeat([]string{token}, 64), Kinds: slices.Repeat([]string{token}, 1000),
		Slots: contracts.MaxSlots, Version: strings.Repeat("v", 100), Seq: math.MaxInt64,
		Running:    slices.Repeat([]contracts.ExecutionRef{ref}, contracts.MaxSlots),
		Unrecorded: slices.Repeat([]contracts.ExecutionRef{ref}, contracts.UnrecordedPerSlot*contracts.MaxSlots),
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(r)
	if err != nil || len(body) <= contracts.MaxBodySize || len(body) > contracts.MaxRenewalSize {
		t.Errorf("%d bytes, %v: at most %d are taken", len(body), err, contracts.MaxRenewalSize)
	}
}
