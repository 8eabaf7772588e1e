package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestThreeShards: missions spread over three shards of Redis are listed, claimed, ended, and run again elsewhere when their soldier
// is killed, and then Redis is, and a commander.
func TestThreeShards(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers, c.Env = 2, []string{"COMMANDER_REDIS_SHARDS=3"} })
	var ids []string
	for i := range 8 {
		ids = append(ids, s.submit(fmt.Sprint("long ", i), "3"))
	}
	for i := range 24 {
		ids = append(ids, s.submit(fmt.Sprint("short ", i), "0"))
	}
	shards := map[uint64]bool{}
	for _, id := range ids {
		last, err := strconv.ParseUint(id[len(id)-2:], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		shards[last%64] = true // the last six bits
	}
	if len(shards) != 3 {
		t.Fatalf("32 missions lie in shards %v, want 3", shards)
	}
	s.eventually(time.Minute, "some in progress", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && stats.Counts[contracts.StatusInProgress] > 0
	})
	soldier := s.Part(localstack.SoldierName(1))
	if err := soldier.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{localstack.Redis, localstack.Commander} {
		part := s.Part(name)
		if err := part.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := part.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted)
	}
	listed := map[string]bool{}
	last := ""
	for m, err := range s.List(t.Context(), client.ListOptions{PageSize: 5}) {
		if err != nil {
			t.Fatal(err)
		}
		if last != "" && m.MissionID >= last {
			t.Errorf("mission %s is listed behind %s", m.MissionID, last)
		}
		last, listed[m.MissionID] = m.MissionID, true
	}
	if len(listed) != len(ids) {
		t.Errorf("%d missions are listed, want %d", len(listed), len(ids))
	}
}
