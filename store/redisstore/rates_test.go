package redisstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

func TestRatesAreOfTheLastFullMinute(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url})
	c := client(t, url)
	ctx := context.Background()
	step := func() int64 {
		now, err := s.Now(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return now.Unix() / 10
	}
	for {
		emptied(t)
		settle(t, s)
		began := step()
		// Each step has its own power of ten, so that the sum tells which ones were counted.
		for i, n := int64(-8), int64(1); i <= 0; i, n = i+1, n*10 {
			key := fmt.Sprintf("{mc:0}:rate:%d", began+i)
			set := c.B().Hset().Key(key).FieldValue().FieldValue("c", fmt.Sprint(n)).FieldValue("d", fmt.Sprint(2*n)).
				FieldValue("f", fmt.Sprint(3*n)).Build()
			if err := c.Do(ctx, set).Error(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if step() != began {
			continue // a step ended meanwhile
		}
		if got.CreatedPerMinute != 11111100 || got.CompletedPerMinute != 22222200 || got.FailedPerMinute != 33333300 {
			t.Errorf("%+v", got)
		}
		return
	}
}

func TestRatesAreCountedAndExpire(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url})
	c := client(t, url)
	ctx := context.Background()
	for _, status := range []contracts.Status{contracts.StatusCompleted, contracts.StatusFailed, contracts.StatusFailed, contracts.StatusCancelled} {
		change := newMission()
		if _, err := commit(t, s, change); err != nil {
			t.Fatal(err)
		}
		change.IfVersion, change.Record.Mission.Status = 1, status
		if _, err := commit(t, s, change); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := c.Do(ctx, c.B().Keys().Pattern("{mc:0}:rate:*").Build()).AsStrSlice()
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	sum := map[string]int64{}
	for _, key := range keys {
		counts, err := c.Do(ctx, c.B().Hgetall().Key(key).Build()).AsIntMap()
		if err != nil {
			t.Fatal(err)
		}
		for field, n := range counts {
			sum[field] += n
		}
		left, err := c.Do(ctx, c.B().Pttl().Key(key).Build()).AsInt64()
		if err != nil || left <= 0 || left > (2*time.Minute).Milliseconds() {
			t.Errorf("%s expires in %d ms, %v", key, left, err)
		}
	}
	if sum["c"] != 4 || sum["d"] != 1 || sum["f"] != 2 {
		t.Errorf("%v", sum)
	}
}
