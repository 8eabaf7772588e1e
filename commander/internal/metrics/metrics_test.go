package metrics

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func text(t *testing.T, m *Metrics) string {
	t.Helper()
	b, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEachMethodCounts(t *testing.T) {
	m := New()
	m.Request("GET", "/missions/:mission_id", 200, 3*time.Millisecond)
	m.StreamOpened()
	m.StreamOpened()
	m.StreamClosed()
	m.StreamReset("slow")
	m.Accepted()
	m.AcceptedByBroker()
	m.Retried()
	m.Ended(contracts.StatusFailed)
	m.Trimmed(contracts.StatusFailed, 4)
	m.Claimed(contracts.AnswerGranted)
	m.Recorded(contracts.UpdateCompleted)
	m.Refused("expired")
	m.Dispatched("confirmed")
	m.SetAsideActedUpon("drop", 3)
	m.SessionBuried()
	m.TokenIssued()
	m.OrdersLost(2)
	m.OrdersWiped(3)
	m.BrokerWiped()
	got := text(t, m)
	for _, want := range []string{
		`commander_http_requests_total{method="GET",route="/missions/:mission_id",status="200"} 1`,
		`commander_http_request_duration_seconds_bucket{method="GET",route="/missions/:mission_id",le="0.005"} 1`,
		`commander_sse_clients 1`, `commander_sse_resets_total{reason="slow"} 1`, `commander_missions_accepted_total 1`, `commander_submissions_total 1`, `commander_missions_retried_total 1`,
		`commander_missions_ended_total{status="FAILED"} 1`, `commander_missions_ended_total{status="COMPLETED"} 0`,
		`commander_missions_trimmed_total{status="FAILED"} 4`, `commander_missions_trimmed_total{status="CANCELLED"} 0`,
		`commander_claims_total{answer="granted"} 1`, `commander_updates_recorded_total{status="COMPLETED"} 1`,
		`commander_updates_refused_total{reason="expired"} 1`, `commander_dispatches_total{outcome="confirmed"} 1`,
		`commander_set_aside_actions_total{action="drop"} 3`, `commander_sessions_buried_total 1`, `commander_tokens_issued_total 1`,
		`commander_orders_resent_total{reason="lost"} 2`, `commander_orders_resent_total{reason="wiped"} 3`, `commander_broker_wipes_total 1`, `go_goroutines `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

// asker answers, or hangs until its context ends.
type asker struct {
	err  error
	hang bool
	from store.Source
}

func (a asker) wait(ctx context.Context) error {
	if a.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return a.err
}

func (a asker) Counts(ctx context.Context) (store.Counts, error) {
	return store.Counts{ByStatus: map[contracts.Status]int64{contracts.StatusQueued: 7}, Source: a.from}, a.wait(ctx)
}

func (a asker) Depth(ctx context.Context, _ string) (broker.Depth, error) {
	return broker.Depth{Ready: 3, Consumers: 2}, a.wait(ctx)
}

func TestScrapeAsksForWhatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		missions, queues asker
		want             []string
		not              []string
	}{
		"all there": {asker{}, asker{}, []string{`commander_missions{status="QUEUED"} 7`, `commander_queue_ready{queue="orders_queue"} 3`, `commander_queue_consumers{queue="status_queue"} 2`}, nil},
		"away":      {asker{err: store.ErrUnavailable}, asker{err: broker.ErrUnavailable}, []string{"go_goroutines "}, []string{"commander_missions{", "commander_queue_"}},
		"degraded":  {asker{from: store.Source{Degraded: true}}, asker{}, []string{"commander_queue_ready"}, []string{"commander_missions{"}},
		"hanging":   {asker{hang: true}, asker{hang: true}, []string{"go_goroutines "}, []string{"commander_missions{", "commander_queue_"}},
	} {
		m := New()
		if err := m.WatchMissions(c.missions); err != nil {
			t.Fatal(err)
		}
		if err := m.WatchQueues(c.queues, func() []string { return []string{"orders_queue", "status_queue"} }); err != nil {
			t.Fatal(err)
		}
		got := text(t, m) // returns, whoever hangs
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: lacks %s", name, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: has %s", name, not)
			}
		}
	}
}

func TestWatchingTwiceIsAnError(t *testing.T) {
	m := New()
	if err := m.WatchMissions(asker{}); err != nil {
		t.Fatal(err)
	}
	if err := m.WatchMissions(asker{}); err == nil {
		t.Error("no error")
	}
}

func TestTwoCommandersInOneProcess(t *testing.T) {
	a, b := New(), New()
	a.Accepted()
	if got := text(t, b); !strings.Contains(got, "commander_missions_accepted_total 0") {
		t.Error("they share a registry")
	}
}

func TestCountingWhileScraping(t *testing.T) {
	m := New()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				m.Request("GET", "/missions", 200, time.Millisecond)
				m.Refused("expired")
			}
		})
	}
	for range 5 {
		text(t, m)
	}
	all.Wait()
	if got := text(t, m); !strings.Contains(got, `commander_updates_refused_total{reason="expired"} 800`) {
		t.Error("counts were lost")
	}
}
