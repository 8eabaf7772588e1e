package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// submitAll orders missions of a priority, of 0.2 s each, in one batch.
func (s *stack) submitAll(p contracts.Priority, missions int) []string {
	s.t.Helper()
	requests := make([]contracts.MissionRequest, missions)
	for i := range requests {
		requests[i] = contracts.MissionRequest{
			Name: fmt.Sprint(p, " ", i), Priority: p, Payload: []byte(`{"min_seconds":0.2,"max_seconds":0.2,"failure_rate":0}`),
		}
	}
	batch, err := s.SubmitBatch(s.t.Context(), requests, client.SubmitOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	ids := make([]string, missions)
	for i, m := range batch.Missions {
		ids[i] = m.MissionID
	}
	return ids
}

// ended returns those that are COMPLETED.
func (s *stack) ended(ids []string) []contracts.Mission {
	s.t.Helper()
	var done []contracts.Mission
	for _, id := range ids {
		m, err := s.Get(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		if m.Status == contracts.StatusCompleted {
			done = append(done, m.Mission)
		}
	}
	return done
}

// startedIn counts missions that started from one moment to another.
func startedIn(missions []contracts.Mission, from, to time.Time) int {
	n := 0
	for _, m := range missions {
		if m.StartedAt.After(from) && m.StartedAt.Before(to) {
			n++
		}
	}
	return n
}

// TestHighMissionsOvertakeABacklog of low ones at one soldier with two slots; and while they keep coming, low ones go on.
func TestHighMissionsOvertakeABacklog(t *testing.T) {
	began := time.Now()
	s := run(t, func(c *localstack.Config) {
		c.Soldiers, c.PartEnv = 1, map[string][]string{localstack.SoldierName(1): {"SOLDIER_SLOTS=2"}}
	})
	low := s.submitAll(contracts.PriorityLow, 200)
	s.eventually(30*time.Second, "low missions run", func() bool { return len(s.ended(low[:20])) > 4 })

	high := s.submitAll(contracts.PriorityHigh, 5)
	accepted, last := time.Now(), time.Time{}
	for _, id := range high {
		s.ends(id, contracts.StatusCompleted)
	}
	for _, m := range s.ended(high) {
		if m.FinishedAt.After(last) {
			last = m.FinishedAt.Time
		}
	}
	n := startedIn(s.ended(low), accepted, last)
	t.Logf("%d low missions started while 5 high ones waited and ran, for %v", n, last.Sub(accepted))
	if n >= 30 {
		t.Errorf("%d low missions started before 5 high ones had ended", n)
	}

	stream := s.submitAll(contracts.PriorityHigh, 100)
	accepted, last = time.Now(), time.Time{}
	for _, id := range stream {
		s.ends(id, contracts.StatusCompleted)
	}
	for _, m := range s.ended(stream) {
		if m.FinishedAt.After(last) {
			last = m.FinishedAt.Time
		}
	}
	n = startedIn(s.ended(low), accepted, last)
	t.Logf("%d low missions started beside 100 high ones, for %v", n, last.Sub(accepted))
	if n < 6 || n > 30 {
		t.Errorf("%d low missions started beside 100 high ones, want about 12", n)
	}

	normal := s.submitAll(contracts.PriorityNormal, 3)
	for _, id := range append(normal, low...) {
		s.ends(id, contracts.StatusCompleted)
	}
	ids := append(append(append(high, stream...), normal...), low...)
	s.startedOnce(ids, began)
}
