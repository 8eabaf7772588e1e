package mission_test

import (
	"testing"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
)

// BenchmarkSeal seals an order with a small payload.
func BenchmarkSeal(b *testing.B) {
	request := contracts.MissionRequest{Name: "noop", Kind: "noop", Payload: []byte(`{"n":1,"to":"someone@example.org"}`)}
	request.Normalize()
	m := mission.Accept(request, "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", nil, contracts.FromMillis(1_800_000_000_000)).Change.Record.Mission
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mission.Seal(m, ticketKey); err != nil {
			b.Fatal(err)
		}
	}
}
