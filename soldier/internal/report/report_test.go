package report

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/soldier/internal/engine"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slow is a broker that confirms when it is told to, and notes how many updates each pack had.
type slow struct {
	packs   chan int
	confirm chan error
}

func (s *slow) Publish(ctx context.Context, _ string, m broker.Message) error {
	p, err := contracts.DecodeStatusPack(m.Body)
	if err != nil {
		return err
	}
	s.packs <- len(p.Updates)
	select {
	case err := <-s.confirm:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

type token struct{}

func (token) Current() (tokenauth.Credential, string, bool) {
	return tokenauth.Credential{Raw: "token", IssuedAt: time.Now(), AskedAt: time.Now()}, "s", true
}

// reporting runs a test of a reporter, in fake time. order claims so many missions; flying gives the sizes of the packs that
// have gone out since it was last asked.
func reporting(t *testing.T, test func(s *slow, order func(n int), flying func() []int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{packs: make(chan int, 100), confirm: make(chan error)}
		ids := 0
		var r *Reporter
		e := engine.New(protocol.Config{
			Slots: 1000, Serves: func(string) bool { return true },
			NewExecution: func() string { ids++; return fmt.Sprintf("e%d", ids) },
		}, engine.Hooks{Renew: func() {}, Send: func() { r.Wake() }}, zap.NewNop())
		r = New(e, token{}, s, zap.NewNop())
		e.Do(func(m *protocol.Machine, now time.Time) {
			m.Renewed(now, "", contracts.RenewalReply{Session: "s", Token: "t", Lease: true}, now)
			m.InboxUp(now, "amq.gen-1")
			m.Renewed(now, "s", contracts.RenewalReply{Session: "s", Token: "t", Lease: true}, now)
			m.OrdersUp("q")
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		test(s, func(n int) {
			e.Do(func(m *protocol.Machine, now time.Time) {
				for range n {
					id := fmt.Sprintf("01900000-0000-7000-8000-%012d", ids)
					m.OrdersTaken(now, []contracts.Order{{Mission: contracts.Mission{MissionID: id, Kind: "k", Attempt: 1, TimeoutSeconds: 300}}},
						broker.NewDelivery(broker.Message{}, "q", broker.FirstDelivery, nil, uint64(ids)))
				}
			})
			synctest.Wait()
		}, func() (sizes []int) {
			synctest.Wait()
			for len(s.packs) > 0 {
				sizes = append(sizes, <-s.packs)
			}
			return sizes
		})
		cancel()
		<-done
	})
}

func wantPacks(t *testing.T, got []int, want ...int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("packs of %v updates went out, want %v", got, want)
	}
}

func TestASlowConfirmHoldsUpNoLoneUpdate(t *testing.T) {
	reporting(t, func(s *slow, order func(int), flying func() []int) {
		for range maxPacks {
			order(1)
			wantPacks(t, flying(), 1)
		}
		order(1) // as many packs as may be
		order(1)
		wantPacks(t, flying())
		s.confirm <- nil
		wantPacks(t, flying(), 2)
	})
}

func TestFullPacksDoNotWaitForEachOther(t *testing.T) {
	const full = contracts.MaxPackedUpdates
	reporting(t, func(s *slow, order func(int), flying func() []int) {
		order(2*full + 10)
		wantPacks(t, flying(), full, full) // what is left waits for company
		order(full - 10)
		wantPacks(t, flying(), full)
		order(2)
		s.confirm <- nil
		s.confirm <- nil
		wantPacks(t, flying())
		s.confirm <- nil
		wantPacks(t, flying(), 2)
	})
}

func TestAfterAFailurePacksGoOneByOne(t *testing.T) {
	const full = contracts.MaxPackedUpdates
	reporting(t, func(s *slow, order func(int), flying func() []int) {
		order(3 * full)
		wantPacks(t, flying(), full, full, full)
		for range 3 {
			s.confirm <- broker.ErrUnavailable
		}
		time.Sleep(5 * time.Second) // the pauses after three failures are over, and no publish is given up yet
		wantPacks(t, flying(), full)
		s.confirm <- nil
		wantPacks(t, flying(), full, full)
	})
}
