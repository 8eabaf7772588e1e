package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// batch are requests for missions of no length, under a label.
func batch(n int, label string) []contracts.MissionRequest {
	rs := make([]contracts.MissionRequest, n)
	for i := range rs {
		rs[i] = contracts.MissionRequest{
			Name: fmt.Sprintf("Sortie %03d", i), Labels: map[string]string{"batch": label},
			Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`),
		}
	}
	return rs
}

// listed are the ids of all missions that fit.
func (s *stack) listed(o client.ListOptions) []string {
	s.t.Helper()
	var ids []string
	for m, err := range s.List(s.t.Context(), o) {
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, m.MissionID)
	}
	return ids
}

func TestBatchLabelsSearchAndRetry(t *testing.T) {
	t.Parallel()
	s := run(t, nil)
	ctx := t.Context()
	key := client.SubmitOptions{IdempotencyKey: "sorties"}
	first, err := s.SubmitBatch(ctx, batch(200, "a"), key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.SubmitBatch(ctx, batch(200, "a"), key)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, m := range first.Missions {
		ids = append([]string{m.MissionID}, ids...)
		if again.Missions[i].MissionID != m.MissionID {
			t.Fatalf("mission %d was another one the second time", i)
		}
	}
	var refused *client.Problem
	if _, err := s.SubmitBatch(ctx, batch(199, "a"), key); !errors.As(err, &refused) || refused.Code != "idempotency_key_reused" {
		t.Errorf("another body: %v", err)
	}
	bad := batch(3, "bad")
	bad[2].Name = ""
	if _, err := s.SubmitBatch(ctx, bad, client.SubmitOptions{}); !errors.As(err, &refused) || refused.Errors[0].Field != "missions[2].name" {
		t.Errorf("a bad mission: %v", err)
	}
	label := contracts.Label{Key: "batch", Value: "a"}
	s.eventually(2*time.Minute, "all are COMPLETED", func() bool {
		return len(s.listed(client.ListOptions{Label: label, Status: contracts.StatusCompleted})) == len(ids)
	})
	for _, o := range []client.ListOptions{{}, {Label: label, PageSize: 7}, {Search: "sortie", PageSize: 50}} {
		if got := s.listed(o); !slices.Equal(got, ids) {
			t.Errorf("%+v: %d missions, want the %d of the batch, the last one first", o, len(got), len(ids))
		}
	}
	for search, want := range map[string]string{"SORTIE 007": ids[192], ids[5]: ids[5]} {
		if got := s.listed(client.ListOptions{Search: search, Label: label}); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v, want %s", search, got, want)
		}
	}
	s.retried()
	s.readable(s.CommanderURL() + "/docs")
}

// retried has a mission fail, sends it out again, and then tries what can't be.
func (s *stack) retried() {
	s.t.Helper()
	ctx := s.t.Context()
	m, err := s.Submit(ctx, contracts.MissionRequest{
		Name: "fails", Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":1}`),
	}, client.SubmitOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ends(m.MissionID, contracts.StatusFailed)
	for attempt := 2; attempt <= 3; attempt++ {
		queued, err := s.Retry(ctx, m.MissionID)
		if err != nil || queued.Status != contracts.StatusQueued || queued.Attempt != attempt {
			s.t.Fatalf("retry: %+v, %v", queued, err)
		}
		if got := s.ends(m.MissionID, contracts.StatusFailed); got.Attempt != attempt || got.MaxAttempts != attempt || got.Run != int64(attempt) {
			s.t.Errorf("after the retry: attempt %d of %d, run %d", got.Attempt, got.MaxAttempts, got.Run)
		}
	}
	h, err := s.History(ctx, m.MissionID)
	if err != nil {
		s.t.Fatal(err)
	}
	retries := slices.DeleteFunc(h.Lines, func(l contracts.HistoryLine) bool { return l.Cause != contracts.CauseOperatorRetry })
	if len(retries) != 2 {
		s.t.Errorf("history: %+v", h.Lines)
	}
	var refused *client.Problem
	done := s.submit("completes", "0")
	s.ends(done, contracts.StatusCompleted)
	if _, err := s.Retry(ctx, done); !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		s.t.Errorf("retry of a COMPLETED mission: %v", err)
	}
	if err := s.Part(localstack.Redis).Stop(ctx); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Retry(ctx, m.MissionID); !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		s.t.Errorf("retry without Redis: %v", err)
	}
	if err := s.Part(localstack.Redis).Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.awaitOK()
	if _, err := s.Retry(ctx, m.MissionID); err != nil {
		s.t.Errorf("retry once Redis is back: %v", err)
	}
	s.ends(m.MissionID, contracts.StatusFailed)
}

// readable wants the page of the contract there.
func (s *stack) readable(url string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), "/missions/batch") {
		s.t.Errorf("%s: %d, %v, %.100s", url, res.StatusCode, err, body)
	}
}
