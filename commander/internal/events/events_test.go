package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counts is an Observer.
type counts struct{ open, resets atomic.Int64 }

func (c *counts) StreamOpened()      { c.open.Add(1) }
func (c *counts) StreamClosed()      { c.open.Add(-1) }
func (c *counts) StreamReset(string) { c.resets.Add(1) }

// flaky is a memstore whose calls fail while it is told so.
type flaky struct {
	*memstore.Store
	noLoad, noLog atomic.Bool
}

func (f *flaky) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	if f.noLoad.Load() {
		return nil, store.ErrUnavailable
	}
	return f.Store.Peek(ctx, ids...)
}

func (f *flaky) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if f.noLog.Load() {
		return nil, store.ErrUnavailable
	}
	return f.Store.ReadEvents(ctx, after, limit, wait)
}

// connection is a client's end. It can stop reading, and break.
type connection struct {
	mu       sync.Mutex
	text     strings.Builder
	err      error
	blocked  chan struct{} // closed when a blocked client reads again; nil while it reads
	deadline chan struct{} // closed when a deadline in the past, or near, was set
}

func (c *connection) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	return c.text.Write(p)
}

func (c *connection) Flush() error {
	c.mu.Lock()
	blocked, deadline, err := c.blocked, c.deadline, c.err
	c.mu.Unlock()
	if blocked == nil || err != nil {
		return err
	}
	select {
	case <-blocked:
		return nil
	case <-deadline:
		return errors.New("i/o timeout")
	}
}

func (c *connection) set(edit func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	edit()
}

func (c *connection) got() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// world is a hub over a store, under fake time.
type world struct {
	t      *testing.T
	hub    *Hub
	store  *flaky
	counts *counts
	looks  atomic.Int64
	state  atomic.Int64 // what the topic shows
}

func inWorld(t *testing.T, cfg Config, test func(w *world)) { inWorldThatRemembers(t, cfg, nil, test) }

func inWorldThatRemembers(t *testing.T, cfg Config, memory Memory, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: &flaky{Store: memstore.New(memstore.Config{})}, counts: &counts{}}
		topic := Topic{Name: "stats", Look: func(context.Context) (Picture, error) {
			n := w.looks.Add(1)
			return Picture{JSON: fmt.Appendf(nil, `{"n":%d,"state":%d}`, n, w.state.Load()), Mark: fmt.Append(nil, w.state.Load())}, nil
		}}
		w.hub = New(cfg, Deps{Log: w.store, Loader: w.store, Memory: memory, Topics: []Topic{topic}, Observer: w.counts, Logger: zap.NewNop()})
		for range 2 {
			if err := w.hub.Start(t.Context()); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		test(w)
		for range 2 {
			if err := w.hub.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if n := w.counts.open.Load(); n != 0 {
			t.Errorf("%d streams are open after Stop", n)
		}
	})
}

// attach serves a client in the background.
func (w *world) attach(req Request) *connection {
	w.t.Helper()
	c := &connection{}
	if req.Topics == nil {
		req.Topics = []string{"stats"}
	}
	req.SetWriteDeadline = func(at time.Time) error {
		c.set(func() {
			if c.deadline != nil && time.Until(at) <= time.Second {
				close(c.deadline)
				c.deadline = nil
			}
		})
		return nil
	}
	s, err := w.hub.Attach(req)
	if err != nil {
		w.t.Fatal(err)
	}
	go s.Run(c)
	synctest.Wait()
	return c
}

func id(n int) string { return fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-%012d", n) }

// commit makes version v of mission n.
func (w *world) commit(n int, v int64) {
	w.t.Helper()
	out, err := w.store.Commit(context.Background(), store.Change{IfVersion: v - 1, Record: store.Record{Mission: contracts.Mission{
		MissionID: id(n), Name: "m", Status: contracts.StatusQueued, Payload: json.RawMessage(`{"secret":1}`),
	}}})
	if err != nil || out[0].Code != store.Applied {
		w.t.Fatalf("commit: %v %v", out, err)
	}
}

func (c *connection) wants(t *testing.T, parts ...string) {
	t.Helper()
	synctest.Wait()
	rest := c.got()
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Errorf("lacks %q, in order, in\n%s", p, c.got())
			return
		}
		rest = after
	}
}

