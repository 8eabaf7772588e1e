package protocol_test

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// TestWithoutATokenNoOrdersAreTaken: the lease is renewed over the broker meanwhile, but a claim could not be sent, and the
// order would be kept from soldiers that can.
func TestWithoutATokenNoOrdersAreTaken(t *testing.T) {
	now := time.Now()
	m := protocol.New(protocol.Config{Slots: 4})
	m.InboxUp(now, "inbox")
	over := func(token string) {
		m.Renewed(now, m.Session(), contracts.RenewalReply{Session: "s", Token: token, Lease: true}, now)
	}
	over("token")
	if n := m.Ration(now, contracts.PriorityNormal); n != 4 {
		t.Fatalf("ration %d with a token, want 4", n)
	}
	for range 8 {
		now = now.Add(5 * time.Second)
		over("")
	}
	if n := m.Ration(now, contracts.PriorityNormal); n != 0 || !m.LeaseYoung(now) {
		t.Errorf("ration %d after %v without a token, lease young: %v", n, 40*time.Second, m.LeaseYoung(now))
	}
	over("another")
	if n := m.Ration(now, contracts.PriorityNormal); n != 4 {
		t.Errorf("ration %d with a token again, want 4", n)
	}
}
