package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/drill"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// quiet is a drill's screen that tells the test's log what matters.
type quiet struct{ t *testing.T }

func (q quiet) Log(format string, args ...any) { q.t.Logf(format, args...) }
func (q quiet) Step(string, ...any)            {}
func (q quiet) Progress(drill.Progress)        {}

// drillThrough runs a drill of 200 short missions with reads beside, does harm meanwhile, and wants a clean verdict.
func drillThrough(t *testing.T, harm func(ctx context.Context, s *stack)) drill.Outcome {
	t.Helper()
	s := run(t, nil)
	c, err := client.New(client.Config{BaseURL: s.CommanderURL(), Retry: client.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	shortest, longest, rate := 2.0, 5.0, 0.1
	cfg := drill.Config{
		Missions: 200, Concurrency: 32, MinSeconds: &shortest, MaxSeconds: &longest, FailureRate: &rate,
		Deadline: 4 * time.Minute, ReadsPerSecond: 20, Journals: s.JournalDir(),
	}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		harm(t.Context(), s)
	}()
	out, err := drill.New(cfg, c, quiet{t}).Run(t.Context())
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if !out.OK {
		t.Fatalf("faults: %v", out.Faults)
	}
	if out.Missions.Completed+out.Missions.Failed != cfg.Missions {
		t.Fatalf("not all ended: %+v", out.Missions)
	}
	return out
}

// wait lets the drill go on for a while between two faults: it is the load that is tested, not the clock.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stopAndStart stops a server three times for a few seconds each.
func stopAndStart(part string) func(context.Context, *stack) {
	return func(ctx context.Context, s *stack) {
		for range 3 {
			wait(ctx, 2*time.Second)
			if err := s.Part(part).Stop(ctx); err != nil {
				s.t.Errorf("stop %s: %v", part, err)
			}
			wait(ctx, 2*time.Second)
			if err := s.Part(part).Start(ctx); err != nil {
				s.t.Errorf("start %s: %v", part, err)
			}
		}
	}
}

func TestRedisStoppedAndStarted(t *testing.T) {
	t.Parallel()
	out := drillThrough(t, stopAndStart(localstack.Redis))
	if out.Executions.MissionsRerun > 0 {
		t.Fatalf("run again although no soldier died: %v", out.Notes)
	}
}

func TestRabbitMQStoppedAndStarted(t *testing.T) {
	t.Parallel()
	out := drillThrough(t, stopAndStart(localstack.RabbitMQ))
	if out.Executions.MissionsRerun > 0 {
		t.Fatalf("run again although no soldier died: %v", out.Notes)
	}
}

func TestCommanderAndSoldierKilled(t *testing.T) {
	t.Parallel()
	drillThrough(t, func(ctx context.Context, s *stack) {
		for i := range 3 {
			wait(ctx, 4*time.Second)
			if err := s.Part(localstack.Commander).Kill(); err != nil {
				s.t.Errorf("kill the commander: %v", err)
			}
			if i == 1 {
				if err := s.Part(localstack.SoldierName(2)).Kill(); err != nil {
					s.t.Errorf("kill a soldier: %v", err)
				}
			}
		}
	})
}