func (c *connection) lacks(t *testing.T, part string) {
	t.Helper()
	synctest.Wait()
	if strings.Contains(c.got(), part) {
		t.Errorf("has %q:\n%s", part, c.got())
	}
}

func TestFrames(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{})
		c.wants(t, "retry: 1000\nid: 0\n\n", "event: stats\ndata: {\"n\":1,\"state\":0}\n\n")
		w.commit(1, 1)
		c.wants(t, "event: mission\nid: 1\ndata: {\"mission_id\":\""+id(1)+"\"", "}\n\n")
		c.lacks(t, "secret")
	})
}

func TestWhatIsRememberedIsNotLoaded(t *testing.T) {
	version := func(n int, v int64) store.Record {
		return store.Record{Mission: contracts.Mission{MissionID: id(n), Version: v, Status: contracts.StatusQueued, Name: "remembered"}}
	}
	for name, c := range map[string]struct {
		memory       Memory
		noLoad       bool
		wants, lacks string
	}{
		"the same version":     {func(string) (store.Record, bool) { return version(1, 1), true }, true, `"remembered"`, `"m"`},
		"a newer version":      {func(string) (store.Record, bool) { return version(1, 5), true }, true, `"version":5`, `"m"`},
		"an older version":     {func(string) (store.Record, bool) { return version(1, 0), true }, false, `"m"`, `"remembered"`},
		"nothing":              {func(string) (store.Record, bool) { return store.Record{}, false }, false, `"m"`, `"remembered"`},
		"what comes just then": {justThen(version(1, 1)), true, `"remembered"`, `"m"`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldThatRemembers(t, Config{}, c.memory, func(w *world) {
				client := w.attach(Request{})
				w.store.noLoad.Store(c.noLoad)
				w.commit(1, 1)
				time.Sleep(remembering + time.Millisecond)
				client.wants(t, c.wants)
				client.lacks(t, c.lacks)
			})
		})
	}
}

// justThen is a memory that lacks a mission when it is first asked.
func justThen(r store.Record) Memory {
	var asked atomic.Bool
	return func(string) (store.Record, bool) { return r, asked.Swap(true) }
}

func TestChangesOfABatchComeAsOne(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{})
		w.store.noLog.Store(true)
		time.Sleep(10 * time.Second) // the read under way ends
		for v := range int64(20) {
			w.commit(1, v+1)
			w.commit(2, v+1)
		}
		w.store.noLog.Store(false)
		time.Sleep(10 * time.Second)
		c.wants(t, "id: 39\n", `"version":20`, "id: 40\n", `"version":20`)
		if n := strings.Count(c.got(), "event: mission"); n != 2 {
			t.Errorf("%d frames:\n%s", n, c.got())
		}
	})
}

func TestBatchIsHeldUntilItsMissionsCanBeLoaded(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{})
		w.store.noLoad.Store(true)
		w.commit(1, 1)
		resumed := w.attach(Request{LastEventID: "0"})
		time.Sleep(time.Minute)
		c.lacks(t, "event: mission")
		c.wants(t, ": alive", ": alive", ": alive", ": alive", ": alive")
		w.commit(2, 1)
		w.store.noLoad.Store(false)
		time.Sleep(5 * time.Second)
		c.wants(t, id(1), id(2))
		resumed.wants(t, id(1), id(2))
	})
}

func TestSlowClientIsResetAndGoesOn(t *testing.T) {
	inWorld(t, Config{QueueLength: 3, WriteTimeout: time.Hour}, func(w *world) {
		slow, quick := w.attach(Request{}), w.attach(Request{})
		again := make(chan struct{})
		slow.set(func() { slow.blocked = again })
		for n := range 10 {
			w.commit(n, 1)
			synctest.Wait()
		}
		slow.set(func() { slow.blocked = nil })
		close(again)
		slow.wants(t, "event: reset\nid: 10\ndata: {\"reason\":\"slow\"}\n\n")
		w.commit(11, 1)
		slow.wants(t, "event: reset", id(11))
		quick.wants(t, id(0), id(5), id(9), id(11))
		quick.lacks(t, "reset")
		if n := w.counts.resets.Load(); n != 1 {
			t.Errorf("%d resets", n)
		}
	})
}

