package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestAScheduleOrdersEachRunOnce: with two commanders, of which one and then the other is killed meanwhile. ./task test:schedules has it
// last for five minutes.
func TestAScheduleOrdersEachRunOnce(t *testing.T) {
	t.Parallel()
	every, runs, kills := 1, 10, 2
	if os.Getenv("MISSION_CONTROL_SCHEDULES") != "" {
		every, runs, kills = 5, 60, 20
	}
	s := run(t, nil)
	other, two := s.second()
	ctx := t.Context()
	made, err := two.PutSchedule(ctx, "patrol", contracts.ScheduleRequest{
		EverySeconds: every,
		Mission:      contracts.MissionRequest{Name: "patrol", Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var last contracts.Schedule
	at := func() int { // how many runs are over
		for _, c := range []*client.Client{s.Client, two} { // one of the commanders may be dead
			if now, err := c.Schedule(ctx, "patrol"); err == nil && now.LastAt.After(last.LastAt.Time) {
				last = now.Schedule
			}
		}
		if last.LastAt.IsZero() {
			return 0
		}
		return 1 + int(last.LastAt.Sub(made.NextAt.Time)/time.Second)/every
	}
	for kill := range kills {
		n := (kill + 1) * runs / (kills + 1)
		s.eventually(time.Minute, "the next runs", func() bool { return at() >= n })
		victim := s.Part(localstack.Commander)
		if kill%2 == 1 {
			victim = other
		}
		if err := victim.Kill(); err != nil { // it is started again
			t.Error(err)
		}
	}
	s.eventually(2*time.Minute, "all runs", func() bool { return at() >= runs })
	s.awaitOK()

	there := map[int64]contracts.Mission{}
	var latest time.Duration
	for m, err := range s.List(ctx, client.ListOptions{Label: contracts.Label{Key: contracts.ScheduleLabel, Value: "patrol"}}) {
		if err != nil {
			t.Fatal(err)
		}
		run, _ := contracts.MissionCreated(m.MissionID)
		if _, twice := there[run.Unix()]; twice {
			t.Errorf("two missions for %v", run)
		}
		there[run.Unix()] = m
		latest = max(latest, m.CreatedAt.Sub(run))
	}
	for n := range runs {
		run := made.NextAt.Add(time.Duration(n*every) * time.Second)
		m, ok := there[run.Unix()]
		if !ok {
			t.Errorf("run %d, of %v, has no mission", n+1, run)
			continue
		}
		if ended := s.ends(m.MissionID, contracts.StatusCompleted); ended.Run != 1 {
			t.Errorf("mission %s had %d runs", m.MissionID, ended.Run)
		}
	}
	t.Logf("%d runs every %d s, %d kills: each once, none later than %v", runs, every, kills, latest)
	if latest > 5*time.Second {
		t.Errorf("one was ordered %v late", latest)
	}
	if err := s.DeleteSchedule(ctx, "patrol"); err != nil {
		t.Error(err)
	}
}
