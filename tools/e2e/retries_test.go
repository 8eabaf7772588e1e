package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// failing is a mission of so many seconds whose attempts all fail.
func failing(seconds string, attempts int, retry *contracts.RetryRequest) contracts.MissionRequest {
	return contracts.MissionRequest{
		Name: "fails", MaxAttempts: attempts, Retry: retry,
		Payload: []byte(`{"min_seconds":` + seconds + `,"max_seconds":` + seconds + `,"failure_rate":1}`),
	}
}

func retries(delay int, factor float64) *contracts.RetryRequest {
	return &contracts.RetryRequest{DelaySeconds: &delay, Factor: &factor}
}

func (s *stack) order(r contracts.MissionRequest, o client.SubmitOptions) client.Mission {
	s.t.Helper()
	m, err := s.Submit(s.t.Context(), r, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// waits returns how long a mission was SCHEDULED after each of its failed attempts, and wants each to tell its own error.
func (s *stack) waits(id string) []time.Duration {
	s.t.Helper()
	h, err := s.History(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	var waits []time.Duration
	var since contracts.Time
	failed := 0
	for _, l := range h.Lines {
		switch l.Cause {
		case contracts.CauseRetry, contracts.CauseFailed:
			since = l.RecordedAt
			if failed++; l.Attempt != failed || !strings.HasPrefix(l.Message, "simulated_failure: ") {
				s.t.Errorf("the history says of the attempt that failed as number %d: %+v", failed, l)
			}
		case contracts.CauseTimeCome:
			waits = append(waits, l.RecordedAt.Sub(since.Time))
		}
	}
	return waits
}

// TestMissionsAreRetriedAsTheyWereAskedTo: at their own pace, with the error of each attempt in the history.
func TestMissionsAreRetriedAsTheyWereAskedTo(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	atOnce := s.order(failing("0", 4, retries(0, 1)), client.SubmitOptions{}).MissionID
	slower := s.order(failing("0", 4, retries(2, 1.5)), client.SubmitOptions{}).MissionID
	for id, want := range map[string][]time.Duration{
		atOnce: {0, 0, 0}, slower: {2 * time.Second, 3 * time.Second, 4500 * time.Millisecond},
	} {
		if m := s.ends(id, contracts.StatusFailed); m.Attempt != 4 || m.Run != 4 || m.Retry == nil {
			t.Errorf("%+v", m.Mission)
		}
		got := s.waits(id)
		if len(got) != len(want) {
			t.Fatalf("it waited %v, want %v", got, want)
		}
		const slack = 5 * time.Second // of a busy machine
		for i := range got {
			if got[i] < want[i]*8/10-10*time.Millisecond || got[i] > want[i]*12/10+slack {
				t.Errorf("it waited %v, want %v, 20 %% less to 20 %% more", got, want)
			}
		}
	}
}

// TestADelayBeforeTheStart: one mission, a batch, and one that the broker keeps meanwhile.
func TestADelayBeforeTheStart(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	delay := 3
	r := contracts.MissionRequest{
		Name: "later", DelaySeconds: &delay, Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`),
	}
	all := []contracts.Mission{s.order(r, client.SubmitOptions{}).Mission}
	b, err := s.SubmitBatch(t.Context(), []contracts.MissionRequest{r, r}, client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, b.Missions...)
	redis := s.Part(localstack.Redis)
	if err := redis.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	kept := s.order(r, client.SubmitOptions{NoKey: true})
	if kept.Durable != client.DurableBroker {
		t.Errorf("kept by %q", kept.Durable)
	}
	all = append(all, kept.Mission)
	if err := redis.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Status != contracts.StatusScheduled || m.RunAt.Sub(m.CreatedAt.Time) != 3*time.Second {
			t.Errorf("accepted %s at %v, created at %v", m.Status, m.RunAt, m.CreatedAt)
		}
	}
	s.awaitOK()
	for _, m := range all {
		const slack = 100 * time.Millisecond // between the clocks of Redis and the commander
		if got := s.comesBack(m.MissionID); got.StartedAt.Before(m.RunAt.Add(-slack)) {
			t.Errorf("started at %v, want not before %v", got.StartedAt, m.RunAt)
		}
	}
}

// TestRetriesOutliveAWipe: what is adopted after Redis was emptied goes on at its own pace.
func TestRetriesOutliveAWipe(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	m := s.order(failing("6", 2, retries(1, 3)), client.SubmitOptions{})
	s.eventually(30*time.Second, "it runs", func() bool {
		got, err := s.Get(t.Context(), m.MissionID)
		return err == nil && got.Status == contracts.StatusInProgress
	})
	s.flush()
	s.eventually(2*time.Minute, "it is back, and its second attempt has failed", func() bool {
		got, err := s.Get(t.Context(), m.MissionID)
		if err != nil || got.Degraded || got.Status != contracts.StatusFailed {
			return false
		}
		if got.Attempt != 2 || got.Retry == nil || *got.Retry != *m.Retry {
			t.Errorf("adopted as %+v, with retries %+v, want %+v", got.Mission, got.Retry, m.Retry)
		}
		return true
	})
}
