package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// submitKeyed orders missions of a concurrency key in one batch.
func (s *stack) submitKeyed(key, seconds string, missions int) []string {
	s.t.Helper()
	requests := make([]contracts.MissionRequest, missions)
	for i := range requests {
		requests[i] = contracts.MissionRequest{
			Name: fmt.Sprint(key, " ", i), ConcurrencyKey: key,
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

// span is for how long a mission was somebody's.
type span struct{ from, to time.Time }

// spans returns when a mission was granted, and when that was over, by its history: once for each soldier that had it.
func (s *stack) spans(id string) []span {
	s.t.Helper()
	h, err := s.History(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []span
	for _, l := range h.Lines {
		switch {
		case l.Refused:
		case l.Cause == contracts.CauseGranted:
			all = append(all, span{from: l.RecordedAt.Time})
		case len(all) > 0 && all[len(all)-1].to.IsZero():
			all[len(all)-1].to = l.RecordedAt.Time
		}
	}
	return all
}

// most returns how many of some spans overlap at most.
func most(spans []span) int {
	type step struct {
		at time.Time
		by int
	}
	var steps []step
	for _, x := range spans {
		steps = append(steps, step{x.from, 1}, step{x.to, -1})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.by, b.by)) })
	n, high := 0, 0
	for _, x := range steps {
		n += x.by
		high = max(high, n)
	}
	return high
}

// TestConcurrencyKeys: of 30 missions of a key two run at once at eight slots, also while a soldier dies, and all are carried out; 20
// of another key start at five in a second. Then three of the squad run at once, two of them of the key, until the limit is removed.
func TestConcurrencyKeys(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) {
		c.Soldiers, c.PartEnv = 2, map[string][]string{
			localstack.SoldierName(1): {"SOLDIER_SLOTS=4"}, localstack.SoldierName(2): {"SOLDIER_SLOTS=4"},
		}
	})
	ctx := t.Context()
	for key, l := range map[string]contracts.Limit{
		"two": {MaxRunning: 2}, "rated": {MaxRunning: 100, Rate: &contracts.Rate{Starts: 5, PeriodSeconds: 1}},
	} {
		if _, err := s.SetLimit(ctx, key, l); err != nil {
			t.Fatal(err)
		}
	}
	two := s.submitKeyed("two", "0.3", 30)
	last, err := s.Get(ctx, two[29])
	if err != nil || last.StatusReason != `waits for its concurrency key "two": limit 2 reached` {
		t.Errorf("the last one: %+v, %v", last.Mission, err)
	}
	rated := s.submitKeyed("rated", "0", 20)
	s.eventually(10*time.Second, "a soldier has one of the key", func() bool {
		for _, id := range two {
			if m, err := s.Get(ctx, id); err == nil && m.Status == contracts.StatusInProgress && m.SoldierID == localstack.SoldierName(1) {
				return true
			}
		}
		return false
	})
	if err := s.Part(localstack.SoldierName(1)).Kill(); err != nil {
		t.Fatal(err)
	}
	var spans, starts []span
	for _, id := range rated {
		s.ends(id, contracts.StatusCompleted)
		starts = append(starts, s.spans(id)...)
	}
	lost := 0
	for _, id := range two {
		lost += s.ends(id, contracts.StatusCompleted).Losses
		spans = append(spans, s.spans(id)...)
	}
	if n := most(spans); n != 2 {
		t.Errorf("%d missions of the key ran at once, want 2", n)
	}
	t.Logf("%d missions were lost with the soldier", lost)
	slices.SortFunc(starts, func(a, b span) int { return a.from.Compare(b.from) })
	// Five start at once, and then one every 200 ms. An admission comes before its grant, by some time.
	if took := starts[19].from.Sub(starts[0].from); took < 2500*time.Millisecond {
		t.Errorf("20 missions started within %v, want 3 s", took)
	}
	k, err := s.Limit(ctx, "two")
	if err != nil || k.Admitted != 0 || k.Waiting != 0 || k.MaxRunning != 2 {
		t.Errorf("afterwards: %+v, %v", k, err)
	}
	s.squadLimit()
}

// squadLimit: of missions of the default squad, some with the key "two", three run at once; without the limit more do.
func (s *stack) squadLimit() {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	if q, err := s.LimitSquad(ctx, contracts.DefaultSquad, 3); err != nil || q.Limits == nil || q.Limits.MaxRunning != 3 {
		t.Fatal(q, err)
	}
	limited := append(s.orderFor(contracts.DefaultSquad, 12, "0.2"), s.submitKeyed("two", "0.2", 4)...)
	last, err := s.Get(ctx, limited[11])
	if err != nil || last.StatusReason != "waits for its squad default: limit 3 reached" {
		t.Errorf("the last one of the squad: %+v, %v", last.Mission, err)
	}
	var spans []span
	for _, id := range limited {
		s.ends(id, contracts.StatusCompleted)
		spans = append(spans, s.spans(id)...)
	}
	if n := most(spans); n != 3 {
		t.Errorf("%d missions of the squad ran at once, want 3", n)
	}
	free := s.orderFor(contracts.DefaultSquad, 16, "0.5")
	q, err := s.UnlimitSquad(ctx, contracts.DefaultSquad)
	if err != nil || q.Limits != nil {
		t.Error(q, err)
	}
	spans = nil
	for _, id := range free {
		s.ends(id, contracts.StatusCompleted)
		spans = append(spans, s.spans(id)...)
	}
	if n := most(spans); n <= 3 {
		t.Errorf("%d missions ran at once without a limit, want more than 3", n)
	}
}
