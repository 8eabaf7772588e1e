package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// half is a store in whose Redis half a transaction was carried out (ADR 17), or somebody's hand was.
type half struct {
	*testing.T
	*redisstore.Store
	client rueidis.Client
}

func newHalf(t *testing.T) half {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	await(t, "redis is there", works(t, s))
	return half{T: t, Store: s, client: client(t, url)}
}

func (h half) do(command ...string) {
	h.Helper()
	if err := h.client.Do(context.Background(), h.client.B().Arbitrary(command...).Build()).Error(); err != nil {
		h.Fatal(err)
	}
}

// raw is a mission's id as Redis has it.
func raw(id string) string {
	b := uuid.MustParse(id)
	return string(b[:])
}

// ghost is the id of no mission, older than all there are.
func ghost() string { return "\x01" + raw(uuid.NewString())[1:] }

func (h half) commit(c store.Change) store.Outcome {
	h.Helper()
	outcomes, err := h.Commit(context.Background(), c)
	if err != nil {
		h.Fatal(err)
	}
	return outcomes[0]
}

func (h half) wantGate(key string, admitted, waiting int) {
	h.Helper()
	got, err := h.Gates(context.Background(), key)
	if err != nil || got[0] != (store.Gate{Admitted: admitted, Waiting: waiting}) {
		h.Errorf("the gate of %s is %+v, %v; want %d and %d", key, got, err, admitted, waiting)
	}
}

func (h half) keyed(key string) store.Change {
	c := newMission()
	c.Record.Mission.ConcurrencyKey, c.Due, c.DueAt = key, store.DueSet, contracts.At(time.Now().Add(-time.Minute))
	return c
}

func ended(c store.Change) store.Change {
	c.IfVersion, c.Due, c.Record.Mission.Status = 1, store.DueDrop, contracts.StatusCompleted
	return c
}

// A unique key is not taken for ever by a mission that is not there, or has ended.
func TestAKeyOfNobodyIsFree(t *testing.T) {
	h := newHalf(t)
	unique := func(key string) store.Change {
		c := newMission()
		c.Record.Mission.UniqueKey = key
		return c
	}
	over := newMission()
	over.Record.Mission.Status = contracts.StatusFailed
	h.commit(over)
	for key, holder := range map[string]string{"a": ghost(), "b": raw(over.Record.Mission.MissionID)} {
		h.do("SET", "{mc:0}:u:"+key, holder)
		first, second := unique(key), unique(key)
		if o := h.commit(first); o.Code != store.Applied {
			t.Errorf("%+v", o)
		}
		if o := h.commit(second); o.Code != store.Taken || o.Holder != first.Record.Mission.MissionID {
			t.Errorf("%+v", o)
		}
		h.commit(ended(first))
		h.do("SET", "{mc:0}:u:"+key, holder)
		outcomes, err := h.CreateAll(context.Background(), nil, newMission(), second)
		if err != nil || outcomes[1].Code != store.Applied {
			t.Errorf("%+v, %v", outcomes, err)
		}
		if o := h.commit(unique(key)); o.Code != store.Taken || o.Holder != second.Record.Mission.MissionID {
			t.Errorf("%+v", o)
		}
	}
}

// A place at a gate is not kept for ever by a mission that is not there.
func TestAPlaceOfNobodyIsFree(t *testing.T) {
	h, ctx := newHalf(t), context.Background()
	h.do("ZADD", "{mc:0}:g:one", "0", ghost())
	if o := h.commit(h.keyed("one")); o.Dispatch == 0 {
		t.Errorf("%+v", o)
	}
	h.wantGate("one", 1, 0)

	h.do("ZADD", "{mc:0}:g:many", "0", ghost(), "0", ghost())
	outcomes, err := h.CreateAll(ctx, nil, h.keyed("many"), h.keyed("many"), h.keyed("many"))
	if err != nil || outcomes[0].Dispatch == 0 || outcomes[1].Dispatch != 0 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	h.wantGate("many", 1, 2)

	first, second := h.keyed("line"), h.keyed("line")
	h.commit(first)
	h.do("ZADD", "{mc:0}:g:line", "1", ghost())
	h.commit(second)
	if o := h.commit(ended(first)); o.Code != store.Applied {
		t.Errorf("%+v", o)
	}
	if _, err := h.TakeDue(ctx, 100, time.Hour); err != nil {
		t.Fatal(err)
	}
	h.wantGate("line", 1, 0)

	first, second = h.keyed("opened"), h.keyed("opened")
	h.commit(first)
	h.commit(second)
	h.do("DEL", "{mc:0}:m:"+raw(first.Record.Mission.MissionID))
	if err := h.OpenGate(ctx, "opened"); err != nil {
		t.Fatal(err)
	}
	waits, err := h.WaitsAtGate(ctx, "opened", second.Record.Mission.MissionID)
	if err != nil || waits {
		t.Errorf("waits: %v, %v", waits, err)
	}
}
