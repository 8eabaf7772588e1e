package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// orderFor orders missions of a squad in one batch.
func (s *stack) orderFor(squad string, missions int, seconds string) []string {
	s.t.Helper()
	requests := make([]contracts.MissionRequest, missions)
	for i := range requests {
		requests[i] = contracts.MissionRequest{
			Name: fmt.Sprint(squad, " ", i), Squad: squad, Priority: []contracts.Priority{contracts.PriorityNormal, contracts.PriorityHigh}[i%2],
			Payload: []byte(`{"min_seconds":` + seconds + `,"max_seconds":` + seconds + `,"failure_rate":0}`),
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

// of counts a squad's missions of a status.
func (s *stack) of(squad string, status contracts.Status) int {
	s.t.Helper()
	page, err := s.ListPage(s.t.Context(), client.ListOptions{Squad: squad, Status: status, PageSize: contracts.MaxListLimit})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(page.Missions)
}

// TestSquads: two squads, a soldier for each and one for both. One is paused with orders at the broker and more missions behind
// them than its window, while a commander is killed and RabbitMQ loses all it has; then it goes on.
func TestSquads(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := run(t, func(c *localstack.Config) {
		c.PartEnv = map[string][]string{
			localstack.Commander:      {"COMMANDER_ORDERS_WINDOW=20"},
			localstack.SoldierName(1): {"SOLDIER_SQUADS=gpu", "SOLDIER_SLOTS=2"},
			localstack.SoldierName(2): {"SOLDIER_SQUADS=cpu", "SOLDIER_SLOTS=2"},
			localstack.SoldierName(3): {"SOLDIER_SQUADS=cpu,gpu", "SOLDIER_SLOTS=2"},
		}
	})
	squad := func(name string) client.Squad {
		t.Helper()
		q, err := s.Squad(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	if q := squad("gpu"); q.Soldiers != 2 || q.Slots != 4 || q.Paused {
		t.Errorf("%+v", q)
	}
	gpu, cpu := s.orderFor("gpu", 120, "0.2"), s.orderFor("cpu", 20, "0.2")
	for _, id := range cpu {
		if m := s.ends(id, contracts.StatusCompleted); m.SoldierID == localstack.SoldierName(1) {
			t.Errorf("soldier of gpu ran %+v", m.Mission)
		}
	}
	s.eventually(30*time.Second, "missions of gpu run", func() bool { return s.of("gpu", contracts.StatusCompleted) > 4 })

	asked := time.Now()
	if q, err := s.PauseSquad(t.Context(), "gpu"); err != nil || !q.Paused {
		t.Fatal(q, err)
	}
	s.eventually(15*time.Second, "the orders that were out are taken back, and nothing runs", func() bool {
		q := squad("gpu")
		return q.Ready != nil && *q.Ready == 0 && s.of("gpu", contracts.StatusInProgress) == 0
	})
	done := s.of("gpu", contracts.StatusCompleted)
	waiting := s.of("gpu", contracts.StatusQueued)
	t.Logf("%d missions of gpu ran, %d wait", done, waiting)
	if done+waiting != len(gpu) || waiting <= 40 {
		t.Fatalf("%d done and %d waiting of %d: too few wait to show anything", done, waiting, len(gpu))
	}
	for _, id := range s.orderFor("cpu", 4, "0") {
		s.ends(id, contracts.StatusCompleted)
	}

	if err := s.Part(localstack.Commander).Kill(); err != nil { // it is started again
		t.Fatal(err)
	}
	s.wipeRabbitMQ()
	s.awaitOK()
	gpu = append(gpu, s.orderFor("gpu", 4, "0")...)
	for _, id := range s.orderFor("cpu", 4, "0") {
		s.ends(id, contracts.StatusCompleted)
	}
	if n := s.of("gpu", contracts.StatusCompleted); n != done || !squad("gpu").Paused {
		t.Errorf("%d missions of gpu are completed, %d were when it was paused", n, done)
	}
	last, err := s.Get(t.Context(), gpu[len(gpu)-1])
	if err != nil || last.Status != contracts.StatusQueued || !strings.Contains(last.StatusReason, "squad gpu is paused") {
		t.Errorf("%+v, %v", last.Mission, err)
	}

	resumed := time.Now()
	if q, err := s.ResumeSquad(t.Context(), "gpu"); err != nil || q.Paused {
		t.Fatal(q, err)
	}
	for _, id := range gpu {
		m := s.ends(id, contracts.StatusCompleted)
		if m.SoldierID == localstack.SoldierName(2) || m.Attempt != 1 || m.Run != 1 || m.Losses != 0 {
			t.Errorf("%+v", m.Mission)
		}
		if m.StartedAt.After(asked.Add(2*time.Second)) && m.StartedAt.Before(resumed) {
			t.Errorf("mission %s started %v after the pause", id, m.StartedAt.Sub(asked))
		}
	}
	s.startedOnce(slices.Concat(gpu, cpu), began)
	if _, err := s.RemoveSquad(t.Context(), "gpu"); err == nil || !strings.Contains(err.Error(), "squad_in_use") {
		t.Errorf("a squad with soldiers is removed: %v", err)
	}
}
