package shardstore_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

// masters is how many there are, each with a third of the slots; clusterShards lie on all of them.
const (
	masters       = 3
	clusterShards = 8
)

// cluster is a Redis Cluster of masters alone.
type cluster struct {
	nodes []*redisserver.Server
}

// newCluster starts one, and returns when all of it says that it is well.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	redistest.Shared(t) // skips where there is no Redis
	c := &cluster{}
	var buses []string
	for range masters {
		// By default a node's bus has its port plus 10,000, which may be taken at any moment.
		port, err := freeport.Take()
		if err != nil {
			t.Fatal(err)
		}
		bus := strconv.Itoa(port)
		node, err := redisserver.Start(t.Context(), redisserver.Config{
			Dir: t.TempDir(), Args: []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", bus},
		})
		if err != nil {
			t.Fatal(err)
		}
		buses = append(buses, bus)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = node.Stop(ctx)
		})
		c.nodes = append(c.nodes, node)
	}
	const slots = 16384
	host, port, _ := strings.Cut(c.nodes[0].Addr(), ":")
	for i := range c.nodes {
		c.do(t, i, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		c.do(t, i, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(slots*i/masters), strconv.Itoa(slots*(i+1)/masters-1))
		if i > 0 {
			c.do(t, i, "CLUSTER", "MEET", host, port, buses[0])
		}
	}
	c.await(t)
	return c
}

// await returns when all nodes see all slots served.
func (c *cluster) await(t *testing.T) {
	t.Helper()
	for i := range c.nodes {
		for info := ""; !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprint("cluster_known_nodes:", masters)); {
			if err := t.Context().Err(); err != nil {
				t.Fatal(info, err)
			}
			time.Sleep(20 * time.Millisecond)
			info = c.do(t, i, "CLUSTER", "INFO")
		}
	}
}

func (c *cluster) do(t *testing.T, node int, command ...string) string {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{c.nodes[node].Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	reply, err := client.Do(context.Background(), client.B().Arbitrary(command...).Build()).ToAny()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return fmt.Sprint(reply)
}

func (c *cluster) flush(t *testing.T) {
	t.Helper()
	for i := range c.nodes {
		c.do(t, i, "FLUSHALL")
	}
}

func (c *cluster) url() string {
	return fmt.Sprintf("redis://%s?addr=%s&addr=%s", c.nodes[0].Addr(), c.nodes[1].Addr(), c.nodes[2].Addr())
}

// shardsOf returns the shards that a node has.
func (c *cluster) shardsOf(t *testing.T, node int) []int {
	t.Helper()
	var on []int
	for i := range clusterShards {
		slot, err := strconv.Atoi(c.do(t, 0, "CLUSTER", "KEYSLOT", fmt.Sprintf("{mc:%d}:due", i)))
		if err != nil {
			t.Fatal(err)
		}
		if slot*masters/16384 == node {
			on = append(on, i)
		}
	}
	return on
}

func TestConformanceOnACluster(t *testing.T) {
	c := newCluster(t)
	for i := range c.nodes {
		if len(c.shardsOf(t, i)) == 0 {
			t.Fatalf("no shard lies on master %d", i)
		}
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		c.flush(t)
		return redis(t, c.url(), clusterShards, redisstore.Config{})
	})
}

func TestAClusterIsWiped(t *testing.T) {
	c := newCluster(t)
	cfg := redisstore.Config{}
	storetest.RunWiped(t, redis(t, c.url(), clusterShards, cfg), redis(t, c.url(), clusterShards, cfg), func() { c.flush(t) })
}

// A master is killed under writers, and comes back: what was answered is there, once, and no event is missing.
func TestAMasterIsKilledAndComesBack(t *testing.T) {
	c := newCluster(t)
	s := redis(t, c.url(), clusterShards, redisstore.Config{Timeout: 2 * time.Second})
	gone := c.shardsOf(t, 1)[0]
	session := renew(t, s, "s")
	victim := queued(gone)
	commit(t, s, store.Applied, victim)
	commit(t, s, store.Applied, grant(t, s, missionID(victim), session.ID))

	var mu sync.Mutex
	made := map[string]bool{}
	failed := 0
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for i := range clusterShards {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				change := queued(i)
				o, err := s.Commit(t.Context(), change)
				mu.Lock()
				switch {
				case err == nil && o[0].Code == store.Applied:
					made[missionID(change)] = true
				case errors.Is(err, store.ErrUnavailable):
					failed++
				default:
					t.Errorf("%v, %v", o, err)
				}
				mu.Unlock()
			}
		})
	}
	await(t, "missions were made", func() bool { mu.Lock(); defer mu.Unlock(); return len(made) > 200 })
	if err := c.nodes[1].Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "a shard is away", func() bool { mu.Lock(); defer mu.Unlock(); return failed > 0 })
	if err := bury(t, s, session); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a burial without a shard: %v", err)
	}
	if err := c.nodes[1].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.await(t)
	await(t, "all shards are back", func() bool { _, err := s.Check(t.Context()); return err == nil })
	close(stop)
	writers.Wait()
	if failed == 0 {
		t.Error("nobody noticed")
	}

	for id := range made {
		if r := load(t, s, id); r.Mission.Version != 1 {
			t.Errorf("%s was answered, and is %+v", id, r)
		}
	}
	seen := map[string]int{}
	for after := ""; ; {
		events := read(t, s, after, 500)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			seen[e.MissionID]++
		}
		after = events[len(events)-1].ID
	}
	for id := range made {
		if seen[id] != 1 {
			t.Errorf("%d events of %s", seen[id], id)
		}
	}
	wantStatus(t, s, missionID(victim), contracts.StatusInProgress)
	again, err := s.Session(t.Context(), session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := bury(t, s, again); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, s, missionID(victim), contracts.StatusQueued)
}

// await returns when something has come true.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for !done() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("waited in vain: ", what)
		}
	}
}
