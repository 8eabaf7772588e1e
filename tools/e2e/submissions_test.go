package e2e

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// byBroker orders missions of no length without a key, n of them at once and as many as one batch, and returns their ids.
func (s *stack) byBroker(n int, label string) []string {
	s.t.Helper()
	rs := batch(n, label)
	ids := make([]string, n, 2*n)
	var all sync.WaitGroup
	for i, r := range rs {
		all.Go(func() {
			m, err := s.Submit(s.t.Context(), r, client.SubmitOptions{NoKey: true})
			if err != nil || m.Durable != client.DurableBroker {
				s.t.Errorf("mission %d: kept by %q, %v", i, m.Durable, err)
			}
			ids[i] = m.MissionID
		})
	}
	b, err := s.SubmitBatch(s.t.Context(), rs, client.SubmitOptions{NoKey: true})
	if err != nil || b.Durable != client.DurableBroker {
		s.t.Errorf("batch: kept by %q, %v", b.Durable, err)
	}
	for _, m := range b.Missions {
		ids = append(ids, m.MissionID)
	}
	all.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	return ids
}

// completeOnce waits until all missions are COMPLETED, and wants each to be there once, with one run. None of them may
// ever be denied.
func (s *stack) completeOnce(label string, ids []string) {
	s.t.Helper()
	for _, id := range ids {
		s.eventually(2*time.Minute, "COMPLETED", func() bool {
			m, err := s.Get(s.t.Context(), id)
			var p *client.Problem
			if errors.As(err, &p) && p.Status == http.StatusNotFound {
				s.t.Fatalf("mission %s was accepted, and denied", id)
			}
			if err == nil && m.Run > 1 {
				s.t.Fatalf("mission %s runs for the %dth time", id, m.Run)
			}
			return err == nil && m.Status == contracts.StatusCompleted
		})
	}
	if got := s.listed(client.ListOptions{Label: contracts.Label{Key: "batch", Value: label}}); len(got) != len(ids) {
		s.t.Errorf("%d missions are there, %d were accepted", len(got), len(ids))
	}
}

func (s *stack) wantProblem(err error, code string) {
	s.t.Helper()
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != code || p.RetryAfter == 0 {
		s.t.Errorf("got %v, want %s with a Retry-After", err, code)
	}
}

func TestMissionsAreAcceptedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	s := run(t, nil)
	ctx := t.Context()
	redis, rabbit, commander := s.Part(localstack.Redis), s.Part(localstack.RabbitMQ), s.Part(localstack.Commander)
	if err := redis.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	ids := s.byBroker(40, "away")
	// The commander forgets all that it knew.
	pid := commander.PID()
	if err := commander.Kill(); err != nil {
		t.Fatal(err)
	}
	s.eventually(time.Minute, "the next commander serves", func() bool {
		h, err := s.Health(ctx)
		return err == nil && commander.PID() != pid && h.Checks["rabbitmq"].Status == "up"
	})
	ids = append(ids, s.byBroker(5, "away")...)
	_, err := s.once().Get(ctx, ids[0])
	s.wantProblem(err, "not_in_memory")
	_, err = s.once().Submit(ctx, batch(1, "keyed")[0], client.SubmitOptions{})
	s.wantProblem(err, "store_unavailable")

	if err := rabbit.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	_, err = s.once().Submit(ctx, batch(1, "both")[0], client.SubmitOptions{NoKey: true})
	s.wantProblem(err, "store_unavailable")
	for _, part := range []string{localstack.Redis, localstack.RabbitMQ} {
		if err := s.Part(part).Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.completeOnce("away", ids)
}

// TestMissionsAreAcceptedWhileRedisHangs: it takes the writes, and applies them after their missions were submitted to the
// broker as well.
func TestMissionsAreAcceptedWhileRedisHangs(t *testing.T) {
	t.Parallel()
	s := run(t, nil)
	var ids []string
	for i := range 2 {
		if err := s.Part(localstack.Redis).Pause(); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.byBroker(20, "hangs")...)
		if err := s.Part(localstack.Redis).Resume(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.awaitOK()
		}
	}
	s.completeOnce("hangs", ids)
}

// once is a client that makes one try.
func (s *stack) once() *client.Client {
	s.t.Helper()
	c, err := client.New(client.Config{BaseURL: s.CommanderURL(), Retry: client.Retry{Attempts: 1}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}
