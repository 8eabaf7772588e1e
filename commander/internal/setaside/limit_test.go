package setaside

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// TestLargeMessages end a call sooner, and it says so. What is dropped makes way for the next.
func TestLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := topology.Default()
		client := membroker.New().Connect(membroker.Config{Topology: &all})
		defer client.Close(context.Background()) //nolint:errcheck // nothing to save
		shelf := New(client, func(Action, int) {}, zap.NewNop())
		if shelf.limit != (broker.BrowseLimit{Messages: 10_000, Bytes: 256 << 20}) {
			t.Errorf("a call looks at %+v", shelf.limit)
		}
		shelf.limit.Bytes = 1000
		for range 5 {
			m := broker.Message{Body: []byte(strings.Repeat("x", 300)), Headers: map[string]string{"reason": "failed"}}
			if err := client.Publish(t.Context(), topology.SubmissionsRefused, m); err != nil {
				t.Fatal(err)
			}
		}
		f := Filter{Queue: topology.SubmissionsRefused}
		l, err := shelf.List(t.Context(), f, 100)
		if err != nil || len(l.Messages) != 4 || l.Complete || len(l.Counts) != 1 || l.Counts[0].Messages != 4 {
			t.Errorf("list: %d messages, complete %v, counts %+v, %v", len(l.Messages), l.Complete, l.Counts, err)
		}
		synctest.Wait() // what was on loan is back
		for _, want := range []Done{{Messages: 4}, {Messages: 1, Complete: true}} {
			if done, err := shelf.Act(t.Context(), Drop, f); err != nil || done != want {
				t.Errorf("drop: %+v, %v, want %+v", done, err, want)
			}
			synctest.Wait()
		}
	})
}
