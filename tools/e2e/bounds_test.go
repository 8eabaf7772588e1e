package e2e

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestMissionsAreBounded: one at a time for a unique key, and over at their deadline, whether they wait or run.
func TestMissionsAreBounded(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers, c.Headless = 1, true })
	bounded := func(name, payload string, deadline int, edit func(*contracts.MissionRequest)) contracts.MissionRequest {
		r := contracts.MissionRequest{Name: name, Payload: []byte(payload), DeadlineSeconds: &deadline, MaxAttempts: 5}
		if edit != nil {
			edit(&r)
		}
		return r
	}
	const quick, long, fails = `{"min_seconds":0,"max_seconds":0,"failure_rate":0}`, `{"min_seconds":60,"max_seconds":60,"failure_rate":0}`,
		`{"min_seconds":0,"max_seconds":0,"failure_rate":1}`
	hour := 3600
	unique := func(r *contracts.MissionRequest) { r.UniqueKey = "nightly report" }

	runs := s.order(bounded("runs", long, 5, unique), client.SubmitOptions{}).Mission
	waits := s.order(bounded("waits", quick, 3, func(r *contracts.MissionRequest) { r.Kind = "nobody-has-it" }), client.SubmitOptions{}).Mission
	retried := s.order(bounded("retried", fails, 60, func(r *contracts.MissionRequest) {
		r.Retry = &contracts.RetryRequest{DelaySeconds: &hour, MaxDelaySeconds: &hour}
	}), client.SubmitOptions{}).Mission

	second := bounded("second", quick, 60, unique)
	_, err := s.Submit(t.Context(), second, client.SubmitOptions{})
	if by, taken := client.TakenBy(err); !taken || by != runs.MissionID {
		t.Errorf("a second one: %v", err)
	}
	_, err = s.SubmitBatch(t.Context(), []contracts.MissionRequest{bounded("other", quick, 60, nil), second}, client.SubmitOptions{})
	if by, taken := client.TakenBy(err); !taken || by != runs.MissionID {
		t.Errorf("a batch with a second one: %v", err)
	}

	for _, m := range []contracts.Mission{runs, waits, retried} {
		got := s.ends(m.MissionID, contracts.StatusFailed)
		const slack = 100 * time.Millisecond // between the clocks of Redis and the commander, and of a claim under way
		early := got.FinishedAt.Before(m.DeadlineAt.Add(-slack)) && m.MissionID != retried.MissionID
		if got.Error == nil || got.Error.Code != contracts.ErrorCodeDeadline || got.Attempt != 1 || early {
			t.Errorf("%s ended %v after its deadline: %+v, %+v", m.Name, got.FinishedAt.Sub(m.DeadlineAt.Time), got.Mission, got.Error)
		}
	}
	next := s.order(second, client.SubmitOptions{}) // the key is free
	s.ends(next.MissionID, contracts.StatusCompleted)
	_, err = s.Retry(t.Context(), waits.MissionID)
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != http.StatusConflict {
		t.Errorf("a retry after the deadline: %v", err)
	}
}