func TestOverflowDuringCatchUpResets(t *testing.T) {
	inWorld(t, Config{QueueLength: 3}, func(w *world) {
		w.commit(0, 1)
		w.store.noLoad.Store(true)
		c := w.attach(Request{LastEventID: "0"})
		for n := range 5 {
			w.commit(n+1, 1)
		}
		w.store.noLoad.Store(false)
		// Whichever comes first, the catch-up or the follower's batch that does not fit: nothing is lost silently.
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !strings.Contains(c.got(), "event: reset") {
			c.wants(t, id(0), id(1), id(2), id(3), id(4), id(5))
		}
	})
}

func TestNarrowedClientMovesOn(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{MissionID: id(1)})
		w.commit(2, 1)
		w.commit(1, 1)
		w.commit(2, 2)
		c.wants(t, "event: mission\nid: 2\n")
		time.Sleep(11 * time.Second)
		c.wants(t, ": alive\nid: 3\n\n")
		c.lacks(t, id(2))
		resumed := w.attach(Request{MissionID: id(1), LastEventID: "0"})
		resumed.wants(t, "event: mission\nid: 2\n")
		resumed.lacks(t, id(2))
	})
}

func TestTopicsAreLookedAtOnlyForSomebody(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		time.Sleep(time.Minute)
		if n := w.looks.Load(); n != 0 {
			t.Errorf("%d looks for nobody", n)
		}
		c := w.attach(Request{})
		d := w.attach(Request{})
		time.Sleep(10500 * time.Millisecond)
		if n := w.looks.Load(); n < 10 || n > 12 {
			t.Errorf("%d looks in 10.5 s for two clients", n)
		}
		if n := strings.Count(c.got(), "event: stats"); n != 1 {
			t.Errorf("sent %d times without a change", n)
		}
		w.state.Store(7)
		time.Sleep(time.Second)
		c.wants(t, `"state":0`, `"state":7`)
		d.wants(t, `"state":0`, `"state":7`)
		for _, x := range []*connection{c, d} {
			x.set(func() { x.err = errors.New("broken pipe") })
		}
		time.Sleep(11 * time.Second) // heartbeats find out
		if n := w.counts.open.Load(); n != 0 {
			t.Fatalf("%d streams are open", n)
		}
		w.state.Store(8)
		time.Sleep(time.Minute)
		looks := w.looks.Load()
		e := w.attach(Request{})
		// Not what was seen a minute ago.
		e.wants(t, fmt.Sprintf(`{"n":%d,"state":8}`, looks+1))
		e.lacks(t, `"state":7`)
	})
}

func TestNoOneListensNothingIsLoaded(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		w.store.noLoad.Store(true) // would hold the follower up
		for n := range 5 {
			w.commit(n, 1)
		}
		synctest.Wait()
		w.store.noLoad.Store(false)
		c := w.attach(Request{})
		c.wants(t, "id: 5\n")
		w.commit(6, 1)
		c.wants(t, id(6))
		c.lacks(t, id(4))
	})
}

func TestStopEndsStreamsThatAreStuck(t *testing.T) {
	inWorld(t, Config{WriteTimeout: time.Hour}, func(w *world) {
		stuck, idle := w.attach(Request{}), w.attach(Request{})
		stuck.set(func() { stuck.blocked, stuck.deadline = make(chan struct{}), make(chan struct{}) })
		w.commit(1, 1)
		idle.wants(t, id(1))
		began := time.Now()
		if err := w.hub.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("stop took %s", took)
		}
		if _, err := w.hub.Attach(Request{}); !errors.Is(err, ErrStopped) {
			t.Errorf("attach after Stop: %v", err)
		}
	})
}

func TestStopOfAHubThatNeverStarted(t *testing.T) {
	h := New(Config{}, Deps{Logger: zap.NewNop()})
	if err := h.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := h.Start(context.Background()); err != nil {
		t.Error(err)
	}
}
