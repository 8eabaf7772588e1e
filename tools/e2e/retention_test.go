package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// keysInRedis asks Redis how many keys it has.
func (s *stack) keysInRedis() int {
	s.t.Helper()
	answer := s.redis("DBSIZE")
	n, err := strconv.Atoi(strings.TrimPrefix(answer, ":"))
	if err != nil {
		s.t.Fatalf("DBSIZE: %q", answer)
	}
	return n
}

// TestFinishedMissionsAreRemoved: of 5,000 missions that were carried out the newest 100 stay, while others go on, and their keys
// are gone from Redis, too.
func TestFinishedMissionsAreRemoved(t *testing.T) {
	t.Parallel()
	const missions, keep = 5000, 100
	s := run(t, func(c *localstack.Config) { c.Env = []string{"COMMANDER_KEEP_COMPLETED_COUNT=" + strconv.Itoa(keep)} })
	empty := s.keysInRedis()
	var first, last string
	for range missions / contracts.MaxBatchMissions {
		requests := make([]contracts.MissionRequest, contracts.MaxBatchMissions)
		for i := range requests {
			requests[i] = contracts.MissionRequest{
				Name: fmt.Sprint("mission ", i), Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`),
				Labels: map[string]string{"number": strconv.Itoa(i)},
			}
		}
		batch, err := s.SubmitBatch(t.Context(), requests, client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = batch.Missions[0].MissionID
		}
		last = batch.Missions[len(batch.Missions)-1].MissionID
	}
	long := s.submit("goes on", "20")
	s.eventually(2*time.Minute, "all are carried out, and the newest stay", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && stats.Counts[contracts.StatusCompleted] == keep && stats.Counts[contracts.StatusQueued] == 0 &&
			stats.Counts[contracts.StatusInProgress] <= 1
	})
	s.ends(last, contracts.StatusCompleted)
	if m, err := s.Get(t.Context(), first); err == nil {
		t.Errorf("the first is still there: %+v", m)
	}
	s.ends(long, contracts.StatusCompleted) // it was in progress meanwhile
	// A mission is a key, and its label one. What else comes and goes are rates, sessions and the like.
	if n := s.keysInRedis(); n > empty+2*keep+50 {
		t.Errorf("Redis has %d keys, had %d before; %d missions are kept", n, empty, keep)
	}
	listed := 0
	for _, err := range s.List(t.Context(), client.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
	}
	if listed > keep+1 {
		t.Errorf("%d are listed, want %d", listed, keep)
	}
}
